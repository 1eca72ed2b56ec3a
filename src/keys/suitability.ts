import type { SealdropError } from '../errors.js';
import { addressKey } from '../message/address.js';
import { LEAST_RSA_BITS, nistCurve } from '../smime/key-limits.js';
import { KEY_USAGE } from '../smime/read/certificate.js';
import { X509_OID } from '../smime/read/x509-oids.js';
import type { CertificateFacts } from './certificate.js';
import { keyFault } from './faults.js';
import type { Candidate } from './loaded.js';

export type KeyPurpose = 'sign' | 'encrypt';

/**
 * Why a certificate may not be used for an address and a purpose whatever the time, or undefined when it may (RFC 8550 §3, §4.4; RFC 5280).
 * `address` is an addressKey, `path` the file the certificate came from.
 */
export function lastingFault(facts: CertificateFacts, purpose: KeyPurpose, address: string, path: string): SealdropError | undefined {
  return caFault(facts, path) ?? keyFaultOf(facts, purpose, path) ?? usageFault(facts, purpose, path) ?? addressFault(facts, address, path);
}

/** The same for octets that are no mail and for nobody's address: what an archive is encrypted to. An authority's own certificate serves. */
export function storageFault(facts: CertificateFacts, path: string): SealdropError | undefined {
  return keyFaultOf(facts, 'encrypt', path) ?? keyUsageFault(facts, 'encrypt', path);
}

/** The first of several certificates that may be used for the purpose; if none may, the one whose fault says most. */
export function mostSuitable<T extends Candidate>(candidates: readonly T[], purpose: KeyPurpose, address: string): T | undefined {
  const suitable = candidates.find(({ facts, path }) => lastingFault(facts, purpose, address, path) === undefined);
  return suitable ?? candidates.find(({ facts }) => !facts.isCa) ?? candidates[0];
}

/** Why a certificate may not be used at the time `now`, or undefined when it may. Checked at load and again at every use. */
export function timeFault(
  facts: Pick<CertificateFacts, 'notBefore' | 'notAfter'>,
  now: Date,
  address: string,
  path: string,
): SealdropError | undefined {
  const renew = `Put the current certificate of ${address} in place of ${path}.`;
  if (now > facts.notAfter) {
    return keyFault('certificate-expired', `the certificate of ${address} in ${path} expired at ${facts.notAfter.toISOString()}`, renew);
  }
  if (now < facts.notBefore) {
    return keyFault(
      'certificate-not-yet-valid',
      `the certificate of ${address} in ${path} is not valid before ${facts.notBefore.toISOString()}`,
      `Check the clock of this machine (it says ${now.toISOString()}). ${renew}`,
    );
  }
  return undefined;
}

/** A CA's key signs certificates; mail signed or encrypted with it is refused by readers. */
function caFault(facts: CertificateFacts, path: string): SealdropError | undefined {
  if (!facts.isCa) return undefined;
  return keyFault(
    'certificate-is-ca',
    `the certificate in ${path} (${facts.subject}) is that of a certification authority (CA:TRUE)`,
    'Put the certificate of the mailbox first in the file. A self-signed one must be made with: -addext basicConstraints=critical,CA:FALSE',
  );
}

const KEY_TYPES: Readonly<Record<KeyPurpose, ReadonlySet<unknown>>> = {
  sign: new Set(['rsa', 'rsa-pss', 'ec', 'ed25519']),
  encrypt: new Set(['rsa', 'ec', 'x25519']),
};

function keyFaultOf(facts: CertificateFacts, purpose: KeyPurpose, path: string): SealdropError | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = facts.publicKey;
  if (!KEY_TYPES[purpose].has(type) || (type === 'ec' && nistCurve(details?.namedCurve) === undefined)) {
    return keyFault(
      'unusable-certificate',
      `the certificate in ${path} has a key of the kind ${facts.algorithm}, which cannot ${purpose} here`,
      'Use a certificate with an RSA key, or an elliptic curve key on P-256, P-384 or P-521.',
    );
  }
  if (details?.modulusLength !== undefined && details.modulusLength < LEAST_RSA_BITS) {
    return keyFault(
      'weak-key',
      `the certificate in ${path} has an RSA key of ${details.modulusLength} bits; less than ${LEAST_RSA_BITS} is not safe`,
      `Get a certificate for a key of at least ${LEAST_RSA_BITS} bits.`,
    );
  }
  return undefined;
}

function usageFault(facts: CertificateFacts, purpose: KeyPurpose, path: string): SealdropError | undefined {
  return keyUsageFault(facts, purpose, path) ?? extendedKeyUsageFault(facts, path);
}

function keyUsageFault(facts: CertificateFacts, purpose: KeyPurpose, path: string): SealdropError | undefined {
  const { bits, names } = neededUsage(facts, purpose);
  if (facts.keyUsage !== undefined && (facts.keyUsage & bits) === 0) {
    return keyFault(
      'certificate-key-usage',
      `the certificate in ${path} may not be used to ${purpose}: its keyUsage lacks ${names}`,
      purpose === 'sign'
        ? 'Use the signing certificate of the pair, or get one with this keyUsage.'
        : 'Use the encryption certificate of the pair (as .crt beside the signing identity), or get one with this keyUsage.',
    );
  }
  return undefined;
}

function extendedKeyUsageFault(facts: CertificateFacts, path: string): SealdropError | undefined {
  const extended = facts.extKeyUsage;
  if (extended !== undefined && !extended.includes(X509_OID.emailProtection) && !extended.includes(X509_OID.anyExtendedKeyUsage)) {
    return keyFault(
      'certificate-extended-key-usage',
      `the certificate in ${path} is not for mail: its extendedKeyUsage has neither emailProtection nor anyExtendedKeyUsage`,
      'Get an S/MIME certificate; those for web servers or logins are not accepted by mail programs.',
    );
  }
  return undefined;
}

/** RFC 8550 §4.4.2; RFC 5280 §4.2.1.3 for the bits. */
function neededUsage(facts: CertificateFacts, purpose: KeyPurpose): { bits: number; names: string } {
  if (purpose === 'sign')
    return { bits: KEY_USAGE.digitalSignature | KEY_USAGE.nonRepudiation, names: 'digitalSignature and nonRepudiation' };
  if (facts.publicKey.asymmetricKeyType === 'rsa') return { bits: KEY_USAGE.keyEncipherment, names: 'keyEncipherment' };
  return { bits: KEY_USAGE.keyAgreement, names: 'keyAgreement' };
}

function addressFault(facts: CertificateFacts, address: string, path: string): SealdropError | undefined {
  if (facts.addresses.includes(address)) return undefined;
  const held = facts.addresses.length === 0 ? 'no address' : facts.addresses.slice(0, 5).join(', ');
  const caseOnly = facts.addresses.some((other) => other.toLowerCase() === address.toLowerCase());
  const hint = caseOnly ? '; they differ in upper and lower case before the @, which makes two mailboxes (RFC 5321 §2.4)' : '';
  return keyFault(
    'certificate-address',
    `the certificate in ${path} is not for ${addressKey(address)}: it carries ${held}${hint}`,
    `Put a certificate there that carries ${address} as rfc822Name, or name the file after the address it carries.`,
  );
}
