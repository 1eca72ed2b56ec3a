/** RFC 8551 §4.2: shorter RSA keys are not to be used. */
export const LEAST_RSA_BITS = 2048;
/** OpenSSL refuses to compute with longer ones (OPENSSL_RSA_MAX_MODULUS_BITS). */
export const MOST_RSA_BITS = 16384;

export type NistCurve = 'p256' | 'p384' | 'p521';

/** A NIST curve by the name node:crypto gives it; undefined for all others. */
export function nistCurve(namedCurve: string | undefined): NistCurve | undefined {
  switch (namedCurve) {
    case 'prime256v1':
      return 'p256';
    case 'secp384r1':
      return 'p384';
    case 'secp521r1':
      return 'p521';
    default:
      return undefined;
  }
}
