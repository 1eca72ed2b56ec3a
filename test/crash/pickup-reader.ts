import { mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A stand-in for the MTA's pickup reader: takes every file it sees out of the directory, at once and for good. A copy that is committed
 * twice is seen twice, which a directory that is only looked at at the end could not show.
 */
export class PickupReader {
  /** File names in the order they were taken; a duplicate appears twice. */
  readonly taken: string[] = [];
  private readonly timer: NodeJS.Timeout;
  private readonly from: string;
  private readonly to: string;

  constructor(from: string, to: string) {
    this.from = from;
    this.to = to;
    mkdirSync(to, { recursive: true });
    this.timer = setInterval(() => this.take(), 5);
  }

  take(): void {
    for (const name of readdirSync(this.from)) {
      if (!name.endsWith('.eml')) continue;
      renameSync(join(this.from, name), join(this.to, `${this.taken.length}-${name}`));
      this.taken.push(name);
    }
  }

  stop(): void {
    clearInterval(this.timer);
    this.take();
  }

  /** What was taken, with its bytes. */
  files(): { name: string; bytes: Buffer }[] {
    return this.taken.map((name, index) => ({ name, bytes: readFileSync(join(this.to, `${index}-${name}`)) }));
  }
}
