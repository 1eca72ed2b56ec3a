import { toCrlf } from '../../message/line-ends.js';
import type { MimeNode } from '../../message/mime-tree.js';
import { OID } from '../algorithms.js';
import { BerError } from '../cms/ber.js';
import { readContentInfo } from './content-info.js';
import { type JudgedSignature, judgeSigned, type Trust } from './judge-signed.js';
import type { OpenedLayer } from './layer.js';
import { readSignedData, type SignedData } from './signed-data.js';
import { decodedBody, isSignaturePart } from './smime-entity.js';

/**
 * Opens a multipart/signed (RFC 8551 §3.5.3): the first part, octet for octet, is what must be signed. Whatever is wrong with the signature
 * makes the layer invalid and leaves the content readable. Never throws.
 */
export function openDetached(bytes: Buffer, node: MimeNode, trust: Trust): OpenedLayer {
  const [signedPart, signaturePart, ...more] = node.children;
  if (signedPart === undefined) return opened(invalid('the multipart/signed has no parts'), undefined);
  const content = bytes.subarray(signedPart.start, signedPart.end);
  if (signaturePart === undefined || more.length > 0) return opened(invalid('a multipart/signed must have exactly two parts'), content);
  if (!isSignaturePart(signaturePart)) return opened(invalid('its second part is not a signature'), content);
  let data: SignedData;
  try {
    data = readDetached(decodedBody(bytes, signaturePart));
  } catch (error) {
    if (error instanceof BerError) return opened(invalid(`its signature cannot be read: ${error.message}`), content);
    throw error;
  }
  // Two contents, one signature: readers would differ on which of them is signed.
  if (data.content !== undefined) return opened(invalid('its signature brings a content of its own beside the signed part'), content);
  const asReceived = judgeSigned(data, content, trust);
  if (asReceived.verdict !== 'invalid') return opened(asReceived, content);
  // Signed is the form with CRLF (§3.1.1); a mail store may have kept the message with the line ends of its system.
  const canonical = toCrlf(content);
  const asCanonical = canonical === content ? asReceived : judgeSigned(data, canonical, trust);
  return asCanonical.verdict === 'invalid' ? opened(asReceived, content) : opened(asCanonical, canonical);
}

function readDetached(cms: Buffer): SignedData {
  const { contentType, content } = readContentInfo(cms);
  if (contentType !== OID.signedData) throw new BerError('it is not SignedData');
  const data = readSignedData(content);
  if (data.contentType !== OID.data) throw new BerError(`it is over content of type ${data.contentType}`);
  return data;
}

function invalid(reason: string): JudgedSignature {
  return { verdict: 'invalid', reason, signers: [] };
}

function opened({ verdict, reason, signers }: JudgedSignature, content: Buffer | undefined): OpenedLayer {
  const algorithms = [...new Set(signers.flatMap((signer) => signer.algorithms))];
  return { layer: { kind: 'signed', form: 'detached', algorithms, verdict, reason, signers, recipients: [] }, content };
}
