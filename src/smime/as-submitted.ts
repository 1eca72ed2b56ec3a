import { SealdropError } from '../errors.js';
import type { Canonical } from '../message/canonical.js';
import { entityOf } from '../message/entity.js';
import { type MimeNode, parseMimeTree } from '../message/mime-tree.js';
import { joined } from '../message/octets.js';
import { areOpenPgpSignatures, isEncryptedOpenPgp, readArmor } from '../message/openpgp.js';
import { decodeQuotedPrintable } from '../message/transfer-encoding.js';
import type { AlreadyProtected } from './already-protected.js';
import { BerError } from './cms/ber.js';
import { decodeBase64, isWholeBase64 } from './read/base64.js';
import type { OpenedLayer } from './read/layer.js';
import { openCms } from './read/open-cms.js';
import { openDetached } from './read/open-detached.js';
import { claimedSender, senderMismatch } from './read/sender-addresses.js';
import { decodedBody } from './read/smime-entity.js';
import { type Envelope, readWholeEnvelope } from './read/whole-envelope.js';

/** What a close look at a protected message found. */
export interface CloseLook {
  /** Why it may not leave as it is; undefined when it is what it claims to be. */
  readonly fault: string | undefined;
  /** Whether it is encrypted to the certificate (DER). What OpenPGP encrypts to are other keys. */
  readonly isEncryptedTo: (certificate: Buffer) => boolean;
}

/**
 * Looks at all of a protected message before it may leave as it was submitted. Labels prove nothing: a signature must fit the content and be by
 * the sender (whom its reader has to trust, nobody knows here; OpenPGP signatures are seen, not verified), and what is called encrypted must be
 * so to the last octet, with nothing in the clear before, behind or beside it. No key is needed. Never throws for a bad message.
 */
export function lookClosely(message: Canonical, already: AlreadyProtected, now: Date): CloseLook {
  const entity = joined(entityOf(message));
  const node = parseMimeTree(entity);
  if (already.kind === 'signed') {
    const fault = already.by === 'smime' ? smimeSignatureFault(message, entity, node, now) : openPgpSignatureFault(entity, node, already);
    return { fault, isEncryptedTo: () => false };
  }
  if (already.kind !== 'encrypted') return refused('certificates alone protect nothing');
  if (already.by === 'openpgp') return { fault: openPgpEncryptionFault(entity, node, already), isEncryptedTo: () => false };
  const envelope = envelopeIn(entity, node);
  return 'fault' in envelope ? refused(envelope.fault) : { fault: undefined, isEncryptedTo: envelope.isEncryptedTo };
}

function refused(fault: string): CloseLook {
  return { fault, isEncryptedTo: () => false };
}

function smimeSignatureFault(message: Canonical, entity: Buffer, node: MimeNode, now: Date): string | undefined {
  const claimed = claimedSender(message.fields);
  const trust = { anchors: [], claimed, now };
  let opened: OpenedLayer;
  try {
    opened =
      node.mediaType === 'multipart/signed'
        ? openDetached(entity, node, trust)
        : openCms(decodedBody(entity, node), { keys: [], trust, inflateBudget: { bytesLeft: 0 } });
  } catch (error) {
    if (error instanceof SealdropError) return error.message;
    throw error;
  }
  const { kind, verdict, reason, signers } = opened.layer;
  if (kind !== 'signed') return 'it is not signed';
  if (verdict !== 'valid' && verdict !== 'untrusted') return `its signature is ${verdict}: ${reason}`;
  const mismatches = signers.map(({ addresses }) => senderMismatch(claimed, addresses));
  return mismatches.includes(undefined) ? undefined : mismatches[0];
}

function openPgpSignatureFault(entity: Buffer, node: MimeNode, { form }: AlreadyProtected): string | undefined {
  if (form === 'inline') {
    const text = node.mediaType === 'text/plain' ? contentOf(entity, node) : undefined;
    if (text === undefined) return 'the OpenPGP signature covers a part of the text only';
    const signature = text.subarray(Math.max(0, text.lastIndexOf('-----BEGIN PGP SIGNATURE-----')));
    return isSignatureBlock(signature) ? undefined : 'it does not end in an OpenPGP signature';
  }
  const [, signature, ...more] = node.children;
  if (signature === undefined || more.length > 0 || !node.closed) return 'a multipart/signed must have exactly two parts';
  return isSignatureBlock(contentOf(entity, signature)) ? undefined : 'its second part is not an OpenPGP signature';
}

function isSignatureBlock(text: Buffer | undefined): boolean {
  const block = text && readArmor(text);
  return block?.label === 'SIGNATURE' && areOpenPgpSignatures(block.octets);
}

function openPgpEncryptionFault(entity: Buffer, node: MimeNode, { form }: AlreadyProtected): string | undefined {
  if (form === 'inline') {
    if (node.mediaType !== 'text/plain') return 'only its text is an OpenPGP block, and other parts stand beside it';
    return isMessageBlock(contentOf(entity, node)) ? undefined : 'its text is not one whole encrypted OpenPGP block';
  }
  // RFC 3156 §4.
  const [control, data, ...more] = node.children;
  if (control === undefined || data === undefined || more.length > 0 || !node.closed)
    return 'a multipart/encrypted must have exactly two parts';
  const version = control.mediaType === 'application/pgp-encrypted' ? contentOf(entity, control)?.toString('latin1') : undefined;
  if (!/^\s*Version: 1\s*$/i.test(version ?? '')) return 'its first part is not that of an encrypted OpenPGP message';
  if (!isMessageBlock(contentOf(entity, data))) return 'its second part is not one whole encrypted OpenPGP block';
  return PREAMBLE.test(textAround(entity, node)) ? undefined : 'there is text before or behind its parts';
}

/** As GnuPG's front ends write it for readers without MIME. */
const PREAMBLE = /^(?:This is an OpenPGP\/MIME encrypted message(?: \(RFC \d{4} and \d{4}\))?\.?)?$/;

function isMessageBlock(text: Buffer | undefined): boolean {
  const block = text && readArmor(text);
  return block?.label === 'MESSAGE' && isEncryptedOpenPgp(block.octets);
}

/** What stands in a multipart outside its parts, delimiters left out. */
function textAround(entity: Buffer, node: MimeNode): string {
  const [first, last] = [node.children[0], node.children.at(-1)];
  const delimiter = `--${node.parameters.get('boundary')?.trimEnd() ?? ''}`;
  const around = `${entity.toString('latin1', node.bodyStart, first?.start)}\n${entity.toString('latin1', last?.end, node.end)}`;
  return around
    .split(/\r?\n/)
    .filter((line) => ![delimiter, `${delimiter}--`].includes(line.trimEnd()))
    .join('\n')
    .trim();
}

function envelopeIn(entity: Buffer, node: MimeNode): Envelope {
  if (node.encoding !== 'base64') return { fault: 'it is not base64' };
  const cms = contentOf(entity, node);
  if (cms === undefined) return { fault: 'something other than base64 stands in it' };
  try {
    return readWholeEnvelope(cms);
  } catch (error) {
    if (error instanceof BerError) return { fault: error.message };
    throw error;
  }
}

/** A leaf without its transfer encoding; undefined when its base64 has anything in it, or behind it, that readers pass over. */
function contentOf(entity: Buffer, leaf: MimeNode): Buffer | undefined {
  const body = entity.subarray(leaf.bodyStart, leaf.end);
  if (leaf.encoding === 'quoted-printable') return decodeQuotedPrintable(body);
  if (leaf.encoding !== 'base64') return body;
  return isWholeBase64(body) ? decodeBase64(body) : undefined;
}
