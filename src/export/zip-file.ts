import { closeSync, createReadStream, statSync, writeSync } from 'node:fs';
import { crc32, createDeflateRaw, deflateRawSync } from 'node:zlib';
import { openNewFile, removeIfThere, syncDescriptor, writeAll } from '../disk/durable.js';
import { diskFault } from '../disk/faults.js';

/** Of an entry, as both its headers say it (APPNOTE.TXT 4.3.7, 4.3.12). */
interface Entry {
  readonly name: Buffer;
  readonly date: Date;
  readonly method: 0 | 8;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
}

const most32 = 0xffffffff;
const most16 = 0xffff;

/**
 * A zip file (zip64 where it has to be) that is written as it grows; sizes stand in front of the data, so that any reader can read it. Memory
 * does not grow with the entries: what the central directory will say waits in a file beside. Mode 0600, durable when `close` returns.
 */
export class ZipFile {
  private readonly path: string;
  private readonly out: number;
  private readonly directory: number;
  private offset = 0;
  private entries = 0;

  constructor(path: string) {
    this.path = path;
    this.out = openNewFile(path, { mode: 0o600 });
    this.directory = openNewFile(`${path}.directory`, { mode: 0o600 });
  }

  async addBytes(name: string, bytes: Buffer, date: Date): Promise<void> {
    // What is encrypted does not get smaller.
    const deflated = name.endsWith('.p7m') ? bytes : deflateRawSync(bytes);
    const isSmaller = deflated.length < bytes.length;
    const data = isSmaller ? deflated : bytes;
    const facts = { name: Buffer.from(name), date, crc: crc32(bytes), packed: data.length, size: bytes.length, offset: this.offset };
    const entry: Entry = { ...facts, method: isSmaller ? 8 : 0 };
    this.append(localHeader(entry, false));
    this.append(data);
    this.list(entry);
  }

  /** A file that is read as it is packed. */
  async addFile(name: string, path: string, date: Date): Promise<void> {
    const size = sizeOf(path);
    const start: Entry = { name: Buffer.from(name), date, method: 8, crc: 0, packed: 0, size, offset: this.offset };
    // Packed, it is at most a little larger than it is.
    const large = size > most32 - (1 << 26);
    this.append(localHeader(start, large));
    const before = this.offset;
    let crc = 0;
    const deflate = createDeflateRaw();
    const source = createReadStream(path, { highWaterMark: 1 << 18 });
    source.on('data', (piece) => {
      crc = crc32(piece, crc);
    });
    source.on('error', (error) => deflate.destroy(diskFault(error, 'read', path)));
    for await (const piece of source.pipe(deflate)) this.append(piece as Buffer);
    const entry: Entry = { ...start, crc, packed: this.offset - before };
    writeAt(this.out, localHeader(entry, large), entry.offset, this.path);
    this.list(entry);
  }

  async close(): Promise<void> {
    const start = this.offset;
    for await (const piece of createReadStream(`${this.path}.directory`, { highWaterMark: 1 << 18 })) this.append(piece as Buffer);
    this.append(endOf(this.entries, start, this.offset - start));
    syncDescriptor(this.out, this.path);
    this.abandon();
    removeIfThere(`${this.path}.directory`);
  }

  /** Closes it as it is. */
  abandon(): void {
    closeSync(this.out);
    closeSync(this.directory);
  }

  private append(bytes: Buffer): void {
    writeAll(this.out, bytes, this.path);
    this.offset += bytes.length;
  }

  private list(entry: Entry): void {
    writeAll(this.directory, centralHeader(entry), `${this.path}.directory`);
    this.entries++;
  }
}

function localHeader(entry: Entry, large: boolean): Buffer {
  const { name, size, packed } = entry;
  const extra = large ? zip64([size, packed]) : Buffer.alloc(0);
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x04034b50, 0);
  common(entry, large).copy(head, 4);
  head.writeUInt32LE(large ? most32 : packed, 18);
  head.writeUInt32LE(large ? most32 : size, 22);
  head.writeUInt16LE(name.length, 26);
  head.writeUInt16LE(extra.length, 28);
  return Buffer.concat([head, name, extra]);
}

function centralHeader(entry: Entry): Buffer {
  const { name, size, packed, offset } = entry;
  const extra = zip64([size, packed, offset].filter((number) => number >= most32));
  const head = Buffer.alloc(46);
  head.writeUInt32LE(0x02014b50, 0);
  // Made on Unix (3), so that the mode counts.
  head.writeUInt16LE((3 << 8) | 45, 4);
  common(entry, extra.length > 0).copy(head, 6);
  head.writeUInt32LE(Math.min(packed, most32), 20);
  head.writeUInt32LE(Math.min(size, most32), 24);
  head.writeUInt16LE(name.length, 28);
  head.writeUInt16LE(extra.length, 30);
  head.writeUInt32LE((0o100600 << 16) >>> 0, 38);
  head.writeUInt32LE(Math.min(offset, most32), 42);
  return Buffer.concat([head, name, extra]);
}

/** What both headers have: version needed, flags (names are UTF-8), method, time, CRC. */
function common({ method, date, crc }: Entry, large: boolean): Buffer {
  const bytes = Buffer.alloc(14);
  bytes.writeUInt16LE(large ? 45 : 20, 0);
  bytes.writeUInt16LE(0x0800, 2);
  bytes.writeUInt16LE(method, 4);
  bytes.writeUInt16LE((date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1), 6);
  bytes.writeUInt16LE((Math.max(0, date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate(), 8);
  bytes.writeUInt32LE(crc, 10);
  return bytes;
}

/** The extra field of numbers that 32 bits do not hold (4.5.3); empty for none. */
function zip64(numbers: readonly number[]): Buffer {
  if (numbers.length === 0) return Buffer.alloc(0);
  const extra = Buffer.alloc(4 + 8 * numbers.length);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(8 * numbers.length, 2);
  for (const [index, number] of numbers.entries()) extra.writeBigUInt64LE(BigInt(number), 4 + 8 * index);
  return extra;
}

/** The end of the central directory (4.3.14 to 4.3.16), which begins at `start`. */
function endOf(entries: number, start: number, bytes: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  for (const at of [8, 10]) end.writeUInt16LE(Math.min(entries, most16), at);
  end.writeUInt32LE(Math.min(bytes, most32), 12);
  end.writeUInt32LE(Math.min(start, most32), 16);
  if (entries < most16 && bytes < most32 && start < most32) return end;
  const large = Buffer.alloc(56);
  large.writeUInt32LE(0x06064b50, 0);
  large.writeBigUInt64LE(44n, 4);
  large.writeUInt16LE((3 << 8) | 45, 12);
  large.writeUInt16LE(45, 14);
  for (const at of [24, 32]) large.writeBigUInt64LE(BigInt(entries), at);
  large.writeBigUInt64LE(BigInt(bytes), 40);
  large.writeBigUInt64LE(BigInt(start), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(start + bytes), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([large, locator, end]);
}

function writeAt(descriptor: number, bytes: Buffer, position: number, path: string): void {
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
  } catch (error) {
    throw diskFault(error, 'write', path);
  }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch (error) {
    throw diskFault(error, 'read', path);
  }
}
