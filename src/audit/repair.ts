import { createHash } from 'node:crypto';
import { chmodSync, closeSync, existsSync, ftruncateSync, mkdirSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { syncDescriptor, syncDirectory, writeNewFile } from '../disk/durable.js';
import { diskFault } from '../disk/faults.js';
import { SealdropError } from '../errors.js';
import { chainName, detailsName, segments } from './files.js';
import { linesOf } from './lines.js';
import { firstPrev, parseChainLine, parseDetailsLine } from './record.js';

/**
 * The writer never has more than this many bytes of a file written but not yet acknowledged as durable, so a tear after a crash
 * cannot reach further back. Damage beyond it is not a tear.
 */
export const maxUnacknowledgedBytes = 1 << 20;

export interface ChainEnd {
  /** The newest segment, after the repair. */
  readonly segment: string | undefined;
  readonly seq: number;
  readonly hash: string;
  readonly cuts: readonly Cut[];
}

export interface Cut {
  readonly file: string;
  readonly fromByte: number;
  readonly bytes: number;
  readonly sha256: string;
  /** Where the cut bytes are kept, relative to the audit directory. */
  readonly keptAs: string;
}

/**
 * Finds the end of the chain and cuts back what a crash left unfinished (I4). A record counts as acknowledged only if its chain line
 * and its details line are both whole, since the writer acknowledges after both files are durable. Cut bytes are copied to `torn/`,
 * durably, before the file is shortened: killed in between, the next start does the same again. What is found whole is made durable before
 * anybody goes by it: a process that was killed may have written it and not got as far as the fsync, and the next segment names its hash.
 * Throws `audit-chain-broken` (fatal) if a complete record fails its hash or its link: that is never cut.
 */
export function repairTail(directory: string, nowMs: number): ChainEnd {
  const cuts: Cut[] = [];
  for (;;) {
    const segment = segments(directory).at(-1);
    if (segment === undefined) return { segment, seq: 0, hash: firstPrev, cuts };
    const end = repairSegment(directory, segment, nowMs, cuts);
    if (end !== undefined) return { ...end, segment, cuts };
    // Nothing acknowledged in the newest file (killed while it was being made): the one before it is the end.
    setAside(directory, chainName(segment), nowMs);
    if (existsSync(`${directory}/${detailsName(segment)}`)) setAside(directory, detailsName(segment), nowMs);
    syncDirectory(directory);
  }
}

function repairSegment(directory: string, segment: string, nowMs: number, cuts: Cut[]): { seq: number; hash: string } | undefined {
  const chainPath = `${directory}/${chainName(segment)}`;
  const detailsPath = `${directory}/${detailsName(segment)}`;
  requireDetails(chainPath, detailsPath);
  for (const path of [chainPath, detailsPath]) reopen(path);
  const chain = endOfChain(chainPath, lastWholeDetail(detailsPath));
  // Details are whole up to the chain's end; what lies beyond it belongs to records that were never acknowledged.
  const detailsEnd = chain.last === undefined ? 0 : offsetAfter(detailsPath, chain.last.seq);
  for (const [name, from] of [
    [chainName(segment), chain.end],
    [detailsName(segment), detailsEnd],
  ] as const) {
    const cut = cutBack(directory, name, from, nowMs);
    if (cut !== undefined) cuts.push(cut);
    // What a killed daemon wrote and did not wait for is read, and acted upon, from here on: a power cut must not take it back.
    else syncFile(`${directory}/${name}`);
  }
  syncDirectory(directory);
  return chain.last;
}

/** The writer makes both names durable before the first record: no crash leaves a chain with records and no details file. */
function requireDetails(chainPath: string, detailsPath: string): void {
  if (existsSync(detailsPath)) return;
  if (statSync(chainPath).size > 0) throw broken(`${detailsPath} is missing, and ${chainPath} has records`);
  writeNewFile(detailsPath, [], { mode: 0o640 });
}

/** A segment that was closed for good goes on if the one after it came to nothing. */
function reopen(path: string): void {
  if ((statSync(path).mode & 0o200) === 0) chmodSync(path, 0o640);
}

/** Reads the window in which a tear can lie. The record before the window is trusted here; `audit verify` reads everything. */
function endOfChain(path: string, lastDetailSeq: number): { end: number; last: { seq: number; hash: string } | undefined } {
  const size = statSync(path).size;
  let last: { seq: number; hash: string } | undefined;
  let end = firstOf(lookBacks(path));
  for (const line of linesOf(path, end)) {
    const parsed = line.complete ? parseChainLine(line.text) : { kind: 'torn' as const };
    if (parsed.kind === 'torn') break;
    if (parsed.kind === 'altered') throw brokenAt(path, line.offset, 'does not match its own hash');
    const { seq, prev, hash } = parsed.record;
    if (last !== undefined && (prev !== last.hash || seq !== last.seq + 1))
      throw brokenAt(path, line.offset, 'does not follow the record before it');
    if (seq > lastDetailSeq) break;
    last = { seq, hash };
    end = line.end;
  }
  if (size - end > maxUnacknowledgedBytes) throw brokenAt(path, end, 'is damaged further back than a crash can reach');
  return { end, last };
}

/** The seq of the last whole details line before any tear; 0 if there is none. */
function lastWholeDetail(path: string): number {
  for (const start of lookBacks(path)) {
    let seq: number | undefined;
    for (const parsed of wholeDetails(path, start)) ({ seq } = parsed);
    if (seq !== undefined) return seq;
  }
  return 0;
}

function offsetAfter(path: string, seq: number): number {
  for (const start of lookBacks(path)) {
    let end: number | undefined;
    for (const parsed of wholeDetails(path, start)) {
      if (parsed.seq > seq) break;
      ({ end } = parsed);
    }
    if (end !== undefined) return end;
  }
  return 0;
}

function* wholeDetails(path: string, start: number): Generator<{ seq: number; end: number }> {
  for (const line of linesOf(path, start)) {
    const parsed = line.complete ? parseDetailsLine(line.text) : { kind: 'torn' as const };
    if (parsed.kind === 'torn') return;
    yield { seq: parsed.seq, end: line.end };
  }
}

/**
 * Line starts to read from: the first far enough before the end that whole chain records precede any tear, then further and further back,
 * for a details line has no fixed limit (it names every recipient).
 */
function* lookBacks(path: string): Generator<number> {
  const size = statSync(path).size;
  for (let back = 4 * maxUnacknowledgedBytes; back < size; back *= 4) {
    const [cutLine] = linesOf(path, size - back);
    if (cutLine !== undefined && cutLine.end < size) yield cutLine.end;
  }
  yield 0;
}

function firstOf(starts: Iterable<number>): number {
  for (const start of starts) return start;
  return 0;
}

function cutBack(directory: string, name: string, from: number, nowMs: number): Cut | undefined {
  const path = `${directory}/${name}`;
  const bytes = statSync(path).size - from;
  if (bytes === 0) return undefined;
  const descriptor = openSync(path, 'r+');
  try {
    const torn = Buffer.alloc(bytes);
    readSync(descriptor, torn, 0, bytes, from);
    const keptAs = tornName(name, nowMs);
    makeTornDirectory(directory);
    writeNewFile(`${directory}/${keptAs}`, [torn], { mode: 0o600 });
    syncDirectory(`${directory}/torn`);
    ftruncateSync(descriptor, from);
    syncDescriptor(descriptor, path);
    return { file: name, fromByte: from, bytes, sha256: createHash('sha256').update(torn).digest('hex'), keptAs };
  } finally {
    closeSync(descriptor);
  }
}

function syncFile(path: string): void {
  const descriptor = openSync(path, 'r+');
  try {
    syncDescriptor(descriptor, path);
  } finally {
    closeSync(descriptor);
  }
}

function setAside(directory: string, name: string, nowMs: number): void {
  makeTornDirectory(directory);
  renameSync(`${directory}/${name}`, `${directory}/${tornName(name, nowMs)}`);
  syncDirectory(`${directory}/torn`);
}

function tornName(name: string, nowMs: number): string {
  return `torn/${name}.${nowMs}-${process.hrtime.bigint()}`;
}

function makeTornDirectory(directory: string): void {
  try {
    mkdirSync(`${directory}/torn`, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw diskFault(error, 'make', `${directory}/torn`);
  }
}

function brokenAt(path: string, offset: number, why: string): SealdropError {
  return broken(`${path}: the record at byte ${offset} ${why}`);
}

function broken(what: string): SealdropError {
  return new SealdropError('audit-chain-broken', what, {
    disposition: 'fatal',
    cure: 'Keep a copy of the audit directory, run `sealdrop audit verify`, and restore the file from a copy before starting again.',
  });
}
