import { addressKey, parseAddressList } from '../../message/address.js';
import { decodeOctets, fieldsNamed, type HeaderField, rawValue } from '../../message/field.js';
import { claimedSender } from '../read/sender-addresses.js';

/**
 * Why a protected header and the one around it do not name the same sender (RFC 9788 §4.4.1); undefined when they do.
 */
export function fromMismatch(outside: readonly HeaderField[], inside: readonly HeaderField[]): string | undefined {
  const [theirs, ours] = [outside, inside].map((fields) => [authorsOf(fields), JSON.stringify(senderOf(fields))]);
  if (theirs?.[0] === ours?.[0] && theirs?.[1] === ours?.[1]) return undefined;
  return `the protected header says it is from ${shown(inside)}, the header around it from ${shown(outside)}`;
}

/**
 * Keys of all addresses in From, whatever their names and order; a header that does not say them for certain equals no
 * other.
 */
function authorsOf(fields: readonly HeaderField[]): string | symbol {
  const from = fieldsNamed(fields, 'From');
  const { mailboxes, invalid } = parseAddressList(from.map(rawValue));
  if (from.length !== 1 || invalid.length > 0 || mailboxes.length === 0) return Symbol('uncertain');
  return JSON.stringify(mailboxes.map(({ address }) => addressKey(address)).sort());
}

/** Whose signature counts; another Sender makes no difference beside a From with one address. */
function senderOf(fields: readonly HeaderField[]): string {
  const claimed = claimedSender(fields);
  return 'key' in claimed ? claimed.key : '';
}

function shown(fields: readonly HeaderField[]): string {
  const values = fieldsNamed(fields, 'From').map((field) => decodeOctets(rawValue(field)));
  return values.length === 0 ? 'nobody' : values.join(' and ');
}
