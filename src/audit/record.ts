import { createHmac, hash } from 'node:crypto';
import { freshOctets } from '../fresh-octets.js';

/**
 * One line of `audit/<segment>.chain.jsonl`. The chain holds no personal data: what a record is about stands in the details file,
 * and the chain holds a commitment to it, so that details can be erased by retention and the chain still verifies.
 */
export interface ChainRecord {
  readonly seq: number;
  readonly time: string;
  readonly event: string;
  readonly id?: string | undefined;
  readonly outcome?: string | undefined;
  readonly algorithms?: string | undefined;
  /** HMAC-SHA-256 (key: the salt of the details line) over the detail's exact bytes, hex. */
  readonly detail: string;
  /** Hash of the record before, hex; 64 zeros for the very first. */
  readonly prev: string;
  /** SHA-256 over this line's bytes without the hash member, hex. */
  readonly hash: string;
}

/** A record not yet placed in the chain. Made where the work is done, so that the one writer only numbers and hashes it. */
export interface Entry {
  readonly event: string;
  readonly id?: string | undefined;
  readonly outcome?: string | undefined;
  readonly algorithms?: string | undefined;
  readonly salt: string;
  readonly commitment: string;
  /** JSON text of the detail. */
  readonly detail: string;
}

export interface EntryFacts {
  readonly id?: string | undefined;
  readonly outcome?: string | undefined;
  readonly algorithms?: string | undefined;
}

export const firstPrev = '0'.repeat(64);

export function newEntry(event: string, facts: EntryFacts, detail: object): Entry {
  const salt = freshOctets(16).toString('hex');
  const text = JSON.stringify(detail);
  return { event, ...facts, salt, commitment: commitmentTo(text, salt), detail: text };
}

export function commitmentTo(detail: string, salt: string): string {
  return createHmac('sha256', Buffer.from(salt, 'hex')).update(detail, 'utf8').digest('hex');
}

/** The chain line (without line feed) of an entry at its place, and its hash. */
export function chainLine(entry: Entry, place: { seq: number; time: Date; prev: string }): { line: string; hash: string } {
  const unhashed = JSON.stringify({
    seq: place.seq,
    time: place.time.toISOString(),
    event: entry.event,
    id: entry.id,
    outcome: entry.outcome,
    algorithms: entry.algorithms,
    detail: entry.commitment,
    prev: place.prev,
  });
  const own = hash('sha256', unhashed, 'hex');
  return { line: `${unhashed.slice(0, -1)},"hash":"${own}"}`, hash: own };
}

/** The details line (without line feed) of an entry. The detail stands last and unaltered, so that its exact bytes can be cut out again. */
export function detailsLine(entry: Entry, seq: number): string {
  return `{"seq":${seq},"salt":"${entry.salt}","detail":${entry.detail}}`;
}

export type ParsedChainLine =
  | { readonly kind: 'record'; readonly record: ChainRecord }
  /** Not a complete record: what a torn write leaves. */
  | { readonly kind: 'torn' }
  /** A complete record whose bytes do not match its own hash: somebody changed it. */
  | { readonly kind: 'altered'; readonly seq: number | undefined };

export function parseChainLine(line: string): ParsedChainLine {
  return readChainLine(Buffer.from(line, 'utf8'));
}

/** The same from bytes, for those who read millions. */
export function readChainLine(line: Buffer): ParsedChainLine {
  const at = line.length - hashMember.bytes;
  if (at < 1) return { kind: 'torn' };
  const known = usualRecord(line);
  const own = known === undefined ? line.toString('latin1', at) : undefined;
  if (own !== undefined && !hashMember.shape.test(own)) return { kind: 'torn' };
  const record = known ?? jsonObject(line.toString('utf8'));
  // The record without its hash member is its beginning and one brace: put there for as long as it is hashed, nothing is copied.
  line[at] = closingBrace;
  const actual = hash('sha256', line.subarray(0, at + 1), 'hex');
  line[at] = comma;
  if (actual !== (known?.hash ?? own?.slice(9, 73)))
    return { kind: 'altered', seq: typeof record?.seq === 'number' ? record.seq : undefined };
  return isChainRecord(record) ? { kind: 'record', record } : { kind: 'altered', seq: undefined };
}

/**
 * What `JSON.parse` makes of a line as `chainLine` writes it, in half the time. Undefined for any other line, which may be a record all the
 * same: with escapes or letters beyond ASCII in it, say.
 */
