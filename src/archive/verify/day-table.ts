import { expectedOf } from './expected.js';
import { Row, rowBytes, rowKinds } from './rows.js';

/**
 * The rows of one day, found by id. A hash table over the last four octets of the ids, which are random (RFC 9562 §5.7); rows of one id hang
 * together. No object per row.
 */
export class DayTable {
  private readonly rows: Buffer;
  /** Row number + 1 by slot; 0: free. */
  private readonly slots: Int32Array;
  /** Number + 1 of the next row of the same id; 0: none. */
  private readonly next: Int32Array;
  /** By row: the first of an id for its original, that of a kept copy for the copy. */
  private seen: Uint8Array;

  constructor(rows: Buffer) {
    this.rows = rows;
    const count = rows.length / rowBytes;
    this.slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * count + 2)));
    this.next = new Int32Array(count);
    this.seen = new Uint8Array(count);
    for (let row = 0; row < count; row++) this.insert(row);
  }

  /** The rows of an id (16 octets), in the order of the chain; empty if there is none. Marks its original, stored in this form, as seen. */
  see(id: Buffer, form: string): Buffer[] {
    const first = this.slots[this.slotOf(id, 0)] ?? 0;
    if (first === 0) return [];
    const rows = this.rowsFrom(first);
    const { forms } = expectedOf(rows);
    // Another form than the one recorded is another file.
    if (forms.length > 0 && !forms.includes(form)) return [];
    this.seen[first - 1] = 1;
    return rows;
  }

  /** The row of a sealed copy kept beside it, which is marked as seen. */
  seeKept(id: Buffer, copy: number, form: string): Buffer | undefined {
    for (let row = this.slots[this.slotOf(id, 0)] ?? 0; row !== 0; row = this.next[row - 1] ?? 0) {
      const bytes = this.rowAt(row);
      const kept = isKept(bytes) ? new Row(bytes, 0) : undefined;
      if (kept?.number !== copy || kept.form !== form) continue;
      this.seen[row - 1] = 1;
      return bytes;
    }
    return undefined;
  }

  /** Ids whose original nobody has seen, each with its rows. */
  *unseen(): Generator<Buffer[]> {
    for (const first of this.slots) if (first !== 0 && this.seen[first - 1] === 0) yield this.rowsFrom(first);
  }

  /** Rows of kept copies nobody has seen. */
  *unseenKept(): Generator<Buffer> {
    for (let row = 1; row <= this.seen.length; row++) {
      const bytes = this.rowAt(row);
      if (this.seen[row - 1] === 0 && isKept(bytes)) yield bytes;
    }
  }

  /** Before another place is compared with the same rows. */
  forget(): void {
    this.seen = new Uint8Array(this.seen.length);
  }

  private rowAt(row: number): Buffer {
    return this.rows.subarray((row - 1) * rowBytes, row * rowBytes);
  }

  private rowsFrom(first: number): Buffer[] {
    const found: Buffer[] = [];
    for (let row = first; row !== 0; row = this.next[row - 1] ?? 0) found.push(this.rowAt(row));
    return found;
  }

  private insert(row: number): void {
    const slot = this.slotOf(this.rows, row * rowBytes);
    const first = this.slots[slot] ?? 0;
    if (first === 0) {
      this.slots[slot] = row + 1;
      return;
    }
    let last = first;
    for (let more = this.next[last - 1] ?? 0; more !== 0; more = this.next[last - 1] ?? 0) last = more;
    this.next[last - 1] = row + 1;
  }

  /** Where the id at `at` stands, or would. */
  private slotOf(bytes: Buffer, at: number): number {
    const mask = this.slots.length - 1;
    for (let slot = bytes.readInt32BE(at + 12) & mask; ; slot = (slot + 1) & mask) {
      const row = this.slots[slot] ?? 0;
      if (row === 0) return slot;
      const there = (row - 1) * rowBytes;
      if (bytes.compare(this.rows, there, there + 16, at, at + 16) === 0) return slot;
    }
  }
}

function isKept(row: Buffer): boolean {
  return row[16] === rowKinds.kept;
}
