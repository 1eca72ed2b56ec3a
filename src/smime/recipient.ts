import { type KeyObject, randomBytes } from 'node:crypto';
import { SealdropError } from '../errors.js';
import { type CertificateInput, readCertificateInput, reasonOf } from './certificate-input.js';
import { keyAgreeRecipientInfo, publicPoint } from './cms/key-agreement.js';
import { keyTransportHeads, keyTransRecipientInfo } from './cms/key-transport.js';
import type { RecipientKey } from './cms/recipient-key.js';
import { issuerAndSerialNumber } from './cms/signed-data.js';
import { LEAST_RSA_BITS, MOST_RSA_BITS, nistCurve } from './key-limits.js';

/** All of a recipient that does not change from one message to the next. Made once by `prepareRecipient` and kept. */
export interface PreparedRecipient {
  /** SHA-256 of the certificate's DER, lower-case hex. */
  readonly fingerprint: string;
  readonly subject: string;
  readonly key: RecipientKey;
}

/**
 * Reads a certificate (DER) to be encrypted to; its key type decides the key management: RSA transport, ECDH or X25519 agreement. Throws
 * SealdropError `unusable-certificate` (quarantine), naming the subject and why, when it cannot be read or its key is of a type or size
 * that is not encrypted to. Validity, key usage and address are not its matter.
 */
export function prepareRecipient(certificateDer: Buffer): PreparedRecipient {
  const certificate = read(certificateDer);
  const key = recipientKeyOf(certificate);
  tryOut(certificate, key);
  return { fingerprint: certificate.fingerprint, subject: certificate.subject, key };
}

function read(der: Buffer): CertificateInput {
  try {
    return readCertificateInput(der);
  } catch (error) {
    throw unusable(`The certificate cannot be read: ${reasonOf(error)}`, error);
  }
}

function recipientKeyOf(certificate: CertificateInput): RecipientKey {
  const publicKey = publicKeyOf(certificate);
  const details = publicKey.asymmetricKeyDetails ?? {};
  const issuerAndSerial = issuerAndSerialNumber(certificate.fields);
  switch (publicKey.asymmetricKeyType) {
    case 'rsa': {
      const bits = details.modulusLength ?? 0;
      if (bits < LEAST_RSA_BITS || bits > MOST_RSA_BITS) {
        throw unsupported(certificate, `its RSA key has ${bits} bits; ${LEAST_RSA_BITS} to ${MOST_RSA_BITS} are accepted`);
      }
      checkExponent(certificate, details.publicExponent ?? 0n);
      return { kind: 'rsa', publicKey, heads: keyTransportHeads(issuerAndSerial, Math.ceil(bits / 8)) };
    }
    case 'ec': {
      const curve = nistCurve(details.namedCurve);
      if (curve === undefined)
        throw unsupported(certificate, `its curve (${details.namedCurve ?? 'not a named one'}) is not P-256, P-384 or P-521`);
      return { kind: 'agreement', group: curve, publicKey, point: publicPoint(publicKey), issuerAndSerial };
    }
    case 'x25519':
      return { kind: 'agreement', group: 'x25519', publicKey, point: publicPoint(publicKey), issuerAndSerial };
    default:
      throw unsupported(certificate, `its key (${publicKey.asymmetricKeyType ?? 'of unknown type'}) only signs`);
  }
}

function publicKeyOf(certificate: CertificateInput): KeyObject {
  try {
    return certificate.x509.publicKey;
  } catch (error) {
    throw unsupported(certificate, `its public key cannot be read: ${reasonOf(error)}`, error);
  }
}

/** With the exponent 1 the "encrypted" key would be the key itself; even exponents are no RSA. */
function checkExponent(certificate: CertificateInput, exponent: bigint): void {
  if (exponent < 3n || exponent % 2n === 0n) throw unsupported(certificate, `its RSA exponent is ${exponent}`);
}

/** One encryption for nobody: a key that OpenSSL refuses to compute with is found here and not in the middle of a message. */
function tryOut(certificate: CertificateInput, key: RecipientKey): void {
  try {
    if (key.kind === 'rsa') keyTransRecipientInfo(key, randomBytes(32), 'rsa-pkcs1');
    else keyAgreeRecipientInfo(key, randomBytes(32));
  } catch (error) {
    throw unsupported(certificate, `nothing can be encrypted with its key: ${reasonOf(error)}`, error);
  }
}

function unsupported(certificate: CertificateInput, why: string, cause?: unknown): SealdropError {
  const name = `${certificate.subject} (sha256 ${certificate.fingerprint.slice(0, 16)}…)`;
  return unusable(`The certificate of ${name} cannot be encrypted to: ${why}`, cause);
}

function unusable(message: string, cause?: unknown): SealdropError {
  return new SealdropError('unusable-certificate', message, {
    disposition: 'quarantine',
    cure: `Ask the recipient for a certificate with an RSA key of ${LEAST_RSA_BITS} to ${MOST_RSA_BITS} bits, an EC key on P-256, P-384 or P-521, or an X25519 key.`,
    cause,
  });
}
