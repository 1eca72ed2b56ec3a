import { withoutBraces } from './braces.js';
import type { Canonical } from './canonical.js';
import { fieldsNamed, type HeaderField, makeField, rawValue } from './field.js';
import { type Octets, octetsOf } from './octets.js';
import { sevenBitField } from './seven-bit.js';

export interface OuterOptions {
  /** Used when the message has no Date. */
  readonly date: Date;
  /** Used when the message has no Message-ID; without angle brackets. */
  readonly messageId: string;
  /** Charset of 8-bit header text that is not UTF-8; windows-1252 by default. */
  readonly fallbackCharset?: string;
  /** Encode doubled braces, which a mail service on the way would take for a template. */
  readonly encodeBraces?: boolean;
}

/**
 * The header that stays outside the sealed entity, in its order: without Content-* and MIME-Version, without Bcc and
 * Resent-Bcc, without what belongs to an earlier delivery (Return-Path) or is broken by sealing (DKIM-Signature). ASCII,
 * lines of at most 998 octets; Date, Message-ID and a destination are supplied when missing (RFC 5322 §3.6).
 */
export function outerHeader(message: Canonical, options: OuterOptions): { fields: readonly HeaderField[]; changes: string[] } {
  const changes: string[] = [];
  const fields: HeaderField[] = [];
  const supplied = suppliedFields(message.fields, options);
  const replaced = new Set(supplied.map((field) => field.name.toLowerCase()));
  for (const written of message.fields) {
    const name = written.name.toLowerCase();
    if (name.startsWith('content-') || name === 'mime-version' || replaced.has(name)) continue;
    if (DROPPED.has(name)) {
      changes.push(`${name}-removed`);
      continue;
    }
    const { field, change } = sevenBitField(written, options.fallbackCharset);
    if (change !== undefined) changes.push(change);
    const plain = options.encodeBraces === true ? withoutBraces(field) : field;
    if (plain !== field) changes.push(`braces-encoded ${written.name}`);
    fields.push(plain);
  }
  fields.push(...supplied);
  changes.push(...supplied.map((field) => `${field.name.toLowerCase()}-supplied`));
  return { fields, changes: [...new Set(changes)] };
}

/** The whole message. The entity begins with its Content-* fields, which so become the message's own. */
export function assembleMessage(fields: readonly HeaderField[], entity: Buffer | Octets): Octets {
  return octetsOf(Buffer.concat([...fields.map((field) => field.raw), MIME_VERSION]), entity);
}

const DROPPED = new Set(['bcc', 'resent-bcc', 'return-path', 'dkim-signature']);
const MIME_VERSION = Buffer.from('MIME-Version: 1.0\r\n');

function suppliedFields(fields: readonly HeaderField[], { date, messageId }: OuterOptions): HeaderField[] {
  const supplied: HeaderField[] = [];
  // RFC 5322 §3.3: toUTCString differs from it only in the name of the zone.
  if (!hasValue(fields, 'Date')) supplied.push(makeField('Date', date.toUTCString().replace('GMT', '+0000')));
  if (!hasValue(fields, 'Message-ID')) supplied.push(makeField('Message-ID', `<${messageId}>`));
  // A mail to blind recipients only: some MTAs and filters refuse a header without any destination (RFC 5322 §3.4, an empty group).
  if (!hasValue(fields, 'To') && !hasValue(fields, 'Cc')) supplied.push(makeField('To', 'undisclosed-recipients:;'));
  return supplied;
}

function hasValue(fields: readonly HeaderField[], name: string): boolean {
  return fieldsNamed(fields, name).some((field) => rawValue(field) !== '');
}
