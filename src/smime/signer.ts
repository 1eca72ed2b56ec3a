import type { KeyObject } from 'node:crypto';
import { SealdropError } from '../errors.js';
import type { ContentCipher } from './algorithms.js';
import { type CertificateInput, isSelfSigned, readCertificateInput, reasonOf } from './certificate-input.js';
import type { SigningKey } from './cms/signature.js';
import {
  contentTypeAttribute,
  encryptionKeyPreferenceAttribute,
  signingCertificateV2Attribute,
  smimeCapabilitiesAttribute,
} from './cms/signed-attributes.js';
import { certificateSet, issuerAndSerialNumber } from './cms/signed-data.js';
import { LEAST_RSA_BITS, MOST_RSA_BITS, nistCurve } from './key-limits.js';

export interface Signer {
  /** DER. */
  readonly certificate: Buffer;
  /** DER, without the certificate itself. A root may be among them; it is left out of what is sent (RFC 8550 §2.3). */
  readonly chain: readonly Buffer[];
  readonly privateKey: KeyObject;
  /** What the mailbox owner's client decrypts, best first; AES-256-CBC and AES-128-CBC when not given, nothing is announced when empty. */
  readonly capabilities?: readonly ContentCipher[];
  /** DER of the certificate to be encrypted to, where that is another one (RFC 8551 §2.5.3). It is sent along. */
  readonly encryptionCertificate?: Buffer;
}

/** All that does not change from one signature to the next. Made once by `prepareSigner` and kept. */
export interface PreparedSigner {
  /** SHA-256 of the certificate's DER, lower-case hex. */
  readonly fingerprint: string;
  readonly subject: string;
  readonly privateKey: KeyObject;
  readonly signingKey: SigningKey;
  readonly issuerAndSerial: Buffer;
  /** DER of what is sent along: the certificate, its chain without the root, the encryption certificate. */
  readonly certificates: readonly Buffer[];
  /** The same as the `[0]` CertificateSet. */
  readonly certificateSet: Buffer;
  /** The signed attributes that are the same each time. */
  readonly attributes: readonly Buffer[];
}

const DEFAULT_CAPABILITIES: readonly ContentCipher[] = ['aes-256-cbc', 'aes-128-cbc'];

/**
 * Reads certificates and key. Throws SealdropError `unusable-identity` (quarantine), naming the subject, when a certificate cannot be read, the
 * key does not belong to it, or the key is of a type or size that is not signed with. Validity, key usage and address are not its matter.
 */
export function prepareSigner(signer: Signer): PreparedSigner {
  const certificate = read(signer.certificate, 'The signing certificate');
  const chain = signer.chain.map((der, index) => read(der, `Certificate ${index + 1} of the chain of ${certificate.subject}`));
  const encryption =
    signer.encryptionCertificate === undefined
      ? undefined
      : read(signer.encryptionCertificate, `The encryption certificate of ${certificate.subject}`);
  const signingKey = signingKeyOf(certificate);
  if (signer.privateKey.type !== 'private' || !belongsTogether(certificate, signer.privateKey)) {
    throw unusable(
      `The private key does not belong to the certificate of ${certificate.subject}`,
      'Put the key and the certificate that were issued together beside each other.',
    );
  }
  const capabilities = signer.capabilities ?? DEFAULT_CAPABILITIES;
  const certificates = [
    certificate.der,
    ...chain.filter((candidate) => !isSelfSigned(candidate)).map((intermediate) => intermediate.der),
    ...(encryption === undefined ? [] : [encryption.der]),
  ];
  return {
    fingerprint: certificate.fingerprint,
    subject: certificate.subject,
    privateKey: signer.privateKey,
    signingKey,
    issuerAndSerial: issuerAndSerialNumber(certificate.fields),
    certificates,
    certificateSet: certificateSet(certificates),
    attributes: [
      contentTypeAttribute(),
      signingCertificateV2Attribute(certificate.der, certificate.fields),
      ...(capabilities.length === 0 ? [] : [smimeCapabilitiesAttribute(capabilities)]),
      ...(encryption === undefined ? [] : [encryptionKeyPreferenceAttribute(issuerAndSerialNumber(encryption.fields))]),
    ],
  };
}

