import { unlinkSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import type { Made } from '../audit/checkpoint/maker.js';
import { errnoOf } from '../disk/faults.js';
import { SealdropError } from '../errors.js';
import type { HealthReport } from './health.js';
import type { Log } from './log.js';
import type { Noted } from './noted.js';
import { type PlainFault, plainFault, revivedFault } from './protocol.js';
import type { QueueAction } from './queue/queue-actions.js';
import type { RetentionRequest } from './retention/desk.js';

export type ControlRequest =
  | { readonly ask: 'health' }
  | { readonly ask: 'checkpoint' }
  | { readonly ask: 'record'; readonly noted: Noted }
  | { readonly ask: QueueAction; readonly id: string; readonly by: number }
  | { readonly ask: 'retention'; readonly request: RetentionRequest };

export interface ControlCommands {
  readonly health: () => HealthReport;
  readonly checkpoint: () => Promise<Made>;
  readonly record: (noted: Noted) => Promise<void>;
  readonly act: (action: QueueAction, id: string, by: number) => Promise<void>;
  /** `progress` is told, in words, how far it is; what takes long takes minutes. */
  readonly retention: (request: RetentionRequest, progress: (done: string) => void) => Promise<unknown>;
}

export interface Control {
  close(): Promise<void>;
}

const maxRequestBytes = 1_000_000;
const maxAnswerBytes = 10_000_000;
const answerMs = 30_000;
const idleMs = 10_000;
/** While something takes long, the asker hears of it this often, and knows that it is not forgotten. */
const progressMs = 2000;

/**
 * The daemon's ear for `sealdrop queue`, `archive` and `doctor`: one JSON line in, one out, over a socket in the spool that only its user
 * (and root) may open. We hold the spool's lock, so a socket that is there already belongs to nobody.
 */
export async function openControl(path: string, commands: ControlCommands, log: Log): Promise<Control | undefined> {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  const sockets = new Set<Socket>();
  // The asker ends its side with the request; without allowHalfOpen ours would end with it, before the answer.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.setTimeout(idleMs, () => socket.destroy());
    void serve(socket, commands);
  });
  const umask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, () => resolve()));
  } catch (error) {
    // A path over 107 bytes cannot name a socket (unix(7)). Mail matters more than the ear.
    log.warn(`sealdrop queue cannot reach this daemon: ${path} cannot be opened (${errnoOf(error) ?? 'error'})`, {
      cure: 'Use a shorter spool path.',
    });
    return undefined;
  } finally {
    process.umask(umask);
  }
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { close };
}

/** Asks the running daemon. Undefined if none listens. */
export async function askDaemon(path: string, request: ControlRequest, progress?: (done: string) => void): Promise<unknown> {
  const socket = createConnection(path);
  try {
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  } catch {
    return undefined;
  }
  socket.setTimeout(answerMs, () => socket.destroy(noAnswer(path)));
  socket.end(`${JSON.stringify(request)}\n`);
  const lines = linesOf(socket, maxAnswerBytes);
  for await (const line of lines) {
    const answer = JSON.parse(line) as { result?: unknown; fault?: PlainFault; progress?: string };
    if (answer.fault !== undefined) throw revivedFault(answer.fault);
    if (answer.progress === undefined) return answer.result;
    progress?.(answer.progress);
  }
  throw noAnswer(path);
}

function noAnswer(path: string): SealdropError {
  return new SealdropError('daemon-silent', `the daemon does not answer on ${path}`, {
    disposition: 'retry',
    cure: 'Look at its log: it may wait for a disk or be very busy. Try again.',
  });
}

async function serve(socket: Socket, commands: ControlCommands): Promise<void> {
  socket.on('error', () => socket.destroy());
  try {
    const { value: line = '' } = await linesOf(socket, maxRequestBytes).next();
    const request = JSON.parse(line) as ControlRequest;
    socket.setTimeout(0);
    const result = await answerTo(request, socket, commands);
    socket.end(`${JSON.stringify({ result })}\n`);
  } catch (error) {
    socket.end(`${JSON.stringify({ fault: plainFault(error) })}\n`);
  }
}

async function answerTo(request: ControlRequest, socket: Socket, commands: ControlCommands): Promise<unknown> {
  if (request.ask === 'health') return commands.health();
  if (request.ask === 'checkpoint') return commands.checkpoint();
  if (request.ask === 'retention') return answerInTime(request.request, socket, commands);
  if (request.ask === 'record') await commands.record(request.noted);
  else await commands.act(request.ask, request.id, request.by);
  return { ok: true };
}

/** Tells the asker how far it is. */
async function answerInTime(request: RetentionRequest, socket: Socket, commands: ControlCommands): Promise<unknown> {
  let progress = '';
  const said = setInterval(() => socket.write(`${JSON.stringify({ progress })}\n`), progressMs);
  try {
    return await commands.retention(request, (done) => {
      progress = done;
    });
  } finally {
    clearInterval(said);
  }
}

/** Whole lines as they come. What comes with them is not lost between two of them. */
async function* linesOf(socket: Socket, limit: number): AsyncGenerator<string, undefined> {
  let text = '';
  for await (const chunk of socket.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
    if (text.length > limit)
      throw new SealdropError('bad-request', 'the request is too long', { disposition: 'quarantine', cure: 'Use `sealdrop queue`.' });
  }
  if (text !== '') yield text;
  return undefined;
}
