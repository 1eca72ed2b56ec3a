import { addressKey, parseAddress, parseAddressList } from '../../message/address.js';
import { fieldsNamed, type HeaderField, rawValue } from '../../message/field.js';
import { printable } from './name.js';

/** Whom the outermost header says the message is from, for comparison with signers; `fault` when it does not say it unambiguously. */
export type ClaimedSender = { readonly address: string; readonly key: string } | { readonly fault: string };

/**
 * The address a signature must speak for (RFC 8550 §3): the visible From's, or Sender's when From has several. A header in which
 * either stands twice, or From cannot be read, names nobody: programs would differ on whom they show.
 */
export function claimedSender(fields: readonly HeaderField[]): ClaimedSender {
  const from = fieldsNamed(fields, 'From');
  const sender = fieldsNamed(fields, 'Sender');
  if (from.length !== 1) return { fault: `the message has ${from.length === 0 ? 'no' : 'more than one'} From field` };
  if (sender.length > 1) return { fault: 'the message has more than one Sender field' };
  const authors = parseAddressList(from.map(rawValue));
  if (authors.invalid.length > 0 || authors.mailboxes.length === 0) return { fault: "the message's From field cannot be read" };
  const mailboxes = authors.mailboxes.length === 1 ? authors.mailboxes : parseAddressList(sender.map(rawValue)).mailboxes;
  const [mailbox, ...more] = mailboxes;
  if (mailbox === undefined || more.length > 0)
    return { fault: 'the message has several From addresses and no Sender that says whose it is' };
  return { address: mailbox.address, key: addressKey(mailbox.address) };
}

/** Why certificates with these addresses do not speak for the claimed sender; undefined when they do. */
export function senderMismatch(claimed: ClaimedSender, addresses: readonly string[]): string | undefined {
  if ('fault' in claimed) return claimed.fault;
  const matches = addresses.some((text) => {
    const address = parseAddress(text);
    return address !== undefined && addressKey(address) === claimed.key;
  });
  if (matches) return undefined;
  const theirs = addresses.length === 0 ? 'no address' : addresses.map((address) => printable(address)).join(', ');
  return `the message is from ${printable(claimed.address)}, the signer's certificate has ${theirs}`;
}
