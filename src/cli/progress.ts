import { stderr } from 'node:process';

const everyMs = 100;

/** One line on the terminal that says how far a long command is; nothing where no person looks. */
export class Progress {
  private readonly shown = stderr.isTTY === true;
  private readonly unit: string;
  private readonly total: number;
  private lastMs = 0;

  constructor(total: number, unit: string) {
    this.total = total;
    this.unit = unit;
  }

  tell(done: number, more: string): void {
    const nowMs = performance.now();
    if (!this.shown || (done < this.total && nowMs - this.lastMs < everyMs)) return;
    this.lastMs = nowMs;
    const share = this.total === 0 ? 100 : Math.floor((done / this.total) * 100);
    stderr.write(
      `\r\x1b[K${String(share).padStart(3)} %  ${done.toLocaleString('en-US')} of ${this.total.toLocaleString('en-US')} ${this.unit}, ${more}`,
    );
  }

  /** Takes the line away. */
  end(): void {
    if (this.shown) stderr.write('\r\x1b[K');
  }
}
