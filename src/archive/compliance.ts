import { SealdropError } from '../errors.js';
import type { CertificateFacts } from '../keys/certificate.js';
import { readCertificateFile } from '../keys/certificate-file.js';
import { storageFault, timeFault } from '../keys/suitability.js';
import { type PreparedRecipient, prepareRecipient } from '../smime/recipient.js';

/** A certificate that the archive is encrypted to. */
export interface ComplianceCertificate {
  readonly path: string;
  readonly fingerprint: string;
  readonly subject: string;
  readonly algorithm: string;
  readonly notAfter: Date;
  readonly der: Buffer;
}

/**
 * Reads what `archive.encryptTo` names, each file's first certificate that may be encrypted to, and tries each out once. Throws SealdropError
 * `archive-certificate` (fatal), which names the file and the cure; `wait` when the system is out of descriptors.
 */
export function readComplianceCertificates(paths: readonly string[], now: Date): ComplianceCertificate[] {
  return paths.map((path) => {
    try {
      return complianceCertificate(path, now);
    } catch (error) {
      if (!(error instanceof SealdropError) || error.disposition === 'wait') throw error;
      throw new SealdropError('archive-certificate', `archive.encryptTo: ${error.message}`, {
        disposition: 'fatal',
        cure: error.cure,
        cause: error,
      });
    }
  });
}

/** One of them, made ready to be encrypted to. */
export interface ComplianceRecipient {
  readonly fingerprint: string;
  readonly certificate: Buffer;
  readonly prepared: PreparedRecipient;
}

export function complianceRecipients(
  certificates: readonly { readonly fingerprint: string; readonly der: Buffer }[],
): ComplianceRecipient[] {
  return certificates.map(({ fingerprint, der }) => ({ fingerprint, certificate: der, prepared: prepareRecipient(der) }));
}

function complianceCertificate(path: string, now: Date): ComplianceCertificate {
  const found = readCertificateFile(path);
  const facts = found.find((one) => faultOf(one, path, now) === undefined) ?? found[0];
  // The reader throws when there is none.
  if (facts === undefined) throw new Error(`${path} holds no certificate`);
  const fault = faultOf(facts, path, now);
  if (fault !== undefined) throw fault;
  const { fingerprint, subject, algorithm, notAfter, der } = facts;
  try {
    prepareRecipient(der);
  } catch (error) {
    if (!(error instanceof SealdropError)) throw error;
    throw new SealdropError(error.code, `${path}: ${error.message}`, { disposition: 'quarantine', cure: otherKey, cause: error });
  }
  return { path, fingerprint, subject, algorithm, notAfter, der };
}

const otherKey = 'Name a certificate with an RSA key of 2048 bits or more, or an elliptic curve key on P-256, P-384 or P-521.';

function faultOf(facts: CertificateFacts, path: string, now: Date): SealdropError | undefined {
  return storageFault(facts, path) ?? timeFault(facts, now, 'the archive', path);
}
