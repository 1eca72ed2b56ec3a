import { statSync } from 'node:fs';
import { chainName, detailsName } from '../../audit/files.js';

/** How far a verification has come. */
export interface Progress {
  readonly phase: 'trail' | 'archive';
  /** Octets of the trail, or files. */
  readonly done: number;
  readonly total: number;
  /** Octets read in this phase. */
  readonly sizeBytes: number;
}

/** Counts what is done, and knows how much there is: the trail by its octets, the archive by what the trail says of it. */
export class Tally {
  private readonly segmentBytes: ReadonlyMap<string, number>;
  private readonly trailBytes: number;
  private trailDone = 0;
  private segmentsLeft: number;
  private filesTotal = 0;
  private filesDone = 0;
  private filesBytes = 0;

  constructor(audit: string, segments: readonly string[]) {
    this.segmentBytes = new Map(segments.map((segment) => [segment, sizeOf(audit, segment)]));
    this.trailBytes = [...this.segmentBytes.values()].reduce((sum, bytes) => sum + bytes, 0);
    this.segmentsLeft = segments.length;
  }

  segment(segment: string, files: number): void {
    this.trailDone += this.segmentBytes.get(segment) ?? 0;
    this.segmentsLeft--;
    this.filesTotal += files;
  }

  /** Fewer than the trail names: a sample, some days, or what is left of an earlier run. */
  expect(share: number): void {
    this.filesTotal *= share;
  }

  files(files: number, sizeBytes: number): void {
    this.filesDone += files;
    this.filesBytes += sizeBytes;
  }

  now(): Progress {
    if (this.segmentsLeft > 0) return { phase: 'trail', done: this.trailDone, total: this.trailBytes, sizeBytes: this.trailDone };
    const total = Math.max(this.filesDone, Math.round(this.filesTotal));
    return { phase: 'archive', done: this.filesDone, total, sizeBytes: this.filesBytes };
  }
}

function sizeOf(audit: string, segment: string): number {
  const sizes = [chainName(segment), detailsName(segment)].map(
    (name) => statSync(`${audit}/${name}`, { throwIfNoEntry: false })?.size ?? 0,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
