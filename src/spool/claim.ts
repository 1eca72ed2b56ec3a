import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync, renameSync } from 'node:fs';
import { diskFault, errnoOf } from '../disk/faults.js';
import { SealdropError } from '../errors.js';
import { lacksClosingBoundary } from '../message/mime-tree.js';
import { newMessageId } from '../message-id.js';
import { claimedName, parseClaimedName } from './claimed-name.js';
import { displayName } from './display-name.js';
import type { Door, SpoolLayout } from './layout.js';

export interface ClaimLimits {
  readonly settleMs: number;
  readonly incompleteMs: number;
  readonly maxMessageBytes: number;
}

/** A file in front of a door. `claimed` is our own waiting room `work/in`. Names are octets kept 1:1 as latin1: a file name need not be UTF-8. */
export interface Candidate {
  readonly door: Door | 'claimed';
  readonly name: string;
}

/** A candidate that was opened, before anything was moved. */
export interface OpenCandidate extends Candidate {
  readonly descriptor: number;
  readonly path: Buffer;
  readonly stats: BigIntStats;
}

/** A file that is ours to take. The submitter's own inode still stands at `path`, in `work/in`. */
export interface Claim {
  readonly id: string;
  readonly path: Buffer;
  readonly door: Door;
  /** The submitted file name, for people. */
  readonly submittedAs: string;
  readonly uid: number;
  readonly sizeBytes: number;
  /** Undefined if the message is over the size limit and was not read. */
  readonly bytes: Buffer | undefined;
  /** Why it is to be quarantined as soon as it is accepted. */
  readonly fault: SealdropError | undefined;
}

/** Left where it is, and why; `code: not-settled` is the ordinary quiet time of the guessing door. */
export interface Waiting {
  readonly kind: 'waiting';
  readonly candidate: Candidate;
  readonly code: string;
  readonly text: string;
  readonly cure: string;
  /** When to look again, if a time is known. */
  readonly dueMs?: number | undefined;
}

export type Opened = { readonly kind: 'open'; readonly file: OpenCandidate } | { readonly kind: 'gone' } | Waiting;

/**
 * Opens a candidate without touching it. What cannot be read is not claimed: it stays where its owner sees it, and health says why.
 * O_NONBLOCK keeps a FIFO from blocking us, O_NOFOLLOW keeps a symbolic link from naming somebody else's file.
 */
export function openCandidate(layout: SpoolLayout, candidate: Candidate, limits: ClaimLimits, nowMs: number): Opened {
  const path = pathOf(layout, candidate);
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    return openFault(candidate, error, path);
  }
  const stats = fstatSync(descriptor, { bigint: true });
  const wait = waitsFor(candidate, stats, limits, nowMs);
  if (wait === undefined) return { kind: 'open', file: { ...candidate, descriptor, path, stats } };
  closeSync(descriptor);
  return wait;
}

/**
 * Reads the file once and claims it by rename. Before: the file in the outbox, untouched. After: the same inode in `work/in`, named by
 * its new id. Killed in between: one or the other, and the next start looks in both places. If the file changed or was replaced while it
 * was read, what stands there stays in `work/in` and is looked at again.
 */
export function claimCandidate(
  layout: SpoolLayout,
  file: OpenCandidate,
  limits: ClaimLimits,
  nowMs: number,
): { kind: 'claimed'; claim: Claim } | { kind: 'gone' } | Waiting {
  try {
    const origin =
      file.door === 'claimed'
        ? parseClaimedName(file.name)
        : { id: newMessageId(nowMs), door: file.door, submittedAs: displayName(file.name) };
    if (origin === undefined) return stranger(file);
    const sizeBytes = Number(file.stats.size);
    const old = ageMs(file.stats, nowMs) >= limits.incompleteMs;
    let fault = linkFault(file) ?? sizeFault(file, sizeBytes, limits);
    const bytes = sizeBytes > limits.maxMessageBytes ? undefined : readWhole(file, sizeBytes);
    if (bytes === 'changed') return stillWritten(file, nowMs + limits.settleMs);
    if (fault === undefined && origin.door === 'outbox' && bytes !== undefined && lacksClosingBoundary(bytes)) {
      if (!old) return looksIncomplete(file, nowMs + limits.incompleteMs - ageMs(file.stats, nowMs));
      fault = truncatedFault(file, limits);
    }
    const claimed = file.door === 'claimed' ? file.path : moveToClaimed(layout, file, origin.id, origin.door);
    if (claimed === undefined) return { kind: 'gone' };
    const again = fstatSync(file.descriptor, { bigint: true });
    // One link less: its owner renamed another file over the name, and that is what we moved.
    if (again.size !== file.stats.size || again.mtimeNs !== file.stats.mtimeNs || again.nlink !== file.stats.nlink) {
      const name = claimed.toString('latin1').slice(layout.claimed.length + 1);
      return stillWritten({ door: 'claimed', name }, nowMs + limits.settleMs);
    }
    return {
      kind: 'claimed',
      claim: {
        id: origin.id,
        path: claimed,
        door: origin.door,
        submittedAs: origin.submittedAs,
        uid: Number(again.uid),
        sizeBytes,
        bytes,
        fault,
      },
    };
  } finally {
    closeSync(file.descriptor);
  }
}

/** Where the files in front of a door stand. */
export function doorDirectory(layout: SpoolLayout, door: Candidate['door']): string {
  return { new: layout.outboxNew, outbox: layout.outbox, claimed: layout.claimed }[door];
}

function pathOf(layout: SpoolLayout, { door, name }: Candidate): Buffer {
  return Buffer.concat([Buffer.from(`${doorDirectory(layout, door)}/`), Buffer.from(name, 'latin1')]);
}

