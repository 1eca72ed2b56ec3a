import type { Progress } from '../../archive/verify/tally.js';
import { widthOf } from '../terminal.js';

interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const redrawMs = 100;
const words = { trail: 'Reading the trail', archive: 'Comparing the archive' };

/** A line on a terminal that says how far a verification has come, how fast it is, and how long it will take; nothing anywhere else. */
export class ProgressBar {
  private readonly stream: Terminal;
  private readonly nowMs: () => number;
  private drawnMs = 0;
  private phase: Progress['phase'] | undefined;
  private begun = { ms: 0, done: 0 };

  constructor(stream: Terminal, nowMs: () => number = () => performance.now()) {
    this.stream = stream;
    this.nowMs = nowMs;
  }

  show(progress: Progress): void {
    if (this.stream.isTTY !== true) return;
    const now = this.nowMs();
    if (progress.phase !== this.phase) {
      this.phase = progress.phase;
      this.begun = { ms: now, done: progress.done };
    } else if (now - this.drawnMs < redrawMs) return;
    this.drawnMs = now;
    const seconds = (now - this.begun.ms) / 1000;
    this.stream.write(`\r\x1b[2K${progressLine(progress, this.begun.done, seconds, widthOf(this.stream))}`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.stream.isTTY === true && this.phase !== undefined) this.stream.write('\r\x1b[2K');
  }
}

/** `before`: what was done when `seconds` began to count. */
export function progressLine({ phase, done, total, sizeBytes }: Progress, before: number, seconds: number, width: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const perSecond = seconds > 0.5 ? (done - before) / seconds : 0;
  const amount = phase === 'trail' ? `${size(done)} of ${size(total)}` : `${count(done)} of ${count(total)} files, ${size(sizeBytes)}`;
  const rate = perSecond === 0 ? '' : phase === 'trail' ? `, ${size(perSecond)}/s` : `, ${count(Math.round(perSecond))}/s`;
  const left = perSecond === 0 ? '' : `, ${duration((total - done) / perSecond)} left`;
  const text = `${String(Math.floor(100 * share)).padStart(3)} %  ${amount}${rate}${left}`;
  const room = width - words[phase].length - text.length - 5;
  const bar = room < 8 ? '' : `${bars(share, Math.min(room, 30))}  `;
  return `${words[phase]}  ${bar}${text}`.slice(0, width - 1);
}

function bars(share: number, cells: number): string {
  const full = Math.round(share * cells);
  return '█'.repeat(full) + '░'.repeat(cells - full);
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}

function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** `0:09`, `12:04`, `3:00:00` */
function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number: number) => String(number).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
