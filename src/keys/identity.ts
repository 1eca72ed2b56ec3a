import type { KeyObject } from 'node:crypto';
import type { SealdropError } from '../errors.js';
import type { ContentCipher } from '../smime/algorithms.js';
import { type PreparedSigner, prepareSigner } from '../smime/signer.js';
import { type AddressFiles, fileBeside } from './directory-index.js';
import { keyFault } from './faults.js';
import { chainAbove, type IdentityFiles, type KeyPair, keyMismatch, readIdentityFiles, withoutCertificate } from './key-pairs.js';
import { type Loaded, loadedFrom, preparedFrom } from './loaded.js';
import type { KeyWorld } from './passphrase.js';
import { lastingFault, mostSuitable } from './suitability.js';

/** A sender's private key with its certificate and chain, ready to sign. */
export interface Identity {
  /** As an addressKey. */
  readonly address: string;
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly notAfter: Date;
  readonly signer: PreparedSigner;
  readonly privateKey: KeyObject;
  /** DER. */
  readonly certificate: Buffer;
  /** Every pair that may sign, each key once: first the one above, then the others in the order of the files. */
  readonly signingPairs: readonly [SigningPair, ...SigningPair[]];
}

/** One of an identity's keys with its certificate, ready to sign. */
export interface SigningPair {
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly signer: PreparedSigner;
  /** DER. */
  readonly certificate: Buffer;
}

type Announced = readonly ContentCipher[] | undefined;

/**
 * Reads an identity and checks all that does not depend on the time. Of several pairs (one for signing, one for encryption) the first that
 * may sign is the identity's; others that may stand by. `announced` is what their signatures say the owner's client decrypts; the usual when
 * not given. Throws only errors of disposition `wait`.
 */
export function loadIdentity(keyFile: string, files: AddressFiles, world: KeyWorld, announced?: Announced): Loaded<Identity> {
  return loadedFrom(keyFile, () => {
    const found = readIdentityFiles(keyFile, files, world);
    const pair = mostSuitable(found.pairs, 'sign', files.address);
    return pair === undefined ? withoutPair(keyFile, files, found) : fromPair(pair, files, found, announced);
  });
}

function fromPair(pair: KeyPair, files: AddressFiles, found: IdentityFiles, announced: Announced): Loaded<Identity> {
  const { facts, path, privateKey } = pair;
  const { address } = files;
  const fault = lastingFault(facts, 'sign', address, path);
  if (fault !== undefined) return { result: fault, facts, path };
  const first = signingPair(pair, files, found, announced);
  if (first instanceof Error) return { result: first, facts, path };
  const { fingerprint, notAfter, signer, certificate } = first;
  const signingPairs = [first, ...otherPairs(pair, files, found, announced)] as const;
  return { result: { address, fingerprint, notAfter, signer, privateKey, certificate, signingPairs }, facts, path };
}

function signingPair(pair: KeyPair, files: AddressFiles, found: IdentityFiles, announced: Announced): SigningPair | SealdropError {
  const { facts, privateKey } = pair;
  const chain = chainAbove(facts, found.certificates);
  const encryption = encryptionCertificate(pair, files, found);
  const capabilities = announced === undefined ? {} : { capabilities: announced };
  const signer = preparedFrom(pair, () => prepareSigner({ certificate: facts.der, chain, privateKey, ...capabilities, ...encryption }));
  if (signer instanceof Error) return signer;
  const { fingerprint, notBefore, notAfter, der: certificate } = facts;
  return { fingerprint, notBefore, notAfter, signer, certificate };
}

/** A key with several certificates signs once. What may not sign (the pair for encryption) is no fault. */
function otherPairs(first: KeyPair, files: AddressFiles, found: IdentityFiles, announced: Announced): SigningPair[] {
  const taken = [first.facts.publicKey];
  return found.pairs.flatMap((pair) => {
    const { facts, path } = pair;
    if (lastingFault(facts, 'sign', files.address, path) !== undefined || taken.some((key) => key.equals(facts.publicKey))) return [];
    const other = signingPair(pair, files, found, announced);
    if (other instanceof Error) return [];
    taken.push(facts.publicKey);
    return [other];
  });
}

/** The certificate others are to encrypt to, if it is another one than signs: the signature tells them (RFC 8551 §2.5.3). */
function encryptionCertificate(signing: KeyPair, files: AddressFiles, found: IdentityFiles): { encryptionCertificate?: Buffer } {
  const { address, certificateFile } = files;
  const candidates = certificateFile === undefined ? found.pairs : found.certificates.filter(({ path }) => path === certificateFile);
  const other = mostSuitable(candidates, 'encrypt', address);
  if (other === undefined || other.facts.fingerprint === signing.facts.fingerprint) return {};
  return lastingFault(other.facts, 'encrypt', address, other.path) === undefined ? { encryptionCertificate: other.facts.der } : {};
}

function withoutPair(keyFile: string, files: AddressFiles, found: IdentityFiles): Loaded<Identity> {
  const [certificate] = found.certificates;
  return { result: pairFault(keyFile, files, found), facts: certificate?.facts, path: keyFile };
}

function pairFault(keyFile: string, files: AddressFiles, found: IdentityFiles): SealdropError {
  const [certificate] = found.certificates;
  if (found.privateKeys.length === 0) {
    return keyFault(
      'missing-private-key',
      `there is no private key in ${keyFile}`,
      `Put the private key of ${files.address} there (PEM), or key and certificate together into ${fileBeside(files, 'p12')}.`,
    );
  }
  return certificate === undefined ? withoutCertificate(keyFile, files) : keyMismatch(keyFile, certificate);
}
