import { createHash, createHmac } from 'node:crypto';
import { freshOctets } from '../fresh-octets.js';

/**
 * One line of `audit/YYYY-MM-DD.chain.jsonl`. The chain holds no personal data: what a record is about stands in the details file,
 * and the chain holds a commitment to it, so that details can be erased by retention and the chain still verifies.
 */
export interface ChainRecord {
  readonly seq: number;
  readonly time: string;
  readonly event: string;
  readonly id?: string;
  readonly outcome?: string;
  readonly algorithms?: string;
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
  const hash = createHash('sha256').update(unhashed, 'utf8').digest('hex');
  return { line: `${unhashed.slice(0, -1)},"hash":"${hash}"}`, hash };
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
  const match = /^(.*),"hash":"([0-9a-f]{64})"\}$/s.exec(line);
  if (match === null) return { kind: 'torn' };
  const [, body = '', hash = ''] = match;
  const record = jsonObject(`${body},"hash":"${hash}"}`);
  if (createHash('sha256').update(`${body}}`, 'utf8').digest('hex') !== hash) {
    return { kind: 'altered', seq: typeof record?.seq === 'number' ? record.seq : undefined };
  }
  return isChainRecord(record) ? { kind: 'record', record } : { kind: 'altered', seq: undefined };
}

export type ParsedDetailsLine =
  | { readonly kind: 'detail'; readonly seq: number; readonly salt: string; readonly text: string }
  /** Erased by retention; the chain record stays. */
  | { readonly kind: 'erased'; readonly seq: number }
  | { readonly kind: 'torn' };

export function parseDetailsLine(line: string): ParsedDetailsLine {
  const match = /^\{"seq":(\d+),"salt":"([0-9a-f]{32})","detail":(\{.*\})\}$/s.exec(line);
  if (match !== null) {
    const [, seq = '', salt = '', text = ''] = match;
    return jsonObject(text) === undefined ? { kind: 'torn' } : { kind: 'detail', seq: Number(seq), salt, text };
  }
  const erased = /^\{"seq":(\d+),"erased":true\}$/.exec(line);
  return erased === null ? { kind: 'torn' } : { kind: 'erased', seq: Number(erased[1]) };
}

function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isChainRecord(value: Record<string, unknown> | undefined): value is Record<string, unknown> & ChainRecord {
  if (value === undefined) return false;
  const texts = [value.time, value.event, value.detail, value.prev, value.hash];
  return typeof value.seq === 'number' && texts.every((text) => typeof text === 'string');
}
