import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diskFault } from '../../disk/faults.js';
import { bufferOf, RowWriter, rowBytes, timeOfRow } from './rows.js';

const dayMs = 86_400_000;

/**
 * Rows sorted into the days of the archive. Memory is bounded: beyond `budgetBytes` all that was gathered goes to a file a day, in a directory
 * of its own that is removed again. Nothing depends on these files after a crash.
 */
export class RowsByDay {
  private readonly days = new Map<string, RowWriter>();
  private readonly spilled = new Set<string>();
  private readonly budgetBytes: number;
  private readonly wanted: (day: string) => boolean;
  private heldBytes = 0;
  private directory: string | undefined;

  /** `wanted`: rows of other days (`YYYY/MM/DD`) are passed over. */
  constructor(budgetBytes: number, wanted: (day: string) => boolean) {
    this.budgetBytes = budgetBytes;
    this.wanted = wanted;
  }

  add(rows: Uint8Array): void {
    const bytes = bufferOf(rows);
    // Rows that follow each other are of one day, but for a few: they are copied together.
    let start = 0;
    let number = -1;
    for (let at = 0; at < bytes.length; at += rowBytes) {
      const next = Math.floor(timeOfRow(bytes, at) / dayMs);
      if (next === number) continue;
      if (at > start) this.addTo(number, bytes.subarray(start, at));
      [start, number] = [at, next];
    }
    if (bytes.length > start) this.addTo(number, bytes.subarray(start));
    if (this.heldBytes > this.budgetBytes) this.spill();
  }

  /** Days that have rows, in order. */
  get names(): string[] {
    return [...new Set([...this.days.keys(), ...this.spilled])].sort();
  }

  /** The rows of a day, which are forgotten here. */
  take(day: string): Buffer {
    const held = this.days.get(day);
    this.days.delete(day);
    this.heldBytes -= held?.sizeBytes ?? 0;
    const inMemory = held === undefined ? Buffer.alloc(0) : bufferOf(held.take());
    if (!this.spilled.has(day) || this.directory === undefined) return inMemory;
    const path = fileOf(this.directory, day);
    try {
      const before = readFileSync(path);
      rmSync(path);
      return Buffer.concat([before, inMemory]);
    } catch (error) {
      throw diskFault(error, 'read', path);
    }
  }

  close(): void {
    if (this.directory !== undefined) rmSync(this.directory, { recursive: true, force: true });
    this.directory = undefined;
  }

  private addTo(dayNumber: number, rows: Buffer): void {
    const day = new Date(dayNumber * dayMs).toISOString().slice(0, 10).replaceAll('-', '/');
    if (!this.wanted(day)) return;
    const writer = this.days.get(day) ?? new RowWriter();
    this.days.set(day, writer);
    writer.append(rows);
    this.heldBytes += rows.length;
  }

  private spill(): void {
    try {
      this.directory ??= mkdtempSync(join(tmpdir(), 'sealdrop-verify-'));
      for (const [day, writer] of this.days) {
        appendFileSync(fileOf(this.directory, day), writer.take(), { mode: 0o600 });
        this.spilled.add(day);
      }
    } catch (error) {
      throw diskFault(error, 'write', this.directory ?? tmpdir());
    }
    this.days.clear();
    this.heldBytes = 0;
  }
}

function fileOf(directory: string, day: string): string {
  return join(directory, day.replaceAll('/', '-'));
}
