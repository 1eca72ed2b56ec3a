import type { DetailPlace } from '../../audit/details-reader.js';

/**
 * What the records of the trail say of the archive, in rows of 64 octets, for there may be a hundred million:
 *    0  16  the message's id
 *   16   1  kind, see rowKinds
 *   17   1  flags: 1 a hash is known, 2 the form of the stored file is known, 4 the detail's place is known,
 *          8 the second location has the file too, 16 it is compressed, 32 it is encrypted
 *   18   2  number of the audit segment that holds the detail of an `archived` row; of a `kept` row, the copy's number
 *   20   4  octets of that details line
 *   24   8  its offset, as a double
 *   32  32  SHA-256: of the original, of the stored file, of the kept copy's file
 */
export const rowBytes = 64;

/**
 * `accepted`: an original was taken, and may not be in the archive yet. `archived`: the archive has it. `stored`: of the file it is in, where
 * that is not the plain original. `kept`: a sealed copy beside it.
 */
export const rowKinds = { accepted: 1, archived: 2, stored: 3, kept: 4 } as const;
export type RowKind = keyof typeof rowKinds;

const flags = { hash: 1, form: 2, place: 4, second: 8, gz: 16, p7m: 32 } as const;

/** A row to be written. */
export interface NewRow {
  readonly id: string;
  readonly kind: RowKind;
  /** Hex. */
  readonly sha256?: string | undefined;
  /** End of the stored file's name behind `.eml`, if it is known. */
  readonly form?: string | undefined;
  /** Of a kept copy. */
  readonly number?: number;
  /** The second location has it too. */
  readonly second?: boolean;
  readonly place?: (DetailPlace & { readonly segment: number }) | undefined;
}

/** Rows one after the other in memory that grows. */
export class RowWriter {
  private bytes: Buffer<ArrayBuffer> = Buffer.alloc(256 * rowBytes);
  private used = 0;

  /** Returns the offset of the new row. */
  add({ id, kind, sha256, form, number, second, place }: NewRow): number {
    const at = this.used;
    this.reserve(rowBytes);
    const { bytes } = this;
    bytes.write(id.replaceAll('-', ''), at, 'hex');
    bytes[at + 16] = rowKinds[kind];
    bytes[at + 17] = formFlags(form) | (second === true ? flags.second : 0);
    this.used += rowBytes;
    if (sha256 !== undefined) {
      bytes.write(sha256, at + 32, 'hex');
      bytes[at + 17] = (bytes[at + 17] ?? 0) | flags.hash;
    }
    if (number !== undefined) bytes.writeUInt16BE(number, at + 18);
    if (place !== undefined) this.setPlace(at, place);
    return at;
  }

  /** An `accepted` row becomes an `archived` one: most messages have one row. */
  archive(at: number, { form, second, place }: Pick<NewRow, 'form' | 'second' | 'place'>): void {
    this.bytes[at + 16] = rowKinds.archived;
    this.bytes[at + 17] = (this.bytes[at + 17] ?? 0) | formFlags(form) | (second === true ? flags.second : 0);
    if (place !== undefined) this.setPlace(at, place);
  }

  append(rows: Uint8Array): void {
    this.reserve(rows.length);
    this.bytes.set(rows, this.used);
    this.used += rows.length;
  }

  get sizeBytes(): number {
    return this.used;
  }

  /** All rows, to be handed to another thread; the writer is empty afterwards. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(this.bytes.buffer, this.bytes.byteOffset, this.used);
    this.bytes = Buffer.alloc(0);
    this.used = 0;
    return taken;
  }

  private setPlace(at: number, { segment, offset, sizeBytes }: DetailPlace & { readonly segment: number }): void {
    const { bytes } = this;
    bytes[at + 17] = (bytes[at + 17] ?? 0) | flags.place;
    bytes.writeUInt16BE(segment, at + 18);
    bytes.writeUInt32BE(sizeBytes, at + 20);
    bytes.writeDoubleBE(offset, at + 24);
  }

  private reserve(more: number): void {
    if (this.used + more <= this.bytes.length) return;
    const grown = Buffer.alloc(Math.max(2 * this.bytes.length, this.used + more, 256 * rowBytes));
    this.bytes.copy(grown, 0, 0, this.used);
    this.bytes = grown;
  }
}

/** A row that is read. */
export class Row {
  private readonly bytes: Buffer;
  private readonly at: number;

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  get kind(): RowKind {
    return kindNames[this.bytes[this.at + 16] ?? 0] ?? 'accepted';
  }

  /** A view. */
  get sha256(): Buffer | undefined {
    return this.has(flags.hash) ? this.bytes.subarray(this.at + 32, this.at + 64) : undefined;
  }

  /** End of the stored file's name behind `.eml`; undefined if unknown. */
  get form(): string | undefined {
    if (!this.has(flags.form)) return undefined;
    return (this.has(flags.gz) ? '.gz' : '') + (this.has(flags.p7m) ? '.p7m' : '');
  }

  get isInSecond(): boolean {
    return this.has(flags.second);
  }

  /** Of a kept copy. */
  get number(): number {
    return this.bytes.readUInt16BE(this.at + 18);
  }

  get place(): (DetailPlace & { readonly segment: number }) | undefined {
    if (!this.has(flags.place)) return undefined;
    const { bytes, at } = this;
    return { segment: bytes.readUInt16BE(at + 18), sizeBytes: bytes.readUInt32BE(at + 20), offset: bytes.readDoubleBE(at + 24) };
  }

  private has(flag: number): boolean {
    return ((this.bytes[this.at + 17] ?? 0) & flag) !== 0;
  }
}

function formFlags(form: string | undefined): number {
  if (form === undefined) return 0;
  return flags.form | (form.startsWith('.gz') ? flags.gz : 0) | (form.endsWith('.p7m') ? flags.p7m : 0);
}

const kindNames: readonly (RowKind | undefined)[] = [undefined, 'accepted', 'archived', 'stored', 'kept'];

export function bufferOf(rows: Uint8Array): Buffer {
  return Buffer.from(rows.buffer, rows.byteOffset, rows.length);
}

/** Milliseconds of the claim, which the id begins with (UUIDv7). */
export function timeOfRow(rows: Buffer, at: number): number {
  return rows.readUIntBE(at, 6);
}

/** `YYYY/MM/DD` of the archive. */
export function dayOfRow(rows: Buffer, at: number): string {
  return new Date(timeOfRow(rows, at)).toISOString().slice(0, 10).replaceAll('-', '/');
}

export function idOfRow(rows: Buffer, at: number): string {
  const hex = rows.toString('hex', at, at + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
