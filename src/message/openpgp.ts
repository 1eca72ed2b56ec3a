import { looksLikeText } from './looks-like-text.js';

/** An ASCII-armored OpenPGP block (RFC 9580 §6.2). */
export interface ArmoredBlock {
  /** What it calls itself: `MESSAGE`, `SIGNATURE`. */
  readonly label: string;
  readonly octets: Buffer;
}

/**
 * Reads a text that is one armored block and nothing else; undefined when it is anything less or anything more, for what stands around or
 * between is text in the clear.
 */
export function readArmor(text: Buffer): ArmoredBlock | undefined {
  const whole = text.toString('latin1').trim();
  const begin = BEGIN.exec(whole);
  if (begin?.[1] === undefined) return undefined;
  const end = `-----END PGP ${begin[1]}-----`;
  if (!whole.endsWith(`\n${end}`)) return undefined;
  const lines = whole.slice(begin[0].length, -end.length).trimEnd();
  const encoded = lines.replace(CHECKSUM, '').replaceAll('\r', '').replaceAll('\n', '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return undefined;
  return { label: begin[1], octets: Buffer.from(encoded, 'base64') };
}

/**
 * True when the octets are an encrypted message (RFC 9580 §10.3) to the last: session keys for one or more, then one encrypted data packet.
 * What is in it no one can tell without a key; text that only stands in its place is noticed.
 */
export function isEncryptedOpenPgp(octets: Buffer): boolean {
  const packets = packetsOf(octets);
  const data = packets?.at(-1);
  const sessionKeys = packets?.slice(0, -1) ?? [];
  if (data === undefined || sessionKeys.length === 0) return false;
  const known = sessionKeys.every(({ tag, body }) => SESSION_KEYS.has(tag) && body.length <= MAX_SESSION_KEY_BYTES);
  return known && ENCRYPTED_DATA.has(data.tag) && data.body.length > MIN_DATA_BYTES && !looksLikeText(data.body.subarray(1));
}

/** True when the octets are signature packets and nothing else. */
export function areOpenPgpSignatures(octets: Buffer): boolean {
  const packets = packetsOf(octets);
  return packets !== undefined && packets.length > 0 && packets.every(({ tag }) => tag === SIGNATURE);
}

/** With at most ten armor headers of at most 100 characters. */
const BEGIN = /^-----BEGIN PGP ([A-Z]{1,20})-----[ \t]*\r?\n(?:[A-Za-z]{1,20}: [^\r\n]{0,100}\r?\n){0,10}[ \t]*\r?\n/;
/** Optional since RFC 9580 §6.1. */
const CHECKSUM = /\r?\n=[A-Za-z0-9+/]{4}$/;

const SIGNATURE = 2;
/** Public-key and symmetric-key encrypted session key. */
const SESSION_KEYS: ReadonlySet<number> = new Set([1, 3]);
/** Without integrity protection (old), with it, and AEAD as GnuPG writes it. */
const ENCRYPTED_DATA: ReadonlySet<number> = new Set([9, 18, 20]);
const MAX_SESSION_KEY_BYTES = 4096;
/** A version, a random block and something. */
const MIN_DATA_BYTES = 20;
const MAX_PACKETS = 10_000;

interface Packet {
  readonly tag: number;
  /** Of partial lengths only the first piece: nobody here needs more than its beginning. */
  readonly body: Buffer;
}

/** RFC 9580 §4.2; undefined when the octets are no packets, or do not end where the last one does. */
function packetsOf(octets: Buffer): Packet[] | undefined {
  const packets: Packet[] = [];
  let at = 0;
  while (at < octets.length) {
    const first = octets[at] ?? 0;
    if (packets.length === MAX_PACKETS || (first & 0x80) === 0) return undefined;
    const isNew = (first & 0x40) !== 0;
    const tag = isNew ? first & 0x3f : (first >> 2) & 0x0f;
    let length = isNew ? newLength(octets, at + 1) : oldLength(octets, at + 1, first & 3);
    let body: Buffer | undefined;
    for (;;) {
      if (length === undefined || length.end > octets.length) return undefined;
      body ??= octets.subarray(length.start, length.end);
      at = length.end;
      if (!length.partial) break;
      length = newLength(octets, at);
    }
    packets.push({ tag, body });
  }
  return packets;
}

interface Length {
  readonly start: number;
  readonly end: number;
  /** Another length follows at `end`. */
  readonly partial: boolean;
}

function newLength(octets: Buffer, at: number): Length | undefined {
  const first = octets[at];
  if (first === undefined) return undefined;
  if (first < 192) return lengthFrom(at + 1, first);
  if (first < 224) return at + 1 < octets.length ? lengthFrom(at + 2, ((first - 192) << 8) + (octets[at + 1] ?? 0) + 192) : undefined;
  if (first < 255) return lengthFrom(at + 1, 2 ** (first & 0x1f), true);
  return at + 5 <= octets.length ? lengthFrom(at + 5, octets.readUInt32BE(at + 1)) : undefined;
}

function oldLength(octets: Buffer, at: number, type: number): Length | undefined {
  const size = [1, 2, 4][type];
  if (size === undefined) return lengthFrom(at, octets.length - at);
  return at + size <= octets.length ? lengthFrom(at + size, octets.readUIntBE(at, size)) : undefined;
}

function lengthFrom(start: number, bytes: number, partial = false): Length {
  return { start, end: start + bytes, partial };
}
