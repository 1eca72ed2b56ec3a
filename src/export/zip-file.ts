import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import ZipStream from 'zip-stream';
import { diskFault } from '../disk/faults.js';

/**
 * A zip file (zip64 where it has to be) that is written as it grows: one entry at a time, waiting for the disk. Memory holds the central
 * directory, about half a kilobyte an entry. Mode 0600, durable when `close` resolves.
 */
export class ZipFile {
  private readonly zip = new ZipStream({ zlib: { level: 6 } });
  private readonly out: WriteStream;
  private readonly failed: Promise<never>;
  private readonly written: Promise<void>;

  constructor(path: string) {
    this.out = createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true });
    this.failed = new Promise((_, reject) => {
      this.out.once('error', (error) => reject(diskFault(error, 'write', path)));
      this.zip.once('error', (error: unknown) => reject(diskFault(error, 'write', path)));
    });
    // Whoever adds or closes next is told.
    this.failed.catch(() => {});
    this.written = new Promise((resolve) => this.out.once('close', resolve));
    this.zip.pipe(this.out);
  }

  addBytes(name: string, bytes: Buffer, date: Date): Promise<void> {
    return this.add(name, bytes, date);
  }

  /** A file that is read as it is packed. */
  addFile(name: string, path: string, date: Date): Promise<void> {
    return this.add(name, createReadStream(path), date);
  }

  async close(): Promise<void> {
    this.zip.finalize();
    await Promise.race([this.failed, this.written]);
  }

  /** Gives up: what is written stays where it is, unfinished. */
  abandon(): void {
    this.out.destroy();
  }

  private async add(name: string, source: Buffer | NodeJS.ReadableStream, date: Date): Promise<void> {
    // What is encrypted does not get smaller.
    const facts = { name, date, mode: 0o600, store: name.endsWith('.p7m') };
    const packed = new Promise<void>((resolve, reject) =>
      this.zip.entry(source as Buffer, facts, (error) => (error === null || error === undefined ? resolve() : reject(error))),
    );
    await Promise.race([this.failed, packed]);
    if (this.out.writableNeedDrain) {
      await Promise.race([this.failed, new Promise<void>((resolve) => this.out.once('drain', resolve))]);
    }
  }
}