function moveToClaimed(layout: SpoolLayout, file: OpenCandidate, id: string, door: Door): Buffer | undefined {
  const target = Buffer.concat([Buffer.from(`${layout.claimed}/`), Buffer.from(claimedName(id, door, file.name), 'latin1')]);
  try {
    renameSync(file.path, target);
    return target;
  } catch (error) {
    // The submitter took it back, or replaced it, between our open and our rename.
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw diskFault(error, 'claim', file.path.toString());
  }
}

function readWhole(file: OpenCandidate, sizeBytes: number): Buffer | 'changed' {
  const bytes = Buffer.allocUnsafeSlow(sizeBytes);
  try {
    for (let done = 0; done < sizeBytes; ) {
      const got = readSync(file.descriptor, bytes, done, sizeBytes - done, done);
      if (got === 0) return 'changed';
      done += got;
    }
  } catch (error) {
    throw diskFault(error, 'read', file.path.toString());
  }
  return bytes;
}

function waitsFor(candidate: Candidate, stats: BigIntStats, limits: ClaimLimits, nowMs: number): Waiting | undefined {
  if (!stats.isFile()) {
    return waiting(candidate, 'not-a-file', 'is not a regular file', 'Remove it; only regular files are taken.');
  }
  const age = ageMs(stats, nowMs);
  if (candidate.door !== 'new' && age < limits.settleMs) {
    return waiting(candidate, 'not-settled', 'was written a moment ago', 'Nothing to do.', nowMs + limits.settleMs - age);
  }
  if (candidate.door !== 'new' && stats.size === 0n && age < limits.incompleteMs) {
    return waiting(
      candidate,
      'looks-incomplete',
      'is still empty',
      'Nothing to do if it is still being written.',
      nowMs + limits.incompleteMs - age,
    );
  }
  if (stats.nlink > 1n && age < limits.incompleteMs) {
    const cure = 'Unlink its other names; a message in the outbox has one name only.';
    return waiting(candidate, 'more-than-one-link', `has ${stats.nlink} hard links`, cure, nowMs + limits.incompleteMs - age);
  }
  return undefined;
}

function linkFault(file: OpenCandidate): SealdropError | undefined {
  if (file.stats.nlink <= 1n) return undefined;
  return refused(
    'more-than-one-link',
    `${displayName(file.name)} kept ${file.stats.nlink} hard links`,
    'Submit a file that has one name only.',
  );
}

function sizeFault(file: OpenCandidate, sizeBytes: number, limits: ClaimLimits): SealdropError | undefined {
  if (sizeBytes <= limits.maxMessageBytes) return undefined;
  return tooLarge(displayName(file.name), sizeBytes, limits.maxMessageBytes);
}

export function tooLarge(file: string, sizeBytes: number, maxMessageBytes: number): SealdropError {
  return refused(
    'too-large',
    `${file} has ${sizeBytes} bytes; outbox.maxMessageBytes allows ${maxMessageBytes}`,
    'Send a smaller message, or raise outbox.maxMessageBytes and run `sealdrop queue retry`.',
  );
}

function truncatedFault(file: OpenCandidate, limits: ClaimLimits): SealdropError {
  return refused(
    'looks-truncated',
    `${displayName(file.name)} lacks the closing boundary of its multipart and did not change for ${limits.incompleteMs} ms`,
    'Submit the message again; write to outbox/tmp and rename into outbox/new, so that no half-written file is ever seen.',
  );
}

function openFault(candidate: Candidate, error: unknown, path: Buffer): Opened {
  const code = errnoOf(error);
  if (code === 'ENOENT') return { kind: 'gone' };
  if (code === 'ELOOP') return waiting(candidate, 'symbolic-link', 'is a symbolic link', 'Remove it, or put the file itself there.');
  if (code === 'EACCES' || code === 'EPERM') {
    const cure = 'Let its owner chmod it so that sealdrop can read it before the rename, or submit with `sealdrop send --queue`.';
    return waiting(candidate, 'unreadable', 'cannot be read', cure);
  }
  if (code === 'ENXIO') return waiting(candidate, 'not-a-file', 'is not a regular file', 'Remove it; only regular files are taken.');
  throw diskFault(error, 'open', path.toString());
}

function stillWritten(candidate: Candidate, dueMs: number): Waiting {
  return waiting(candidate, 'still-written', 'changed while it was read', 'Write to outbox/tmp and rename into outbox/new.', dueMs);
}

function looksIncomplete(candidate: Candidate, dueMs: number): Waiting {
  return waiting(
    candidate,
    'looks-incomplete',
    'lacks the closing boundary of its multipart',
    'Nothing to do if it is still being written.',
    dueMs,
  );
}

function stranger(candidate: Candidate): Waiting {
  return waiting(candidate, 'not-ours', 'is not a name sealdrop gives', 'Move it away; work/in belongs to sealdrop alone.');
}

function waiting(candidate: Candidate, code: string, what: string, cure: string, dueMs?: number): Waiting {
  const { door, name } = candidate;
  return { kind: 'waiting', candidate: { door, name }, code, text: `${displayName(name)} ${what}`, cure, dueMs };
}

function refused(code: string, text: string, cure: string): SealdropError {
  return new SealdropError(code, text, { disposition: 'quarantine', cure });
}

/** How long ago the file last changed in any way. A modification time set into the future by its owner does not count. */
function ageMs(stats: BigIntStats, nowMs: number): number {
  const mtimeMs = Number(stats.mtimeMs);
  const changedMs = Math.max(Number(stats.ctimeMs), mtimeMs > nowMs ? 0 : mtimeMs);
  return Math.max(0, nowMs - changedMs);
}
