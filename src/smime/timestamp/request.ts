import { OID } from '../algorithms.js';
import { algorithmIdentifier } from '../cms/algorithm-identifier.js';
import { element, integer, nullValue, octetString, sequence } from '../cms/der.js';

/**
 * TimeStampReq (RFC 3161 §2.4.1), DER: version 1, the SHA-256 imprint of what is to be stamped, a nonce, and the wish for the certificates.
 * `nonce` is random and comes back in the answer, so that nobody can play an older one back.
 */
export function timeStampRequest(imprint: Buffer, nonce: Buffer): Buffer {
  // SHA-256 with NULL parameters: some authorities compare the identifier byte for byte with what they write themselves.
  const messageImprint = sequence(algorithmIdentifier(OID.sha256, nullValue()), octetString(imprint));
  return sequence(integer(1), messageImprint, element(0x02, positive(nonce)), element(0x01, Buffer.of(0xff)));
}

/** Content octets of a positive INTEGER of the fewest octets (X.690 §8.3.2). */
export function positive(octets: Buffer): Buffer {
  const first = octets.findIndex((octet) => octet !== 0);
  const shortest = first === -1 ? Buffer.of(0) : octets.subarray(first);
  return (shortest[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), shortest]) : shortest;
}
