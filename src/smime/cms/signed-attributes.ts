import { createHash } from 'node:crypto';
import { CONTENT_CIPHERS, type ContentCipher, OID } from '../algorithms.js';
import { algorithmIdentifier } from './algorithm-identifier.js';
import type { CertificateFields } from './certificate-fields.js';
import { explicit, implicit, octetString, oid, sequence, setOf, time } from './der.js';

/**
 * SignedAttributes as the SET OF that is signed (RFC 5652 §5.4): `fixed` ones of the signer, messageDigest and signingTime. On the wire
 * the same octets carry the tag `[0]`.
 */
export function signedAttributes(fixed: readonly Buffer[], messageDigest: Buffer, signingTime: Date): Buffer {
  return setOf([...fixed, attribute(OID.messageDigest, octetString(messageDigest)), attribute(OID.signingTime, time(signingTime))]);
}

/** RFC 5652 §11.1: what is signed is always id-data, a MIME entity (RFC 8551 §2.4.1). */
export function contentTypeAttribute(): Buffer {
  return attribute(OID.contentType, oid(OID.data));
}

/** RFC 8551 §2.5.2: what the mailbox owner's client reads, best first; parameters absent for AES (RFC 3565, RFC 5084). */
export function smimeCapabilitiesAttribute(capabilities: readonly ContentCipher[]): Buffer {
  const capability = (cipher: ContentCipher): Buffer => algorithmIdentifier(CONTENT_CIPHERS[cipher].oid);
  return attribute(OID.smimeCapabilities, sequence(...capabilities.map(capability)));
}

/**
 * RFC 5035 §3: binds the signature to this certificate. One ESSCertIDv2; its hash is SHA-256, the DEFAULT and therefore not named;
 * issuerSerial holds the issuer as GeneralNames.
 */
export function signingCertificateV2Attribute(certificate: Buffer, fields: CertificateFields): Buffer {
  const certHash = octetString(createHash('sha256').update(certificate).digest());
  const issuerSerial = sequence(sequence(explicit(4, fields.issuer)), fields.serialNumber);
  return attribute(OID.signingCertificateV2, sequence(sequence(sequence(certHash, issuerSerial))));
}

/** RFC 8551 §2.5.3, for an owner who has another certificate to be encrypted to: the choice `[0]` issuerAndSerialNumber. */
export function encryptionKeyPreferenceAttribute(issuerAndSerial: Buffer): Buffer {
  return attribute(OID.encryptionKeyPreference, implicit(0, issuerAndSerial));
}

/** Attribute with a single value (RFC 5652 §11: none used here may have more). */
function attribute(type: string, value: Buffer): Buffer {
  return sequence(oid(type), setOf([value]));
}
