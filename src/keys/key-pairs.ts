import { createPublicKey, type KeyObject } from 'node:crypto';
import type { SealdropError } from '../errors.js';
import type { CertificateFacts } from './certificate.js';
import { readCertificateFile } from './certificate-file.js';
import { type AddressFiles, fileBeside } from './directory-index.js';
import { keyFault } from './faults.js';
import { readKeyMaterial } from './key-material.js';
import type { Candidate } from './loaded.js';
import { type KeyWorld, passphrasePlaces } from './passphrase.js';

/** A private key and the certificate of its public half. */
export interface KeyPair extends Candidate {
  readonly privateKey: KeyObject;
}

/** What an identity's files hold together. `pairs` is empty when no key and certificate belong together. */
export interface IdentityFiles {
  readonly pairs: readonly KeyPair[];
  readonly privateKeys: readonly KeyObject[];
  readonly certificates: readonly Candidate[];
}

/**
 * Reads the key file and the certificate file beside it, if any: a PEM key has its certificate there, any identity may have its chain there.
 * Throws what readKeyMaterial and readCertificateFile throw.
 */
export function readIdentityFiles(keyFile: string, files: AddressFiles, world: KeyWorld): IdentityFiles {
  const material = readKeyMaterial(keyFile, passphrasePlaces(files, world));
  const certificates = material.certificates.map((facts) => ({ facts, path: keyFile }));
  const { certificateFile } = files;
  if (certificateFile !== undefined) {
    certificates.push(...readCertificateFile(certificateFile).map((facts) => ({ facts, path: certificateFile })));
  }
  return { pairs: pairsOf(material.privateKeys, certificates), privateKeys: material.privateKeys, certificates };
}

export function keyMismatch(keyFile: string, certificate: Candidate): SealdropError {
  const where = certificate.path === keyFile ? 'the certificate in it' : `the certificate in ${certificate.path}`;
  return keyFault(
    'key-mismatch',
    `the private key in ${keyFile} does not belong to ${where} (${certificate.facts.subject}, serial ${certificate.facts.serial})`,
    'Put the private key and the certificate that was issued for it together; after a renewal replace both.',
  );
}

export function withoutCertificate(keyFile: string, files: AddressFiles): SealdropError {
  return keyFault(
    'identity-without-certificate',
    `there is no certificate for the private key of ${files.address}, neither in ${keyFile} nor beside it`,
    `Put the certificate, its chain after it, into ${fileBeside(files, 'crt')}.`,
  );
}

/**
 * The certificates above `leaf` among `certificates`, nearest first, whatever the order in the file; others are left out. The root may be
 * among them.
 */
export function chainAbove(leaf: CertificateFacts, certificates: readonly Candidate[]): Buffer[] {
  const path = [leaf];
  const rest = new Map(certificates.map(({ facts }) => [facts.fingerprint, facts]));
  rest.delete(leaf.fingerprint);
  // Issuers found are themselves looked at: the list grows while it is walked.
  for (const subject of path) {
    for (const [fingerprint, issuer] of rest) {
      if (!isIssuedBy(subject, issuer)) continue;
      path.push(issuer);
      rest.delete(fingerprint);
    }
  }
  return path.slice(1).map(({ der }) => der);
}

function pairsOf(privateKeys: readonly KeyObject[], certificates: readonly Candidate[]): KeyPair[] {
  return certificates.flatMap((candidate) => {
    const privateKey = privateKeys.find((key) => createPublicKey(key).equals(candidate.facts.publicKey));
    return privateKey === undefined ? [] : [{ ...candidate, privateKey }];
  });
}

function isIssuedBy(subject: CertificateFacts, issuer: CertificateFacts): boolean {
  try {
    return subject.x509.checkIssued(issuer.x509) && subject.x509.verify(issuer.publicKey);
  } catch {
    // A key of another kind than the signature.
    return false;
  }
}
