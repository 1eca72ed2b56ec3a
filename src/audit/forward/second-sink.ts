import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { addFile, syncDirectory } from '../../disk/durable.js';
import { diskFault, errnoOf } from '../../disk/faults.js';
import { SealdropError } from '../../errors.js';
import { chainName, detailsName } from '../files.js';
import { appendAll, exists, readAt, syncAppended, withAppended } from './appended-file.js';
import type { Batch, Sink } from './batch.js';
import { mirrorCheckpoints } from './mirror-checkpoints.js';
import type { Place } from './place.js';

const lineFeed = Buffer.from('\n');

/** Its presence proves that the second location is mounted. */
const secondMarkerName = '.sealdrop-second';

/**
 * A second location of the audit directory, to which is only ever added. The chain is copied octet for octet by its offsets: it never changes. The
 * details are copied line by line by their numbers, for an erasure gives them other offsets: a line whose number is there already is left
 * as it is there (erasing it there is the matter of who erases), and what follows is added, erased or not, as it stands here at that time.
 * Details first, then the chain, each synced: no record is there without its details. Killed in between: what is there is found by looking,
 * and synced before it counts, for whoever wrote it may not have come to that.
 */
export class SecondSink implements Sink {
  held: Place | undefined;
  readonly unsure = false;
  private readonly directory: string;
  private readonly marker: string;
  /** How far the details there go, as long as nobody else changes that file. */
  private details: { segment: string; inode: number; sizeBytes: number; seq: number } | undefined;
  private readonly checkpoints: () => Promise<void>;
  /** How far files there were synced by this sink. */
  private readonly synced = new Map<string, number>();
  /** Files there whose names are durable, as far as this sink has seen to it. */
  private readonly named = new Set<string>();

  private constructor(source: string, directory: string, marker: string) {
    this.directory = directory;
    this.marker = marker;
    this.checkpoints = mirrorCheckpoints(source, directory);
  }

  /** `marker`: what the marker said before; undefined: the first time, when one is made. Throws `audit-second-missing` (wait). */
  static async open(source: string, directory: string, marker: string | undefined): Promise<{ sink: SecondSink; marker: string }> {
    if (!(await exists(directory))) throw missing(directory, 'is not there');
    if (marker !== undefined) requireMarker(directory, marker);
    const present = marker ?? markerIn(directory) ?? newMarker(directory);
    return { sink: new SecondSink(source, directory, present), marker: present };
  }

  async send(batch: Batch): Promise<void> {
    requireMarker(this.directory, this.marker);
    await this.addDetails(batch);
    await this.addChain(batch);
    this.held = batch.end;
    await this.checkpoints();
  }

  async tick(): Promise<void> {
    await this.checkpoints();
  }

  async end(): Promise<void> {
    await this.checkpoints();
  }

  abort(): void {}

  private async addChain({ segment, offset, chain }: Batch): Promise<void> {
    const path = `${this.directory}/${chainName(segment)}`;
    await this.appending(path, async (file, sizeBytes) => {
      if (sizeBytes < offset) throw differs(path, `ends at byte ${sizeBytes}, and had ${offset}`);
      const there = await readAt(file, offset, Math.min(chain.length, sizeBytes - offset));
      if (!there.equals(chain.subarray(0, there.length))) throw differs(path, `differs from the trail here after byte ${offset}`);
      await this.add(file, sizeBytes, chain.subarray(there.length), path);
    });
  }

  private async addDetails({ segment, records }: Batch): Promise<void> {
    const path = `${this.directory}/${detailsName(segment)}`;
    await this.appending(path, async (file, sizeBytes) => {
      const { ino: inode } = await file.stat();
      const known = this.details;
      const same = known?.segment === segment && known.inode === inode && known.sizeBytes === sizeBytes;
      const { seq, brokenOff } = same ? { seq: known.seq, brokenOff: Buffer.alloc(0) } : await lastDetails(file, sizeBytes);
      const missing = records.filter((record) => record.seq > seq && record.details !== undefined);
      const bytes = continued(
        brokenOff,
        Buffer.concat(missing.flatMap(({ details }) => (details === undefined ? [] : [details, lineFeed]))),
      );
      await this.add(file, sizeBytes, bytes, path);
      this.details = { segment, inode, sizeBytes: sizeBytes + bytes.length, seq: missing.at(-1)?.seq ?? seq };
    });
  }

