import { SealdropError } from '../errors.js';
import { type AddressList, addressKey, parseAddress, parseAddressList } from './address.js';
import type { Canonical } from './canonical.js';
import { decodeOctets, fieldsNamed, type HeaderField, isNamed, rawValue } from './field.js';
import { decodeWords } from './mail-libraries.js';

/** What transport uses (RFC 5321), apart from the header. Addresses are as `parseAddress` returns them. */
export interface Envelope {
  /** Empty for the null sender, which only an x-sender line can ask for. */
  readonly sender: string;
  /** Each once (by `addressKey`), in the order submitted. */
  readonly recipients: readonly string[];
  /** Where the recipients come from. */
  readonly from: 'x-lines' | 'headers' | 'resent';
}

/**
 * The envelope of a submitted message: x-sender and x-receiver lines where there are any; else the topmost block of
 * Resent- fields; else Return-Path, Sender or From, and To, Cc and Bcc. Fails closed: one address that is not valid
 * refuses the whole message.
 * @throws SealdropError no-sender, no-recipients, bad-address (all quarantine)
 */
export function envelopeOf(message: Canonical): Envelope {
  const senderLines = linesNamed(message, 'x-sender');
  const receiverLines = linesNamed(message, 'x-receiver');
  const resent = topmostResentBlock(message.fields);
  const source = receiverLines.length > 0 ? 'x-lines' : resent.length > 0 ? 'resent' : 'headers';
  const recipients =
    source === 'x-lines'
      ? receiverLines.map(bareAddress)
      : source === 'resent'
        ? addressesIn(resent, ['Resent-To', 'Resent-Cc', 'Resent-Bcc'])
        : addressesIn(message.fields, ['To', 'Cc', 'Bcc']);
  if (recipients.length === 0) throw noRecipients();
  const sender = senderLines.length > 0 ? senderOfLines(senderLines) : resent.length > 0 ? senderOfResent(resent) : senderOfHeader(message);
  return { sender, recipients: unique(recipients), from: source };
}

/**
 * Whose signature the message bears: the mailbox in From; the one in Sender when From has several (RFC 5322 §3.6.2).
 * @throws SealdropError no-sender (quarantine)
 */
export function identityAddressOf(message: Canonical): string {
  const from = mailboxesOf(message.fields, 'From', noSender);
  if (from.length === 1 && from[0] !== undefined) return from[0];
  const sender = from.length > 1 ? mailboxesOf(message.fields, 'Sender', noSender) : [];
  if (sender.length === 1 && sender[0] !== undefined) return sender[0];
  throw noSender(
    from.length > 1
      ? 'From has several mailboxes and Sender does not name the one who sends'
      : 'the message has no From header with a mailbox',
  );
}

/** The addresses in From, each once. */
export function authorsOf(message: Canonical): string[] {
  return unique(fieldsNamed(message.fields, 'From').flatMap((field) => listOf(field).mailboxes.map(({ address }) => address)));
}

/** The mailbox in Sender, if it names one: who sends, for those who see the header alone (RFC 5322 §3.6.2). */
export function headerSenderOf(message: Canonical): string | undefined {
  return fieldsNamed(message.fields, 'Sender').flatMap((field) => listOf(field).mailboxes)[0]?.address;
}

/** Keys (see `addressKey`) of the addresses everybody will see: those in To and Cc. */
export function visibleAddresses(message: Canonical): ReadonlySet<string> {
  const fields = message.fields.filter((field) => isNamed(field, 'To') || isNamed(field, 'Cc'));
  return new Set(fields.flatMap((field) => listOf(field).mailboxes.map(({ address }) => address)));
}

/** The Subject, decoded, for people; empty when there is none. */
export function subjectOf(message: Pick<Canonical, 'fields'>): string {
  const field = fieldsNamed(message.fields, 'Subject')[0];
  if (field === undefined) return '';
  const text = decodeOctets(rawValue(field));
  return text.includes('=?') ? decodeWords(text) : text;
}

function linesNamed(message: Canonical, name: string): string[] {
  return message.envelopeLines.filter((line) => line.name === name).map((line) => line.value);
}

/** RFC 5322 §3.6.6: a block begins where a field of its kind comes again, or after trace fields of a later transport. */
function topmostResentBlock(fields: readonly HeaderField[]): HeaderField[] {
  const block = new Map<string, HeaderField>();
  for (const field of fields) {
    const name = field.name.toLowerCase();
    if (block.has(name) || (block.size > 0 && (name === 'received' || name === 'return-path'))) break;
    if (name.startsWith('resent-')) block.set(name, field);
  }
  return [...block.values()];
}