function read(der: Buffer, what: string): CertificateInput {
  try {
    return readCertificateInput(der);
  } catch (error) {
    throw unusable(
      `${what} cannot be read: ${reasonOf(error)}`,
      'Put the certificate there again as its issuer delivered it (X.509, DER or PEM).',
      error,
    );
  }
}

function signingKeyOf(certificate: CertificateInput): SigningKey {
  const key = publicKeyOf(certificate);
  const details = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'rsa':
      checkRsaSize(certificate, details.modulusLength);
      return { kind: 'rsa' };
    case 'rsa-pss':
      checkRsaSize(certificate, details.modulusLength);
      return restrictedPss(certificate, details);
    case 'ec': {
      const curve = nistCurve(details.namedCurve);
      if (curve === undefined)
        throw unsupported(certificate, `its curve (${details.namedCurve ?? 'not a named one'}) is not P-256, P-384 or P-521`);
      return { kind: 'ecdsa', curve };
    }
    case 'ed25519':
      return { kind: 'ed25519' };
    default:
      throw unsupported(certificate, `its key (${key.asymmetricKeyType ?? 'of unknown type'}) does not sign S/MIME`);
  }
}

function publicKeyOf(certificate: CertificateInput): KeyObject {
  try {
    return certificate.x509.publicKey;
  } catch (error) {
    throw unsupported(certificate, `its public key cannot be read: ${reasonOf(error)}`, error);
  }
}

function checkRsaSize(certificate: CertificateInput, bits: number | undefined): void {
  if (bits === undefined || bits < LEAST_RSA_BITS || bits > MOST_RSA_BITS) {
    throw unsupported(
      certificate,
      `its RSA key has ${bits ?? 'an unknown number of'} bits; ${LEAST_RSA_BITS} to ${MOST_RSA_BITS} are accepted`,
    );
  }
}

/** The parameters in the certificate's subjectPublicKeyInfo bind; without any, the key is restricted to PSS and to nothing else. */
function restrictedPss(
  certificate: CertificateInput,
  details: { readonly hashAlgorithm?: string; readonly mgf1HashAlgorithm?: string; readonly saltLength?: number },
): SigningKey {
  const { hashAlgorithm, mgf1HashAlgorithm, saltLength } = details;
  if (hashAlgorithm === undefined) return { kind: 'rsa-pss', leastSaltBytes: 0 };
  const supported = hashAlgorithm === 'sha256' || hashAlgorithm === 'sha384' || hashAlgorithm === 'sha512';
  if (!supported || mgf1HashAlgorithm !== hashAlgorithm) {
    throw unsupported(
      certificate,
      `its RSASSA-PSS key demands ${hashAlgorithm} with MGF1 over ${mgf1HashAlgorithm}; one of SHA-256, SHA-384, SHA-512 for both is accepted`,
    );
  }
  return { kind: 'rsa-pss', digest: hashAlgorithm, leastSaltBytes: saltLength ?? 0 };
}

function belongsTogether(certificate: CertificateInput, privateKey: KeyObject): boolean {
  try {
    return certificate.x509.checkPrivateKey(privateKey);
  } catch {
    // OpenSSL throws for keys of different types.
    return false;
  }
}

function unsupported(certificate: CertificateInput, why: string, cause?: unknown): SealdropError {
  return unusable(
    `The certificate of ${certificate.subject} cannot be signed with: ${why}`,
    `Get a certificate with an RSA key of ${LEAST_RSA_BITS} to ${MOST_RSA_BITS} bits, an EC key on P-256, P-384 or P-521, or an Ed25519 key.`,
    cause,
  );
}

function unusable(message: string, cure: string, cause?: unknown): SealdropError {
  return new SealdropError('unusable-identity', message, { disposition: 'quarantine', cure, cause });
}