  /**
   * Durable on return, with all that stands before it. After a failed sync the kernel may show bytes that the disk does not have (fsync(2),
   * NOTES): they are taken back, and written anew the next time. Where nothing can be taken back (`chattr +a`) they stay.
   */
  private async add(file: FileHandle, sizeBytes: number, bytes: Uint8Array, path: string): Promise<void> {
    const nowBytes = sizeBytes + bytes.length;
    if (bytes.length === 0 && this.synced.get(path) === nowBytes) return;
    try {
      await appendAll(file, bytes, path);
      await syncAppended(file, path);
    } catch (error) {
      await file.truncate(sizeBytes).catch(() => {});
      throw error;
    }
    this.synced.set(path, nowBytes);
  }

  private async appending(path: string, step: (file: FileHandle, sizeBytes: number) => Promise<void>): Promise<void> {
    const there = await exists(path);
    await withAppended(path, { create: true, mode: 0o640 }, step);
    // The first time in any case: whoever made the file may have been killed before this.
    if (!there || !this.named.has(path)) syncDirectory(this.directory);
    this.named.add(path);
  }
}

/** A line that broke off is gone on with where it is the beginning of what follows; else it is ended as it is. */
function continued(brokenOff: Buffer, following: Buffer): Buffer {
  if (following.length === 0) return following;
  const isBeginning = following.subarray(0, brokenOff.length).equals(brokenOff);
  return isBeginning ? following.subarray(brokenOff.length) : Buffer.concat([lineFeed, following]);
}

const lookBackBytes = 256 * 1024;

/** The number of the last whole line, and what stands behind it. */
async function lastDetails(file: FileHandle, sizeBytes: number): Promise<{ seq: number; brokenOff: Buffer }> {
  for (let back = lookBackBytes; ; back *= 4) {
    const start = Math.max(0, sizeBytes - back);
    const tail = await readAt(file, start, sizeBytes - start);
    const end = tail.lastIndexOf(10);
    const begin = end <= 0 ? -1 : tail.lastIndexOf(10, end - 1);
    if (begin === -1 && start > 0) continue;
    const brokenOff = tail.subarray(end + 1);
    for (let lineEnd = end; lineEnd > 0; ) {
      const lineStart = tail.lastIndexOf(10, lineEnd - 1) + 1;
      const seq = /^\{"seq":(\d{1,15}),.*\}$/.exec(tail.toString('utf8', lineStart, lineEnd))?.[1];
      if (seq !== undefined) return { seq: Number(seq), brokenOff };
      lineEnd = lineStart - 1;
    }
    if (start === 0) return { seq: 0, brokenOff };
  }
}

/** Throws `audit-second-missing` (wait) for a directory without the marker: where nothing was copied, or a disk is not mounted. */
export function requireSecondTrail(directory: string): void {
  if (markerIn(directory) === undefined) throw missing(directory, `has no ${secondMarkerName}`);
}

function requireMarker(directory: string, marker: string): void {
  const there = markerIn(directory);
  if (there !== marker) throw missing(directory, there === undefined ? `has no ${secondMarkerName}` : 'is another one than before');
}

function markerIn(directory: string): string | undefined {
  const path = `${directory}/${secondMarkerName}`;
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw diskFault(error, 'read', path);
  }
}

function newMarker(directory: string): string {
  const marker = randomUUID();
  addFile(directory, secondMarkerName, Buffer.from(`${marker}\n`), 0o640);
  return marker;
}

function missing(directory: string, how: string): SealdropError {
  return new SealdropError('audit-second-missing', `the second location of the audit trail, ${directory}, ${how}`, {
    disposition: 'wait',
    cure: `Mount it. If it is to be another one from now on, put the marker ${secondMarkerName} of the old one there, or remove forward.json from the spool while sealdrop is stopped.`,
  });
}

function differs(path: string, how: string): SealdropError {
  return new SealdropError('audit-second-differs', `${path} ${how}: one of the two was changed`, {
    disposition: 'wait',
    cure: 'Keep copies of both, and run "sealdrop audit verify --anchor" with that directory. Nothing is written there until they agree.',
  });
}