function senderOfLines(lines: readonly string[]): string {
  const senders = unique(lines.map((line) => (line === '<>' ? '' : bareAddress(line))));
  if (senders.length === 1 && senders[0] !== undefined) return senders[0];
  throw badAddress('the message has two different x-sender lines', lines[1] ?? '');
}

function senderOfResent(block: readonly HeaderField[]): string {
  return senderFrom(block, ['Resent-Sender', 'Resent-From']);
}

function senderOfHeader(message: Canonical): string {
  return senderFrom(message.fields, ['Return-Path', 'Sender', 'From']);
}

/** The first of these fields that names anybody; `Return-Path: <>` names nobody. */
function senderFrom(fields: readonly HeaderField[], names: readonly string[]): string {
  for (const name of names) {
    const found = fieldsNamed(fields, name);
    // The topmost Return-Path is of the last delivery; `<>` in it names nobody.
    const used = name === 'Return-Path' ? found.slice(0, 1).filter((field) => rawValue(field) !== '<>') : found;
    const mailboxes = mailboxesOf(used, name, badAddress);
    if (mailboxes.length > 1) throw noSender(`${name} has several mailboxes and nothing tells which of them sends`);
    if (mailboxes[0] !== undefined) return mailboxes[0];
  }
  throw noSender('the message names no sender: it has no x-sender line and no Return-Path, Sender or From header with a mailbox');
}

function mailboxesOf(fields: readonly HeaderField[], name: string, fault: (what: string, value: string) => SealdropError): string[] {
  const read = fieldsNamed(fields, name).map(listOf);
  const invalid = read.flatMap((list) => list.invalid)[0];
  if (invalid !== undefined) throw fault(`${name} holds something that is no mail address`, invalid);
  return unique(read.flatMap((list) => list.mailboxes.map(({ address }) => address)));
}

/** Envelope, identity and visibility read the same fields, To may hold thousands of addresses, and a site's mail names the same people again. */
const lists = new Map<string, AddressList>();
const maxKeptCharacters = 1 << 20;
let keptCharacters = 0;

function listOf(field: HeaderField): AddressList {
  const value = rawValue(field);
  const known = lists.get(value);
  if (known !== undefined) return known;
  const list = parseAddressList([value]);
  keptCharacters += value.length;
  if (keptCharacters > maxKeptCharacters) {
    lists.clear();
    keptCharacters = value.length;
  }
  lists.set(value, list);
  return list;
}

function addressesIn(fields: readonly HeaderField[], names: readonly string[]): string[] {
  const found = fields.filter((field) => names.some((name) => isNamed(field, name)));
  return found.flatMap((field) => mailboxesOf([field], field.name, badAddress));
}

function bareAddress(value: string): string {
  const address = parseAddress(value);
  if (address === undefined) throw badAddress('an x-sender or x-receiver line holds no bare mail address', value);
  return address;
}

function unique(addresses: readonly string[]): string[] {
  return [...new Map(addresses.map((address) => [address === '' ? '' : addressKey(address), address])).values()];
}

const CURE = 'Correct the addresses in the application that wrote the message, then submit it again.';

function badAddress(what: string, value: string): SealdropError {
  return new SealdropError('bad-address', `${what}: ${show(value)}`, { disposition: 'quarantine', cure: CURE });
}

function noSender(what: string, value?: string): SealdropError {
  const message = value === undefined ? what : `${what}: ${show(value)}`;
  return new SealdropError('no-sender', message, {
    disposition: 'quarantine',
    cure: 'Give the message a From header with one mail address.',
  });
}

function noRecipients(): SealdropError {
  return new SealdropError('no-recipients', 'the message names no recipient: it has no x-receiver line and no address in To, Cc or Bcc', {
    disposition: 'quarantine',
    cure: 'Put the recipients into x-receiver lines before the header, or into To, Cc or Bcc.',
  });
}

/** Quoted, control characters and marks that turn text around escaped, cut to what a person can read. */
function show(value: string): string {
  const quoted = JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value);
  return quoted.replace(JSON_LEAVES, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What JSON does not escape, and a terminal acts upon: U+009B alone begins a control sequence. */
const JSON_LEAVES = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
