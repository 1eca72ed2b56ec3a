import { type BerElement, BerError, childrenOf, contextTag, encodedOf, TAG } from '../cms/ber.js';
import { type AlgorithmIdentifier, algorithmIdentifier, explicit, objectIdentifier, octetString, sequence, smallInteger } from './asn1.js';
import { type Certificate, readCertificate } from './certificate.js';
import { type CertificateId, readCertificateId } from './certificate-id.js';

/** SignedData (RFC 5652 §5.1), read but not judged. */
export interface SignedData {
  readonly contentType: string;
  /** eContent; undefined when it is absent (detached, or certs-only). */
  readonly content: Buffer | undefined;
  readonly certificates: readonly Certificate[];
  /** Each is read when it is judged: one that cannot be read must not keep the others from being judged. */
  readonly signerInfos: readonly BerElement[];
}

export interface SignerInfo {
  readonly id: CertificateId;
  readonly digestAlgorithm: AlgorithmIdentifier;
  /** The `[0]` element as it stands. */
  readonly signedAttributes: BerElement | undefined;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Buffer;
}

/** Verifying is costly; no honest message comes near these. */
const MAX_SIGNERS = 64;
const MAX_CERTIFICATES = 200;

/** Throws BerError. */
export function readSignedData(element: BerElement): SignedData {
  const members = sequence(element, 'SignedData');
  smallInteger(members.next());
  members.next(TAG.set);
  const { contentType, content } = readEncapsulatedContent(members.next());
  const certificates = members.optional(contextTag(0));
  members.optional(contextTag(1));
  return {
    contentType,
    content,
    certificates: certificates === undefined ? [] : readCertificates(certificates),
    signerInfos: childrenOf(members.next(TAG.set), MAX_SIGNERS),
  };
}

/** EncapsulatedContentInfo (RFC 5652 §5.2), used by SignedData and CompressedData. Throws BerError. */
export function readEncapsulatedContent(element: BerElement): { contentType: string; content: Buffer | undefined } {
  const members = sequence(element, 'EncapsulatedContentInfo');
  const contentType = objectIdentifier(members.next(TAG.oid));
  const content = members.optional(contextTag(0));
  return { contentType, content: content === undefined ? undefined : octetString(explicit(content, 'eContent')) };
}

/** SignerInfo (RFC 5652 §5.3). Throws BerError. */
export function readSignerInfo(element: BerElement): SignerInfo {
  const members = sequence(element, 'SignerInfo');
  smallInteger(members.next());
  const id = readCertificateId(members.next());
  const digestAlgorithm = algorithmIdentifier(members.next());
  const signedAttributes = members.optional(contextTag(0));
  const signatureAlgorithm = algorithmIdentifier(members.next());
  const signature = octetString(members.next());
  return { id, digestAlgorithm, signedAttributes, signatureAlgorithm, signature };
}

/** Certificates that cannot be read are passed over: whoever needs one will find it missing. */
function readCertificates(element: BerElement): Certificate[] {
  const certificates: Certificate[] = [];
  for (const child of childrenOf(element, MAX_CERTIFICATES)) {
    if (child.tag !== TAG.sequence) continue;
    try {
      certificates.push(readCertificate(encodedOf(child)));
    } catch (error) {
      if (!(error instanceof BerError)) throw error;
    }
  }
  return certificates;
}
