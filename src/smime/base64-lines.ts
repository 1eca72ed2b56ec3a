import type { Octets } from '../message/octets.js';

/** Characters in a line (RFC 2045 §6.8) and the octets they stand for. */
const LINE_CHARACTERS = 76;
const LINE_OCTETS = 57;
const FOLDED_LINE = LINE_CHARACTERS + 2;
const CRLF = 0x0d0a;

/**
 * Lines encoded at a time. 39 KB of text stay in the processor's cache between encoding and folding, and a string of that size is an
 * ordinary young object to V8; above 128 KB each would be a large object, and collecting those costs twenty times the encoding.
 */
const BLOCK_LINES = 512;

/** The most octets in a piece of the result. A usual mail is one piece, a large one many that are soon given back. */
const PIECE_LINES = 2 * BLOCK_LINES;

/** Octets that base64 in lines of 76 characters, each ended by CRLF, takes for `octets` octets. */
function base64LinesLength(octets: number): number {
  const characters = Math.ceil(octets / 3) * 4;
  return characters + 2 * Math.ceil(characters / LINE_CHARACTERS);
}

/**
 * The octets as base64 lines, made piece by piece as they are asked for. Their pieces throw RangeError when the octets are more or fewer than
 * they said: neither memory that was never written nor an end cut off may leave.
 */
export function base64Lines(octets: Octets): Octets {
  const sizeBytes = base64LinesLength(octets.sizeBytes);
  return { sizeBytes, pieces: () => linePieces(octets, sizeBytes) };
}

function* linePieces(octets: Octets, sizeBytes: number): Generator<Buffer> {
  let room = new Room(sizeBytes);
  let leftBytes = sizeBytes;
  const partial = Buffer.allocUnsafe(LINE_OCTETS);
  let partialOctets = 0;
  for (const piece of octets.pieces()) {
    let start = 0;
    if (partialOctets > 0) {
      start = piece.copy(partial, partialOctets, 0, LINE_OCTETS - partialOctets);
      partialOctets += start;
      if (partialOctets < LINE_OCTETS) continue;
      room.writeLines(partial, 0, LINE_OCTETS);
    }
    const end = piece.length - ((piece.length - start) % LINE_OCTETS);
    for (let from = start; ; ) {
      if (room.isFull && leftBytes > room.bytes.length) {
        yield room.bytes;
        leftBytes -= room.bytes.length;
        room = new Room(leftBytes);
      }
      if (from === end) break;
      const to = Math.min(end, from + LINE_OCTETS * Math.min(room.linesLeft, BLOCK_LINES));
      room.writeLines(piece, from, to);
      from = to;
    }
    partialOctets = piece.copy(partial, 0, end);
  }
  room.writeLastLine(partial, partialOctets);
  if (!room.isFull || leftBytes !== room.bytes.length) throw notAsPromised();
  if (room.bytes.length > 0) yield room.bytes;
}

function notAsPromised(): RangeError {
  return new RangeError('the octets are not as many as they said');
}

/** A piece of the result that is being filled. */
class Room {
  readonly bytes: Buffer;
  private readonly view: DataView;
  private position = 0;

  /** `leftBytes`: the result from here to its end, of which one piece is made room for. */
  constructor(leftBytes: number) {
    this.bytes = Buffer.allocUnsafe(Math.min(leftBytes, PIECE_LINES * FOLDED_LINE));
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
  }

  get isFull(): boolean {
    return this.position === this.bytes.length;
  }

  /** Whole lines that there is room for. */
  get linesLeft(): number {
    return Math.floor((this.bytes.length - this.position) / FOLDED_LINE);
  }

  /**
   * Whole lines of `piece`, at most BLOCK_LINES: they are encoded without line ends to where the last of them will stand, then moved down
   * into their places, first to last, which opens the gaps for CRLF.
   */
  writeLines(piece: Buffer, from: number, to: number): void {
    const lines = (to - from) / LINE_OCTETS;
    if (lines === 0 || lines > this.linesLeft) throw notAsPromised();
    this.bytes.write(piece.toString('base64', from, to), this.position + 2 * lines, 'latin1');
    spreadLines(this.view, this.position + 2 * lines, this.position, lines);
    this.position += lines * FOLDED_LINE;
  }

  writeLastLine(partial: Buffer, octets: number): void {
    if (octets === 0) return;
    if (base64LinesLength(octets) > this.bytes.length - this.position) throw notAsPromised();
    this.position += this.bytes.write(partial.toString('base64', 0, octets), this.position, 'latin1');
    this.position = this.bytes.writeUInt16BE(CRLF, this.position);
  }
}

/**
 * A line's 76 characters are moved as nine 8-octet numbers and one of 4: V8 compiles these to plain loads and stores, several times
 * faster than a call to copy() a line. ASCII read as float64 is never a NaN, so its bits arrive unchanged. `from` is never below `to`, so
 * nothing is overwritten before it is read.
 */
function spreadLines(view: DataView, from: number, to: number, lines: number): void {
  let source = from;
  let target = to;
  for (let line = 0; line < lines; line += 1) {
    for (let at = 0; at < 72; at += 8) view.setFloat64(target + at, view.getFloat64(source + at, true), true);
    view.setUint32(target + 72, view.getUint32(source + 72, true), true);
    view.setUint16(target + LINE_CHARACTERS, CRLF);
    source += LINE_CHARACTERS;
    target += FOLDED_LINE;
  }
}
