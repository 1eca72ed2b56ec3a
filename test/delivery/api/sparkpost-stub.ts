import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from '../servers.js';

/** A transmission the stub took. */
export interface Transmission {
  readonly headers: IncomingMessage['headers'];
  readonly options: Record<string, unknown>;
  readonly metadata: Record<string, unknown>;
  readonly returnPath: string;
  readonly recipients: readonly string[];
  /** The message as SparkPost would send it: with what is in doubled braces in its header replaced. */
  readonly message: string;
}

type Answer = { readonly status: number; readonly body: unknown; readonly headers?: Record<string, string> } | 'drop' | 'silence';

export interface SparkpostStub {
  readonly host: string;
  readonly taken: Transmission[];
  /** Requests, whatever they were answered. */
  readonly asked: { count: number; connections: number };
}

export interface StubOptions {
  readonly apiKey?: string;
  readonly sendingDomains?: readonly string[];
  /** Answers instead of what the request deserves; undefined: that. */
  readonly answer?: (count: number) => Answer | undefined;
}

/** The members of a request that are looked at; any may be missing. */
interface Sent {
  readonly content?: { readonly email_rfc822?: string };
  readonly recipients?: readonly { readonly address: { readonly email: string } }[];
  readonly return_path?: string;
  readonly options?: Record<string, unknown>;
  readonly metadata?: Record<string, unknown>;
}

const MAXIMUM_CONTENT_BYTES = 20_000_000;
const MAXIMUM_RECIPIENTS = 10_000;

/**
 * The Transmissions API as SparkPost publishes it (developers.sparkpost.com, "Transmissions" and "Extended Error Codes"): what it requires
 * of a request with `email_rfc822`, its limits, and its error bodies.
 */
export async function startSparkpost(options: StubOptions = {}): Promise<SparkpostStub> {
  const taken: Transmission[] = [];
  const asked = { count: 0, connections: 0 };
  const server = createServer(async (request, response) => {
    asked.count += 1;
    const own = options.answer?.(asked.count);
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      // The client is gone in the middle of it, as a killed daemon is.
      return;
    }
    if (own === 'silence') return;
    if (own === 'drop') {
      request.socket.destroy();
      return;
    }
    const deserved = own === undefined ? answerTo(request, Buffer.concat(chunks), options) : undefined;
    if (deserved?.taken !== undefined) taken.push(deserved.taken);
    const { status, body, headers } = { headers: undefined, ...(own ?? deserved) } as Exclude<Answer, string>;
    reply(response, status, body, headers);
  });
  server.on('connection', () => {
    asked.connections += 1;
  });
  return { host: `http://127.0.0.1:${await listen(server)}`, taken, asked };
}

export function apiError(code: string, message: string, description?: string): unknown {
  return { errors: [{ code, message, ...(description === undefined ? {} : { description }) }] };
}

/** What the request deserves, and what is sent if that is 200. */
function answerTo(
  request: IncomingMessage,
  body: Buffer,
  { apiKey = 'test-api-key', sendingDomains = ['example.com'] }: StubOptions,
): { status: number; body: unknown; taken?: Transmission } {
  const refused = (status: number, code: string, message: string, description?: string) => ({
    status,
    body: apiError(code, message, description),
  });
  if (request.url !== '/api/v1/transmissions') return refused(404, '1101', 'invalid URI');
  if (request.method !== 'POST') return refused(405, '1102', 'invalid HTTP method');
  if (request.headers.authorization !== apiKey) return { status: 401, body: { errors: [{ message: 'Unauthorized.' }] } };
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) return refused(415, '1700', 'Unsupported Content-Type header');
  let sent: Sent;
  try {
    sent = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as Sent;
  } catch {
    return refused(400, '1305', 'Input Data not UTF8 encoded');
  }
  const { recipients, metadata = {} } = sent;
  const message = sent.content?.email_rfc822;
  if (typeof message !== 'string') return refused(422, '1400', 'required field is missing', 'content is required');
  if (Buffer.byteLength(message) > MAXIMUM_CONTENT_BYTES) return refused(413, '1300', 'invalid data format/type/length');
  if (!Array.isArray(recipients) || recipients.length === 0) return refused(400, '5002', 'At least one valid recipient is required');
  if (recipients.length > MAXIMUM_RECIPIENTS) return refused(422, '1300', 'invalid data format/type/length');
  if (JSON.stringify(metadata).length > 1000) return refused(422, '1300', 'invalid data format/type/length');
  const from = /^From:.*@([a-z0-9.-]+)/im.exec(message)?.[1] ?? '';
  if (!sendingDomains.includes(from)) return refused(400, '7001', 'Invalid domain', 'Unconfigured or unverified sending domain.');
  const addresses = recipients.map(({ address }) => address.email);
  const end = message.indexOf('\r\n\r\n');
  const taken = {
    headers: request.headers,
    options: sent.options ?? {},
    metadata,
    returnPath: sent.return_path ?? '',
    recipients: addresses,
    message: message.slice(0, end).replace(/\{\{.*?\}\}/gs, '') + message.slice(end),
  };
  const results = { total_rejected_recipients: 0, total_accepted_recipients: addresses.length, id: '11668787484950529' };
  return { status: 200, body: { results }, taken };
}

function reply(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
