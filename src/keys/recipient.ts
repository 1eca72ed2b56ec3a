import type { SealdropError } from '../errors.js';
import type { LearntCapabilities } from '../smime/capabilities.js';
import { type PreparedRecipient, prepareRecipient } from '../smime/recipient.js';
import { readCapabilitiesFile } from './capabilities-file.js';
import { readCertificateFile } from './certificate-file.js';
import type { AddressFiles } from './directory-index.js';
import { keyMismatch, readIdentityFiles, withoutCertificate } from './key-pairs.js';
import { type Candidate, type Loaded, loadedFrom, preparedFrom } from './loaded.js';
import type { KeyWorld } from './passphrase.js';
import { lastingFault, mostSuitable } from './suitability.js';

/** A certificate that mail for an address is encrypted to. */
export interface RecipientCertificate {
  /** As an addressKey. */
  readonly address: string;
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly notAfter: Date;
  readonly prepared: PreparedRecipient;
  /** DER. */
  readonly certificate: Buffer;
  /** What its owner's client was learnt to decrypt. */
  readonly capabilities: LearntCapabilities | undefined;
  /** Why the file with what was learnt does not count. */
  readonly capabilitiesFault: SealdropError | undefined;
}

/**
 * Reads a recipient certificate and checks all that does not depend on the time: from `.crt`/`.cer` if there is one, else from the files of
 * an identity of ours. Of several certificates the first that may encrypt is taken. Throws only errors of disposition `wait`.
 */
export function loadRecipient(path: string, files: AddressFiles, world: KeyWorld): Loaded<RecipientCertificate> {
  return loadedFrom(path, () => {
    const candidates = path === files.certificateFile ? certificatesIn(path) : identityCertificatesIn(path, files, world);
    const candidate = mostSuitable(candidates, 'encrypt', files.address);
    // Both readers throw when there is nothing in the file.
    if (candidate === undefined) throw new Error(`${path} holds no certificate`);
    return fromCandidate(candidate, files);
  });
}

function fromCandidate(candidate: Candidate, { address, capabilitiesFile }: AddressFiles): Loaded<RecipientCertificate> {
  const { facts, path } = candidate;
  const fault = lastingFault(facts, 'encrypt', address, path);
  if (fault !== undefined) return { result: fault, facts, path };
  const prepared = preparedFrom(candidate, () => prepareRecipient(facts.der));
  if (prepared instanceof Error) return { result: prepared, facts, path };
  const { fingerprint, notAfter, der: certificate } = facts;
  const learnt = readCapabilitiesFile(capabilitiesFile, fingerprint);
  return { result: { address, fingerprint, notAfter, prepared, certificate, ...learnt }, facts, path };
}

function certificatesIn(path: string): Candidate[] {
  return readCertificateFile(path).map((facts) => ({ facts, path }));
}

/** A key file's fault is this address's fault too: nothing is encrypted to a key that others can read. */
function identityCertificatesIn(keyFile: string, files: AddressFiles, world: KeyWorld): readonly Candidate[] {
  const { pairs, privateKeys, certificates } = readIdentityFiles(keyFile, files, world);
  const [certificate] = certificates;
  if (certificate === undefined) throw withoutCertificate(keyFile, files);
  if (privateKeys.length === 0) return certificates;
  if (pairs.length === 0) throw keyMismatch(keyFile, certificate);
  return pairs;
}
