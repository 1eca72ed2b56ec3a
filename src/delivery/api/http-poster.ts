import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import type { Pool } from 'undici';

/** undici takes ten megabytes, which a daemon that sends nothing by HTTP need not have: it is loaded for the first poster. */
const require = createRequire(import.meta.url);

export interface HttpOptions {
  /** `https://host[:port]`. */
  readonly origin: string;
  readonly connections: number;
  /** How long an answer may take, from the end of the request. */
  readonly answerMs: number;
}

/** A request body of known length; `chunks` is run through once. */
export interface HttpBody {
  readonly sizeBytes: number;
  chunks(): Iterable<Uint8Array>;
}

export type HttpResult =
  | { readonly kind: 'answer'; readonly status: number; readonly text: string; readonly retryAfterMs: number | undefined }
  /** `connecting`: nothing of the request has left. `content`: a part of it. `sent`: all of it, and whether it was acted on is not known. */
  | { readonly kind: 'no-answer'; readonly progress: 'connecting' | 'content' | 'sent'; readonly words: string };

const CONNECT_MS = 30_000;
/** A whole request, so that a host that takes an octet a minute does not hold a connection for ever. */
const REQUEST_MS = 1_800_000;
/** SparkPost closes connections after 15 minutes, and addresses change. */
const CONNECTION_LIFE_MS = 600_000;
const MAXIMUM_ANSWER_BYTES = 4 << 20;
const LONGEST_PAUSE_MS = 3_600_000;

/** POST over a few kept connections, with what a sender has to know when no answer comes. Follows no redirection, retries nothing by itself. */
export class HttpPoster {
  readonly #pool: Pool;

  constructor({ origin, connections, answerMs }: HttpOptions) {
    const undici = require('undici') as typeof import('undici');
    this.#pool = new undici.Pool(origin, {
      connections,
      pipelining: 1,
      connect: { timeout: CONNECT_MS },
      headersTimeout: answerMs,
      bodyTimeout: answerMs,
      clientTtl: CONNECTION_LIFE_MS,
    });
  }

  /** Never throws for what the host does. Throws what the body's chunks throw. */
  async post(path: string, headers: Readonly<Record<string, string>>, body: HttpBody): Promise<HttpResult> {
    let progress: 'connecting' | 'content' | 'sent' = 'connecting';
    let own: unknown;
    function* watched(): Generator<Uint8Array> {
      progress = 'content';
      try {
        yield* body.chunks();
      } catch (error) {
        own = error;
        throw error;
      }
      progress = 'sent';
    }
    try {
      const response = await this.#pool.request({
        method: 'POST',
        path,
        headers: { 'content-type': 'application/json', accept: 'application/json', ...headers, 'content-length': String(body.sizeBytes) },
        body: Readable.from(watched()),
        signal: AbortSignal.timeout(REQUEST_MS),
      });
      const text = await textOf(response.body, response.statusCode);
      return { kind: 'answer', status: response.statusCode, text, retryAfterMs: retryAfter(response.headers['retry-after']) };
    } catch (error) {
      if (own !== undefined) throw own;
      return { kind: 'no-answer', progress, words: wordsOf(error) };
    }
  }

  /** Waits for the requests under way. */
  async close(): Promise<void> {
    await this.#pool.close();
  }
}

/** Where the status alone says that nothing was taken, words that break off or do not end take nothing from it. */
async function textOf(body: AsyncIterable<Buffer>, status: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      length += chunk.length;
      if (length > MAXIMUM_ANSWER_BYTES) throw new Error('the answer is too long');
      chunks.push(chunk);
    }
  } catch (error) {
    if (status < 300) throw error;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** RFC 9110 §10.2.3: seconds, or a date. No host is believed that wants to be left alone for longer than an hour. */
function retryAfter(value: string | string[] | undefined): number | undefined {
  if (typeof value !== 'string') return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) || ms < 0 ? undefined : Math.min(ms, LONGEST_PAUSE_MS);
}

/** Several addresses tried for one name end in an AggregateError without words of its own. */
function wordsOf(error: unknown): string {
  if (error instanceof Error && /^(Headers|Body)TimeoutError$/.test(error.name)) return 'no answer in time';
  if (error instanceof AggregateError && error.errors.length > 0) return wordsOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
