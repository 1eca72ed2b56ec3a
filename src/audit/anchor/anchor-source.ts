import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { errnoOf } from '../../disk/faults.js';
import { SealdropError } from '../../errors.js';
import { fileIfThere, maxCheckpointBytes, readCheckpoint } from '../checkpoint/read.js';
import { chainName, segments } from '../files.js';
import { linesOf } from '../lines.js';

/** undici takes ten megabytes, which is for those who fetch an anchor. */
const require = createRequire(import.meta.url);

const urlLimits = { bytes: 256 << 20, headersMs: 30_000, wholeMs: 300_000, lineLength: 4 << 20 } as const;

/** Lines of an anchor, and where each stands, for people. */
export interface PlacedLine {
  readonly text: string;
  readonly where: string;
}

export interface AnchorSource {
  /** As it is shown: never with a password. */
  readonly name: string;
  lines(): AsyncIterable<PlacedLine>;
}

/**
 * An anchor: a file of lines, a directory that is a second location (the lines of its chain), or an http(s) address of such a file. Throws
 * `anchor-unreadable`, now or while it is read.
 */
export function anchorSource(anchor: string): AnchorSource {
  if (/^https?:\/\//i.test(anchor)) return fromUrl(anchor);
  return { name: anchor, lines: () => linesAt(anchor) };
}

function linesAt(path: string): AsyncIterable<PlacedLine> {
  if (isDirectory(path)) return linesOfChain(path);
  // DER of any structure begins so, and no text does: a checkpoint.
  return beginsWith(path, 0x30) ? headOfCheckpoint(path) : linesOfFile(path, '');
}

/** Who signed it is not asked: an anchor is believed for where it was kept. That its signature fits its content is. */
async function* headOfCheckpoint(path: string): AsyncGenerator<PlacedLine> {
  const read = readCheckpoint(fileIfThere(path, maxCheckpointBytes) ?? Buffer.alloc(0));
  if ('fault' in read) throw unreadable(path, `is not a text, and as a checkpoint it cannot be read: ${read.fault}`);
  const { number, records, head } = read.checkpoint;
  yield { text: `head ${records} ${head}`, where: `checkpoint ${number}` };
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw unreadable(path, `cannot be read (${errnoOf(error) ?? String(error)})`);
  }
}

function beginsWith(path: string, octet: number): boolean {
  return fileIfThere(path, 0)?.[0] === octet;
}

async function* linesOfChain(directory: string): AsyncGenerator<PlacedLine> {
  const all = segments(directory);
  if (all.length === 0) throw unreadable(directory, 'is a directory without a chain');
  for (const segment of all) yield* linesOfFile(`${directory}/${chainName(segment)}`, `${chainName(segment)}, `);
}

async function* linesOfFile(path: string, prefix: string): AsyncGenerator<PlacedLine> {
  let number = 0;
  try {
    for (const { text, end, offset } of linesOf(path)) {
      // Given up by who reads lines: what follows it would go unread.
      if (text === '' && end - offset > 1) throw unreadable(path, 'has a line without end');
      yield { text, where: `${prefix}line ${++number}` };
    }
  } catch (error) {
    if (error instanceof SealdropError) throw unreadable(path, error.message);
    throw error;
  }
}

function fromUrl(address: string): AnchorSource {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined) throw unreadable(address, 'is not an address');
  const name = `${url.origin}${url.pathname}`;
  if (url.username !== '' || url.password !== '')
    throw unreadable(name, 'is given with a user or password, which others would see in the list of processes');
  return { name, lines: () => linesOfUrl(url, name) };
}

/** Follows no redirection: where the anchor lies is the point of it. */
async function* linesOfUrl(url: URL, name: string): AsyncGenerator<PlacedLine> {
  const undici = require('undici') as typeof import('undici');
  let number = 0;
  let bytes = 0;
  let rest = '';
  const decoder = new TextDecoder();
  try {
    const { statusCode, body } = await undici.request(url, {
      reset: true,
      headersTimeout: urlLimits.headersMs,
      bodyTimeout: urlLimits.headersMs,
      signal: AbortSignal.timeout(urlLimits.wholeMs),
    });
    if (statusCode !== 200) {
      body.on('error', () => {}).destroy();
      throw unreadable(name, `answers with status ${statusCode}`);
    }
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > urlLimits.bytes)
        throw unreadable(name, `is longer than ${urlLimits.bytes >> 20} MiB: fetch it into a file, and name that`);
      const pieces = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = pieces.pop() ?? '';
      if (rest.length > urlLimits.lineLength) throw unreadable(name, 'has a line without end');
      for (const text of pieces) yield { text, where: `line ${++number}` };
    }
    if (rest !== '') yield { text: rest, where: `line ${++number}` };
  } catch (error) {
    if (error instanceof SealdropError) throw error;
    throw unreadable(name, `cannot be fetched: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function unreadable(name: string, problem: string): SealdropError {
  return new SealdropError('anchor-unreadable', `the anchor ${name} ${problem}`, {
    disposition: 'fatal',
    cure: 'Name a file, a directory or an http(s) address with lines that "audit head", "audit export", audit.forward or a checkpoint made.',
  });
}
