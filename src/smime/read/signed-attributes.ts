import { createHash } from 'node:crypto';
import { OID } from '../algorithms.js';
import { type BerElement, BerError, childrenOf, contentOf, contextTag, encodedOf, readBer, TAG } from '../cms/ber.js';
import { algorithmIdentifier, objectIdentifier, octetString, sequence, time } from './asn1.js';
import type { Certificate } from './certificate.js';
import { digestName } from './digests.js';
import type { SignerInfo } from './signed-data.js';

/** What the signed attributes say (RFC 5652 §5.3, §11, RFC 8551 §2.5). */
export interface SignedAttributes {
  readonly contentType: string;
  readonly messageDigest: Buffer;
  readonly signingTime: Date | undefined;
  /** ESSCertIDs of signingCertificate and signingCertificateV2, the signer's own first. */
  readonly signingCertificates: readonly CertificateHash[];
  /** Not yet read: whatever is in them, it does not make the signature bad (see announcement.ts). */
  readonly smimeCapabilities: BerElement | undefined;
  readonly encryptionKeyPreference: BerElement | undefined;
  /** The bytes the signature is over: the set with its universal tag (RFC 5652 §5.4). */
  readonly signedBytes: Buffer;
}

interface CertificateHash {
  readonly digest: string;
  readonly hash: Buffer;
}

/** Reads the `[0]` signedAttrs of a SignerInfo. Throws BerError saying what is wrong with them. */
export function readSignedAttributes(element: BerElement, signer: SignerInfo): SignedAttributes {
  if (element.indefinite) throw new BerError('its signed attributes are not DER');
  const attributes = collect(element);
  const contentType = attributes.get(OID.contentType);
  const messageDigest = attributes.get(OID.messageDigest);
  if (contentType === undefined) throw new BerError('its signed attributes lack contentType');
  if (messageDigest === undefined) throw new BerError('its signed attributes lack messageDigest');
  const signingTime = attributes.get(OID.signingTime);
  const protection = attributes.get(OID.cmsAlgorithmProtection);
  if (protection !== undefined && !protects(protection, signer))
    throw new BerError('its algorithms are not those it was signed with (RFC 6211)');
  return {
    contentType: objectIdentifier(contentType),
    messageDigest: octetString(messageDigest),
    signingTime: signingTime === undefined ? undefined : time(signingTime),
    signingCertificates: [
      ...firstCertificateHash(attributes.get(OID.signingCertificateV2), OID.sha256),
      ...firstCertificateHash(attributes.get(OID.signingCertificate), OID.sha1),
    ],
    smimeCapabilities: attributes.get(OID.smimeCapabilities),
    encryptionKeyPreference: attributes.get(OID.encryptionKeyPreference),
    signedBytes: Buffer.concat([Buffer.of(0x31), encodedOf(element).subarray(1)]),
  };
}

/** Whether the certificate is the one the signer named (RFC 5035 §5.4.1), if it named one. */
export function isNamedCertificate(attributes: SignedAttributes, certificate: Certificate): boolean {
  return attributes.signingCertificates.every(({ digest, hash }) => createHash(digest).update(certificate.der).digest().equals(hash));
}

/** RFC 5652 §11 and RFC 8551 §2.5 allow these once and with one value; others may be there as they like. */
const SINGLE: ReadonlySet<string> = new Set([
  OID.contentType,
  OID.messageDigest,
  OID.signingTime,
  OID.smimeCapabilities,
  OID.encryptionKeyPreference,
  OID.signingCertificate,
  OID.signingCertificateV2,
  OID.cmsAlgorithmProtection,
]);

function collect(element: BerElement): Map<string, BerElement> {
  const values = new Map<string, BerElement>();
  for (const attribute of childrenOf(element, 1000)) {
    const members = sequence(attribute, 'a signed attribute');
    const type = objectIdentifier(members.next(TAG.oid));
    if (!SINGLE.has(type)) continue;
    const [value, ...more] = childrenOf(members.next(TAG.set), 1000);
    if (value === undefined || more.length > 0) throw new BerError(`its signed attribute ${type} does not have exactly one value`);
    if (values.has(type)) throw new BerError(`its signed attribute ${type} is there more than once`);
    values.set(type, value);
  }
  return values;
}

/** CMSAlgorithmProtection (RFC 6211 §2) repeats both algorithms under the signature. */
function protects(protection: BerElement, signer: SignerInfo): boolean {
  const members = sequence(protection, 'CMSAlgorithmProtection');
  const digest = members.next();
  const signature = members.next(contextTag(1));
  const signatureAlgorithm = readBer(signer.signatureAlgorithm.encoded);
  return encodedOf(digest).equals(signer.digestAlgorithm.encoded) && contentOf(signature).equals(contentOf(signatureAlgorithm));
}

/** SigningCertificate(V2) ::= SEQUENCE { certs SEQUENCE OF ESSCertID(v2), … }; the first names the signer's certificate. */
function firstCertificateHash(attribute: BerElement | undefined, defaultDigest: string): CertificateHash[] {
  if (attribute === undefined) return [];
  const first = sequence(sequence(attribute, 'a signing certificate attribute').next(), 'its certs').next();
  const members = sequence(first, 'an ESSCertID');
  const algorithm = members.optional(TAG.sequence);
  const digest = digestName(algorithm === undefined ? defaultDigest : algorithmIdentifier(algorithm).oid);
  if (digest === undefined) throw new BerError('its signing certificate attribute uses an unknown digest');
  return [{ digest, hash: octetString(members.next()) }];
}
