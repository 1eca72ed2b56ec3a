import { closeSync, fdatasyncSync, openSync, statSync } from 'node:fs';
import { diskFault, errnoOf, fsyncFault } from '../disk/faults.js';
import { chainName, detailsName, segments } from './files.js';
import { seqOf } from './line-facts.js';
import { linesOf } from './lines.js';
import { type ChainRecord, parseChainLine } from './record.js';

export type ChainHead = Pick<ChainRecord, 'seq' | 'hash' | 'time'>;

const lookBackBytes = 64 * 1024;

/**
 * The newest record that a crash cannot take back; undefined if there is none. Reads the ends of files only. Records whose lines are whole in both
 * files, once these are synced, are what start-up keeps: so the files are synced here, whoever writes them.
 */
export function chainHead(directory: string): ChainHead | undefined {
  for (const segment of segments(directory).reverse()) {
    const chain = `${directory}/${chainName(segment)}`;
    const details = `${directory}/${detailsName(segment)}`;
    // The chain is looked at first: its details were written before it.
    const records = [...lastRecords(chain)];
    const whole = lastNumber(details);
    const head = records.findLast(({ seq }) => seq <= whole);
    if (head === undefined) continue;
    for (const path of [details, chain]) sync(path);
    const { seq, hash, time } = head;
    return { seq, hash, time };
  }
  return undefined;
}

/** The number of the last whole record of the chain, durable or not; 0 if there is none. */
export function lastNumberOfChain(directory: string): number {
  for (const segment of segments(directory).reverse()) {
    const last = [...lastRecords(`${directory}/${chainName(segment)}`)].at(-1);
    if (last !== undefined) return last.seq;
  }
  return 0;
}

function* lastRecords(path: string): Generator<ChainRecord> {
  for (const { text, complete } of lastLines(path)) {
    const parsed = complete ? parseChainLine(text) : undefined;
    if (parsed?.kind === 'record') yield parsed.record;
  }
}

function lastNumber(path: string): number {
  let last = 0;
  for (let back = lookBackBytes; ; back *= 8) {
    for (const { text, complete } of lastLines(path, back)) {
      const seq = complete ? seqOf(text) : undefined;
      if (seq !== undefined) last = seq;
    }
    // A details line names every recipient, and may be longer than what was looked at.
    if (last > 0 || back >= sizeOf(path)) return last;
  }
}

/** Whole lines of the end of a file; none if it is not there. */
function* lastLines(path: string, back = lookBackBytes): Generator<{ text: string; complete: boolean }> {
  const size = sizeOf(path);
  if (size === 0) return;
  let cut = size > back;
  for (const line of linesOf(path, Math.max(0, size - back))) {
    if (!cut) yield line;
    cut = false;
  }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0;
    throw diskFault(error, 'look at', path);
  }
}

/** Linux lets a file be synced through any descriptor of it (fsync(2)). A file of a closed segment may be on a medium that refuses it. */
function sync(path: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    throw diskFault(error, 'open', path);
  }
  try {
    fdatasyncSync(descriptor);
  } catch (error) {
    if (errnoOf(error) !== 'EROFS' && errnoOf(error) !== 'EINVAL') throw fsyncFault(error, path);
  } finally {
    closeSync(descriptor);
  }
}
