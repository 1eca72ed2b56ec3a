import { lstatSync, type Stats, statSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { diskFault } from '../../disk/faults.js';
import { findCopyName } from '../../spool/layout.js';

/** A file of ours that the MTA has put into its bad directory, under whatever name. */
export interface BadFile {
  readonly name: string;
  readonly id: string;
  readonly number: number;
  /** Which file it is: another one of the same name has another stamp. */
  readonly stamp: string;
}

/** So many at a time: a trail is read for them, and a note is held in memory for each. */
export const maxFound = 1000;
const maxPassed = 100_000;
/** A directory's time has the file system's grain: a change within it after our listing would not show. */
const grainMs = 2000;
/** Listing takes at most a twentieth of the time. */
const restFactor = 20;

/**
 * The MTA's bad directory. Nothing drains it, so it may hold very many files of other people: it is listed only when its time has changed,
 * streamed, and not oftener than it can be listed cheaply. Files of ours that were passed over stay known by name and stamp.
 */
export class BadDirectory {
  readonly path: string;
  private listed: string | undefined;
  private restUntilMs = Number.NEGATIVE_INFINITY;
  private readonly passed = new Map<string, string>();

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Files of ours that were not passed over, at most 1000. Undefined: it was listed a moment ago and may have changed since, so what is not
   * known to be there may be. Throws what diskFault makes of a directory that cannot be listed (wait).
   */
  async look(): Promise<BadFile[] | undefined> {
    const before = this.timeOf();
    if (before === this.listed) return [];
    const startedMs = performance.now();
    if (startedMs < this.restUntilMs) return undefined;
    const found = await this.list();
    const endedMs = performance.now();
    this.restUntilMs = endedMs + restFactor * (endedMs - startedMs);
    const settled = Date.now() - Number(before.split(' ')[0]) > grainMs;
    this.listed = settled && found.length === 0 ? before : undefined;
    return found;
  }

  /** Not to be found again: it cannot be taken, and somebody has been told. */
  pass({ name, stamp }: BadFile): void {
    if (this.passed.size >= maxPassed) this.passed.clear();
    this.passed.set(name, stamp);
  }

  private async list(): Promise<BadFile[]> {
    const found: BadFile[] = [];
    try {
      for await (const entry of await opendir(this.path, { bufferSize: 512 })) {
        const ours = entry.isDirectory() ? undefined : findCopyName(entry.name);
        if (ours === undefined) continue;
        const stats = lstatSync(`${this.path}/${entry.name}`, { throwIfNoEntry: false });
        if (stats === undefined || this.passed.get(entry.name) === stampOf(stats)) continue;
        found.push({ name: entry.name, ...ours, stamp: stampOf(stats) });
        if (found.length >= maxFound) break;
      }
      return found;
    } catch (error) {
      throw diskFault(error, 'list', this.path);
    }
  }

  private timeOf(): string {
    try {
      const { mtimeMs, ctimeMs, ino } = statSync(this.path);
      return `${Math.max(mtimeMs, ctimeMs)} ${ino}`;
    } catch (error) {
      throw diskFault(error, 'look at', this.path);
    }
  }
}

function stampOf({ ino, mtimeMs, size }: Stats): string {
  return `${ino}.${mtimeMs}.${size}`;
}
