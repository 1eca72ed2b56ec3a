import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { diskFault, errnoOf } from '../../disk/faults.js';
import { SealdropError } from '../../errors.js';
import { chainName, segments } from '../files.js';
import type { ChainPosition } from '../follow.js';
import { parseChainLine } from '../record.js';
import { Batch } from './batch.js';
import { DetailsFollower } from './details-follower.js';
import { type ForwardedRecord, forwardedRecord } from './forwarded-record.js';
import type { Place } from './place.js';

const pieceBytes = 128 * 1024;
const maxDetailsBytes = 4 << 20;
const lookBackBytes = 64 * 1024;

/**
 * Reads the durable part of the chain a batch at a time, behind the writer and at its reader's pace. Memory is bounded by one batch: 128 KiB of
 * chain, and with the details about 4 MiB of them, or one record's if that is more.
 */
export class ChainReader {
  private readonly directory: string;
  private readonly details: DetailsFollower | undefined;

  constructor(directory: string, { details }: { details: boolean }) {
    this.directory = directory;
    this.details = details ? new DetailsFollower(directory) : undefined;
  }

  /** What follows `from`, up to `end`, which must be durable; undefined if there is nothing yet. Throws `forward-record-unreadable` (wait). */
  next(from: Place, end: ChainPosition): Batch | undefined {
    // A place before the first record of all names no segment, and comes before every one in text order.
    for (const segment of segments(this.directory)) {
      if (segment < from.segment || segment > end.segment) continue;
      const offset = segment === from.segment ? from.offset : 0;
      const limit = segment === end.segment ? end.offset : Number.POSITIVE_INFINITY;
      const chain = wholeLines(`${this.directory}/${chainName(segment)}`, offset, limit);
      if (chain.length > 0) return this.batchOf(segment, offset, chain);
    }
    return undefined;
  }

  private batchOf(segment: string, offset: number, chain: Buffer): Batch {
    const path = `${this.directory}/${chainName(segment)}`;
    const { details } = this;
    if (details === undefined) {
      const last = readRecord(path, chain, chain.lastIndexOf(10, chain.length - 2) + 1, offset);
      const place = { segment, offset: offset + chain.length, seq: last.record.seq, hash: last.record.hash, time: last.record.time };
      return new Batch({ segment, offset }, chain, place, () => recordsOf(path, chain, offset));
    }
    const records: ForwardedRecord[] = [];
    let used = 0;
    for (let detailsBytes = 0; used < chain.length && detailsBytes < maxDetailsBytes; ) {
      const { record, end } = readRecord(path, chain, used, offset);
      const found = details.find(segment, record.seq);
      records.push({ ...record, details: found });
      detailsBytes += found?.length ?? 0;
      used = end;
    }
    const { seq = 0, hash = '', time = '' } = records.at(-1) ?? {};
    return new Batch({ segment, offset }, chain.subarray(0, used), { segment, offset: offset + used, seq, hash, time }, () => records);
  }
}

function recordsOf(path: string, chain: Buffer, offset: number): ForwardedRecord[] {
  const records: ForwardedRecord[] = [];
  for (let used = 0; used < chain.length; ) {
    const { record, end } = readRecord(path, chain, used, offset);
    records.push(record);
    used = end;
  }
  return records;
}

/** The record whose line begins at `start` of `chain`, which is at `offset` of the file. */
function readRecord(path: string, chain: Buffer, start: number, offset: number): { record: ForwardedRecord; end: number } {
  const lineFeed = chain.indexOf(10, start);
  const record = forwardedRecord(chain.toString('utf8', start, lineFeed), undefined);
  if (record === undefined) throw unreadable(path, offset + start);
  return { record, end: lineFeed + 1 };
}

/** False when the chain does not have, at that place, the record that it had when the place was noted: it was cut back or written anew. */
export function isStillThere(directory: string, { segment, offset, seq, hash }: Place): boolean {
  if (segment === '') return true;
  const start = Math.max(0, offset - lookBackBytes);
  const bytes = readPiece(`${directory}/${chainName(segment)}`, start, offset - start);
  if (bytes === undefined || bytes.length < offset - start) return false;
  const parsed = parseChainLine(bytes.toString('utf8', bytes.lastIndexOf(10, bytes.length - 2) + 1, bytes.length - 1));
  return bytes.at(-1) === 10 && parsed.kind === 'record' && parsed.record.seq === seq && parsed.record.hash === hash;
}

/** Whole lines from a place on, as many as fit into a piece, and at least one if there is one. */
function wholeLines(path: string, offset: number, limit: number): Buffer {
  for (let bytes = pieceBytes; ; bytes *= 2) {
    const wanted = Math.min(bytes, limit - offset);
    const piece = wanted <= 0 ? undefined : readPiece(path, offset, wanted);
    if (piece === undefined) return Buffer.alloc(0);
    const end = piece.lastIndexOf(10) + 1;
    if (end > 0 || piece.length < bytes) return piece.subarray(0, end);
  }
}

/** Undefined if the file is not there. */
function readPiece(path: string, offset: number, sizeBytes: number): Buffer | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const there = Math.max(0, fstatSync(descriptor).size - offset);
    const piece = Buffer.allocUnsafe(Math.min(sizeBytes, there));
    return piece.subarray(0, readSync(descriptor, piece, 0, piece.length, offset));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw diskFault(error, 'read', path);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function unreadable(path: string, offset: number): SealdropError {
  return new SealdropError('forward-record-unreadable', `${path}: the record at byte ${offset} is not what was written there`, {
    disposition: 'wait',
    cure: 'Keep a copy of the audit directory and run "sealdrop audit verify"; nothing behind this record is forwarded.',
  });
}