function usualRecord(line: Buffer): ChainRecord | undefined {
  if (line.length > usualBytes) return undefined;
  const match = usual.exec(line.toString('latin1'));
  if (match === null) return undefined;
  const [, seq = '', time = '', event = '', id, outcome, algorithms, detail = '', prev = '', own = ''] = match;
  return { seq: Number(seq), time, event, id, outcome, algorithms, detail, prev, hash: own };
}

const usualBytes = 4096;
const text = '([ !#-\\[\\]-~]*)';
const member = (name: string) => `"${name}":"${text}"`;
const usual = new RegExp(
  `^\\{"seq":(0|[1-9]\\d{0,15}),${member('time')},${member('event')}(?:,${member('id')})?(?:,${member('outcome')})?` +
    `(?:,${member('algorithms')})?,${member('detail')},${member('prev')},"hash":"([0-9a-f]{64})"\\}$`,
);

/** `,"hash":"` + 64 hex digits + `"}` */
const hashMember = { bytes: 75, shape: /^,"hash":"[0-9a-f]{64}"\}$/ };
const closingBrace = 0x7d;
const comma = 0x2c;

export type ParsedDetailsLine =
  | { readonly kind: 'detail'; readonly seq: number; readonly salt: string; readonly text: string }
  /** Erased by retention; the chain record stays. */
  | { readonly kind: 'erased'; readonly seq: number }
  | { readonly kind: 'torn' };

export function parseDetailsLine(line: string): ParsedDetailsLine {
  const cut = cutDetailsLine(Buffer.from(line, 'utf8'));
  if (cut === undefined) return { kind: 'torn' };
  if (cut.kind === 'erased') return cut;
  const text = cut.text.toString('utf8');
  return jsonObject(text) === undefined ? { kind: 'torn' } : { kind: 'detail', seq: cut.seq, salt: cut.salt, text };
}

/** The parts of a details line as they stand, the text a view of it; whether the detail is JSON is not looked at. `salt`: 32 hex digits. */
export type RawDetail =
  | { readonly kind: 'detail'; readonly seq: number; readonly salt: string; readonly text: Buffer }
  | { readonly kind: 'erased'; readonly seq: number };

/** Undefined for what is no details line. */
export function cutDetailsLine(line: Buffer): RawDetail | undefined {
  const head = line.toString('latin1', 0, detailHeadBytes);
  const match = /^\{"seq":(\d+),"salt":"([0-9a-f]{32})","detail":\{/.exec(head);
  if (match !== null) {
    if (line[line.length - 1] !== closingBrace || line[line.length - 2] !== closingBrace) return undefined;
    const [{ length }, seq = '', salt = ''] = match;
    return { kind: 'detail', seq: Number(seq), salt, text: line.subarray(length - 1, -1) };
  }
  const erased = /^\{"seq":(\d+),"erased":true\}$/.exec(line.length < detailHeadBytes ? head : '');
  return erased === null ? undefined : { kind: 'erased', seq: Number(erased[1]) };
}

/** More than what stands before a detail, with a number of 16 digits. */
const detailHeadBytes = 100;

/** Whether the chain committed to this detail: HMAC-SHA-256 (RFC 2104) in two hashes, which is faster than asking for a keyed one. */
export function isCommittedTo(commitment: string, { salt, text }: { readonly salt: string; readonly text: Buffer }): boolean {
  const bytes = blockBytes + text.length;
  if (inner.length < bytes) {
    inner = Buffer.alloc(2 * bytes);
    inner.fill(innerOctet, 0, blockBytes);
  }
  // The salt takes the first 16 octets of a block; what stands behind them in both never changes.
  outer.write(salt, 'hex');
  for (let i = 0; i < saltBytes; i++) {
    const octet = outer[i] ?? 0;
    inner[i] = octet ^ innerOctet;
    outer[i] = octet ^ outerOctet;
  }
  text.copy(inner, blockBytes);
  // As a string: a Buffer of the result takes longer than the hash.
  outer.write(hash('sha256', inner.subarray(0, bytes), 'binary'), blockBytes, 'latin1');
  return hash('sha256', outer, 'hex') === commitment;
}

const blockBytes = 64;
const saltBytes = 16;
const [innerOctet, outerOctet] = [0x36, 0x5c];
const outer = Buffer.alloc(blockBytes + 32, outerOctet);
let inner = Buffer.alloc(1 << 16);
inner.fill(innerOctet, 0, blockBytes);

function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isChainRecord(value: ChainRecord | Record<string, unknown> | undefined): value is ChainRecord {
  if (value === undefined) return false;
  const texts = [value.time, value.event, value.detail, value.prev, value.hash];
  return typeof value.seq === 'number' && texts.every((text) => typeof text === 'string');
}
