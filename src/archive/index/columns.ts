import type { IndexValue, Row } from './database.js';
import type { Facts } from './facts.js';

/** The columns of a message that hold its facts; all of them are emptied when it is erased. */
export const messageColumns = [
  'form',
  'uid',
  'size',
  'sha256',
  'file',
  'sender',
  'authors',
  'visible',
  'blind',
  'rules',
  'message_id',
  'date',
  'subject',
  'copies',
] as const;

export function columnValues(facts: Facts): IndexValue[] {
  return [
    facts.form === undefined ? null : (facts.form.compressed ? 1 : 0) + (facts.form.encrypted ? 2 : 0),
    facts.uid ?? null,
    facts.sizeBytes ?? null,
    facts.sha256 === undefined ? null : Buffer.from(facts.sha256, 'hex'),
    facts.file?.replaceAll('\0', '\u{fffd}') ?? null,
    facts.sender ?? null,
    lines(facts.authors),
    lines(facts.visible),
    lines(facts.blind),
    lines(facts.rules),
    facts.messageId?.replaceAll('\0', '\u{fffd}') ?? null,
    facts.dateMs ?? null,
    facts.subject ?? null,
    facts.copies.size === 0 ? null : Buffer.concat([...facts.copies].map(([number, sha256]) => packedCopy(number, sha256))),
  ];
}

export function factsOfRow(row: Row): Facts {
  return {
    form: row.form === null ? undefined : { compressed: (Number(row.form) & 1) !== 0, encrypted: (Number(row.form) & 2) !== 0 },
    uid: orUndefined<number>(row.uid),
    sizeBytes: orUndefined<number>(row.size),
    sha256: row.sha256 === null ? undefined : octetsOf(row.sha256).toString('hex'),
    file: orUndefined<string>(row.file),
    sender: orUndefined<string>(row.sender),
    authors: ofLines(row.authors),
    visible: ofLines(row.visible),
    blind: ofLines(row.blind),
    rules: ofLines(row.rules),
    messageId: orUndefined<string>(row.message_id),
    dateMs: orUndefined<number>(row.date),
    subject: orUndefined<string>(row.subject),
    copies: row.copies === null ? new Map() : unpackedCopies(octetsOf(row.copies)),
  };
}

export function octetsOf(value: Row[string] | undefined): Buffer {
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.length) : Buffer.alloc(0);
}

/** Addresses and rule names hold no line end. */
function lines(texts: readonly string[]): string | null {
  return texts.length === 0 ? null : texts.join('\n');
}

function ofLines(value: Row[string] | undefined): string[] {
  return typeof value === 'string' ? value.split('\n') : [];
}

function orUndefined<T extends number | string>(value: Row[string] | undefined): T | undefined {
  return value === null || value === undefined ? undefined : (value as T);
}

const packedBytes = 4 + 32;

function packedCopy(number: number, sha256: string): Buffer {
  const packed = Buffer.alloc(packedBytes);
  packed.writeUInt32BE(number % 2 ** 32, 0);
  packed.write(sha256, 4, 'hex');
  return packed;
}

function unpackedCopies(packed: Buffer): Map<number, string> {
  const copies = new Map<number, string>();
  for (let at = 0; at + packedBytes <= packed.length; at += packedBytes)
    copies.set(packed.readUInt32BE(at), packed.toString('hex', at + 4, at + packedBytes));
  return copies;
}
