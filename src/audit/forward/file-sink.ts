import { SealdropError } from '../../errors.js';
import { appendAll, exists, readAt, syncAppended, withAppended } from './appended-file.js';
import type { Batch, Sink } from './batch.js';
import { forwardedLine } from './forwarded-record.js';
import type { Place } from './place.js';

/**
 * An append-only file elsewhere, a line a record. Killed between a write and the note that it was done: those records are written once more, and
 * recognised by their number. Killed within a line: the line is ended where it broke off, and its record follows again.
 */
export class FileSink implements Sink {
  held: Place | undefined;
  readonly unsure = false;
  private readonly path: string;

  private readonly personal: boolean;

  private constructor(path: string, personal: boolean) {
    this.path = path;
    this.personal = personal;
  }

  /**
   * The file is made the first time only. Later a missing one is a fault (`forward-file-missing`): the mount it lay on may be away, and the records
   * would go into the directory beneath.
   */
  static async open(path: string, { first, personal }: { first: boolean; personal: boolean }): Promise<FileSink> {
    if (!first && !(await exists(path))) throw missing(path);
    await withAppended(path, { create: first, mode: 0o640 }, async () => {});
    return new FileSink(path, personal);
  }

  async send(batch: Batch): Promise<void> {
    const lines = this.personal ? Buffer.from(batch.records.map((record) => `${forwardedLine(record)}\n`).join(''), 'utf8') : batch.chain;
    await withAppended(this.path, { create: false, mode: 0o640 }, async (file, sizeBytes) => {
      const brokenOff = sizeBytes > 0 && (await readAt(file, sizeBytes - 1, 1))[0] !== 10;
      await appendAll(file, brokenOff ? Buffer.concat([Buffer.from('\n'), lines]) : lines, this.path);
      await syncAppended(file, this.path);
    });
    this.held = batch.end;
  }

  async tick(): Promise<void> {}

  async end(): Promise<void> {}

  abort(): void {}
}

function missing(path: string): SealdropError {
  return new SealdropError('forward-file-missing', `${path} was there and is not any more`, {
    disposition: 'wait',
    cure: 'Mount what it lies on. If it was moved away on purpose, make an empty one that sealdrop may append to (touch, chown).',
  });
}
