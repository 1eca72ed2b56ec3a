import type { SealdropError } from '../errors.js';
import { keyFault } from './faults.js';

/** Nothing in the directory is an identity of this address. `inOtherCase` are names that differ from it only in upper and lower case. */
export function missingIdentity(address: string, directory: string, inOtherCase: readonly string[]): SealdropError {
  return keyFault(
    'missing-identity',
    `there is no private key for ${address} in ${directory}${caseHint(inOtherCase)}`,
    placing(
      address,
      (stem) =>
        `Put key and certificate of ${address} into ${directory}/${stem}.p12, or the key into ${stem}.pem and the certificate into ${stem}.crt.`,
    ),
  );
}

/** Nothing in the directory is a certificate of this address. */
export function missingCertificate(address: string, directory: string, inOtherCase: readonly string[]): SealdropError {
  return keyFault(
    'missing-certificate',
    `there is no certificate for ${address} in ${directory}${caseHint(inOtherCase)}`,
    placing(address, (stem) => `Put the certificate of ${address} (PEM or DER) into ${directory}/${stem}.crt.`),
  );
}

function caseHint(names: readonly string[]): string {
  if (names.length === 0) return '';
  return `; ${names.slice(0, 3).join(', ')} differs only in upper and lower case before the @, which makes another mailbox (RFC 5321 §2.4)`;
}

/** NAME_MAX less the extension. */
const MAX_STEM_BYTES = 250;

function placing(address: string, sentence: (stem: string) => string): string {
  if (address.includes('/') || Buffer.byteLength(address) > MAX_STEM_BYTES)
    return 'No file can be named by this address; use another address of this mailbox.';
  return sentence(address);
}
