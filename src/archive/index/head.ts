import { closeSync, openSync, readSync } from 'node:fs';
import { constants, gunzipSync } from 'node:zlib';
import { parseAddressList } from '../../message/address.js';
import { decodeOctets, fieldsNamed, type HeaderField, rawValue } from '../../message/field.js';
import { type HeaderBlock, readHeaderBlock } from '../../message/header-block.js';
import { decodeWords } from '../../message/mail-libraries.js';
import { findMessageStart, MAX_HEADER_FIELDS } from '../../message/message-start.js';

/** What the index takes from the header of an original. */
export interface HeadFacts {
  readonly authors: readonly string[];
  /** Mailboxes in To and Cc. */
  readonly visible: readonly string[];
  /** Mailboxes in Bcc, and of x-receiver lines those that are not in To or Cc. */
  readonly blind: readonly string[];
  readonly subject: string | undefined;
  readonly dateMs: number | undefined;
  readonly messageId: string | undefined;
}

/** Most headers end within the first; what stands behind the second is not looked for. */
const readBytes = [16 * 1024, 1024 * 1024];
/** A compressed header that is longer than this is not read: it is no header, and would only fill memory. */
const maxInflatedBytes = 16 * 1024 * 1024;
const maxSubjectCharacters = 1000;
const maxRawCharacters = 8 * maxSubjectCharacters;

/** Reads the header only. Undefined if the file is not there or cannot be read: what is wrong with it is for `archive verify` to say. */
export function readHead(path: string, compressed: boolean): HeadFacts | undefined {
  const block = readBlock(path, compressed);
  if (block === undefined) return undefined;
  const { fields } = block;
  const visible = mailboxesIn(fields, ['To', 'Cc']);
  const blind = mailboxesIn(fields, ['Bcc', 'x-receiver']).filter((each) => !visible.includes(each));
  return {
    authors: mailboxesIn(fields, ['From']),
    visible,
    blind,
    subject: subjectIn(fields),
    dateMs: dateIn(fields),
    messageId: firstValue(fields, 'Message-ID')
      ?.replace(/^<(.*)>$/s, '$1')
      .slice(0, maxSubjectCharacters),
  };
}

function readBlock(path: string, compressed: boolean): HeaderBlock | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    let block: HeaderBlock | undefined;
    for (const most of readBytes) {
      const piece = Buffer.allocUnsafe(most);
      const got = readSync(descriptor, piece, 0, most, 0);
      const stored = piece.subarray(0, got);
      const bytes = compressed ? inflated(stored) : stored;
      block = readHeaderBlock(bytes, findMessageStart(bytes).offset, { end: bytes.length, maxFields: MAX_HEADER_FIELDS });
      if (block.bodyStart < bytes.length || got < most) return block;
    }
    return block;
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** The beginning of a gzip file, which need not have its end. */
function inflated(stored: Buffer): Buffer {
  return gunzipSync(stored, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: maxInflatedBytes });
}

/** Of what is no mailbox nothing is kept: the message went by its envelope, which is known. */
function mailboxesIn(fields: readonly HeaderField[], names: readonly string[]): string[] {
  const found = names.flatMap((name) => fieldsNamed(fields, name)).flatMap((field) => mailboxesOf(rawValue(field)));
  return [...new Set(found)];
}

/** The same people write again and again, and their fields take longest to read. */
const known = new Map<string, readonly string[]>();
const maxKnown = 20_000;
const maxKnownCharacters = 200;

function mailboxesOf(value: string): readonly string[] {
  const before = known.get(value);
  if (before !== undefined) return before;
  const addresses = parseAddressList([value]).mailboxes.map(({ address }) => address);
  if (value.length > maxKnownCharacters) return addresses;
  if (known.size >= maxKnown) known.clear();
  known.set(value, addresses);
  return addresses;
}

function subjectIn(fields: readonly HeaderField[]): string | undefined {
  const raw = firstValue(fields, 'Subject')?.slice(0, maxRawCharacters);
  if (raw === undefined) return undefined;
  const text = decodeOctets(raw);
  // SQLite's text ends at a NUL.
  return decoded(text)
    .slice(0, maxSubjectCharacters)
    .replaceAll(/\0|\p{Cs}/gu, '\u{fffd}');
}

/** A charset nobody knows leaves the words as they stand. */
function decoded(text: string): string {
  if (!text.includes('=?')) return text;
  try {
    return decodeWords(text);
  } catch {
    return text;
  }
}

function dateIn(fields: readonly HeaderField[]): number | undefined {
  // Comments, as `(CEST)`, confuse some dates.
  const value = firstValue(fields, 'Date')
    ?.slice(0, 100)
    .replace(/\([^()]*\)/g, ' ');
  const time = value === undefined ? Number.NaN : Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}

function firstValue(fields: readonly HeaderField[], name: string): string | undefined {
  const [field] = fieldsNamed(fields, name);
  return field === undefined ? undefined : rawValue(field);
}
