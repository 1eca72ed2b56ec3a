import { constants, createHash, createHmac, type KeyObject, privateDecrypt } from 'node:crypto';

/**
 * Recovers a content-encryption key of `keyBytes` octets from RSAES-PKCS1-v1_5 (RFC 8017 §7.2.2). Node refuses this padding in
 * `privateDecrypt` (CVE-2023-46809) where its OpenSSL lacks implicit rejection, so the padding is taken off here.
 *
 * It never fails: on any fault, be it the ciphertext's size or value, the block type, a zero among the padding octets, no separator or a
 * key of another length, it returns octets that look random and are always the same for this private key and ciphertext (implicit
 * rejection as in draft-irtf-cfrg-rsa-guidance and OpenSSL 3.2). The content then fails to decrypt as it would with any wrong key, and
 * whoever sends altered messages learns nothing about the padding (Bleichenbacher; RFC 3218). The choice between the two is made by
 * masks over all octets, without a branch or an index that depends on what was decrypted.
 */
export function unwrapRsaPkcs1(ciphertext: Buffer, privateKey: KeyObject, keyBytes: number): Buffer {
  const modulusBytes = Math.ceil((privateKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8);
  const rejection = rejectionKey(ciphertext, privateKey, modulusBytes, keyBytes);
  // What follows depends on sizes alone, which the sender knows. At least eight octets of padding (RFC 8017 §7.2.1).
  const padEnd = modulusBytes - keyBytes - 1;
  const block = ciphertext.length === modulusBytes && padEnd >= 10 ? rawDecrypt(ciphertext, privateKey) : undefined;
  if (block === undefined || block.length !== modulusBytes) return rejection;
  let fault = octet(block, 0) | (octet(block, 1) ^ 2) | octet(block, padEnd);
  for (let index = 2; index < padEnd; index += 1) fault |= isZero(octet(block, index));
  const useBlock = isZero(fault) * 0xff;
  const key = Buffer.alloc(keyBytes);
  for (let index = 0; index < keyBytes; index += 1) {
    key[index] = (octet(block, padEnd + 1 + index) & useBlock) | (octet(rejection, index) & ~useBlock & 0xff);
  }
  return key;
}

/** 1 for 0, 0 for 1…255, without a branch. */
function isZero(value: number): number {
  return ((value - 1) >>> 31) & 1;
}

function octet(bytes: Buffer, index: number): number {
  return bytes[index] ?? 0;
}

/** undefined when the number is not below the modulus, which anyone can tell from the public key. */
function rawDecrypt(ciphertext: Buffer, privateKey: KeyObject): Buffer | undefined {
  try {
    return privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, ciphertext);
  } catch {
    return undefined;
  }
}

/** Derived whether needed or not, so that needing it takes no longer. */
function rejectionKey(ciphertext: Buffer, privateKey: KeyObject, modulusBytes: number, keyBytes: number): Buffer {
  const privateExponent = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
  const padded = Buffer.alloc(Math.max(modulusBytes, ciphertext.length));
  ciphertext.copy(padded, padded.length - ciphertext.length);
  const derivation = createHmac('sha256', createHash('sha256').update(privateExponent).digest()).update(padded).digest();
  const blocks: Buffer[] = [];
  for (let counter = 0; counter * 32 < keyBytes; counter += 1) {
    blocks.push(createHmac('sha256', derivation).update(Buffer.of(counter)).update('message').digest());
  }
  return Buffer.concat(blocks).subarray(0, keyBytes);
}
