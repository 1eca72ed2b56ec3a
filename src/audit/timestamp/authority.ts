import { createHash, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Agent } from 'undici';
import { SealdropError } from '../../errors.js';
import { timeStampRequest } from '../../smime/timestamp/request.js';
import { readTimeStampResponse } from '../../smime/timestamp/response.js';
import { readTimeStampToken, type TimeStamp } from '../../smime/timestamp/token.js';

/** undici takes ten megabytes: it is loaded for the first request. */
const require = createRequire(import.meta.url);

export interface AuthorityOptions {
  /** `https://host/path`, or `http://`: the token is signed, and the request tells a hash. */
  readonly url: string;
  /** DER of the authorities that certify the time-stamping authority. */
  readonly anchors: readonly Buffer[];
  /** PEM of the authorities that certify the HTTPS server; the system's when not given. */
  readonly tlsCa?: string | undefined;
}

const answerMs = 30_000;
const maximumAnswerBytes = 1 << 20;

/** A time-stamping authority, asked over HTTP (RFC 3161 §3.4). */
export class TimestampAuthority {
  private readonly options: AuthorityOptions;
  private agent: Agent | undefined;

  constructor(options: AuthorityOptions) {
    this.options = options;
  }

  /**
   * Has bytes stamped. The token (DER) is verified before it is given back. Throws `timestamp-unavailable` (retry) where no answer comes, and
   * `timestamp-refused` (retry) where it is not a genuine token of a trusted authority over these bytes, in answer to this request.
   */
  async stamp(bytes: Buffer): Promise<{ readonly token: Buffer; readonly timeStamp: TimeStamp }> {
    const { url, anchors } = this.options;
    const imprint = createHash('sha256').update(bytes).digest();
    const nonce = randomBytes(16);
    const response = readTimeStampResponse(await this.post(timeStampRequest(imprint, nonce)));
    if ('refused' in response) throw refused(url, response.refused);
    const timeStamp = readTimeStampToken(response.token, { imprint, nonce, anchors });
    if ('fault' in timeStamp) throw refused(url, `its token is not good: ${timeStamp.fault}`);
    if (timeStamp.untrusted !== undefined)
      throw refused(url, `${timeStamp.signer} is not trusted by audit.timestamp.ca: ${timeStamp.untrusted}`);
    return { token: response.token, timeStamp };
  }

  /** Breaks off what is under way. */
  async close(): Promise<void> {
    await this.agent?.destroy();
  }

  private async post(request: Buffer): Promise<Buffer> {
    const { url, tlsCa } = this.options;
    const undici = require('undici') as typeof import('undici');
    this.agent ??= new undici.Agent({ connections: 1, connect: { timeout: answerMs, ...(tlsCa === undefined ? {} : { ca: tlsCa }) } });
    try {
      const response = await undici.request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' },
        body: request,
        dispatcher: this.agent,
        signal: AbortSignal.timeout(answerMs),
      });
      const answer = await bounded(response.body);
      if (response.statusCode !== 200) throw unavailable(url, `it answers with HTTP status ${response.statusCode}`);
      return answer;
    } catch (error) {
      throw error instanceof SealdropError ? error : unavailable(url, wordsOf(error), error);
    }
  }
}

async function bounded(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maximumAnswerBytes) throw new Error('its answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return wordsOf(error.errors[0]);
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time';
  return error instanceof Error ? error.message : String(error);
}

function unavailable(url: string, why: string, cause?: unknown): SealdropError {
  return new SealdropError('timestamp-unavailable', `no time-stamp from ${url}: ${why}`, {
    disposition: 'retry',
    cure: 'Nothing waits for it, and it is asked again. If it stays away, look at audit.timestamp and the way to that host.',
    cause,
  });
}

function refused(url: string, why: string): SealdropError {
  return new SealdropError('timestamp-refused', `no time-stamp from ${url}: ${why}`, {
    disposition: 'retry',
    cure: 'Check that audit.timestamp.url is the right authority and audit.timestamp.ca its CA; it is asked again.',
  });
}
