import { constants, publicEncrypt } from 'node:crypto';
import type { KeyTransport } from '../algorithms.js';
import { rsaEncryption, rsaesOaep } from './algorithm-identifier.js';
import { integer } from './der.js';
import { around, hollowString } from './frame.js';
import type { TransportKey } from './recipient-key.js';

/** KeyTransRecipientInfo (RFC 5652 §6.2.1), the content key encrypted with RSA: PKCS#1 v1.5, or OAEP with SHA-256 (RFC 3560). */
export function keyTransRecipientInfo(recipient: TransportKey, contentKey: Buffer, transport: KeyTransport): Buffer {
  const encryptedKey = publicEncrypt(
    transport === 'rsa-oaep'
      ? { key: recipient.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
      : { key: recipient.publicKey, padding: constants.RSA_PKCS1_PADDING },
    contentKey,
  );
  return Buffer.concat([recipient.heads[transport], encryptedKey]);
}

/** Everything before the encrypted key, which is as long as the modulus. Version 0: the recipient is named by issuerAndSerialNumber. */
export function keyTransportHeads(issuerAndSerial: Buffer, modulusBytes: number): Record<KeyTransport, Buffer> {
  const head = (algorithm: Buffer): Buffer =>
    Buffer.concat(around(0x30, [integer(0), issuerAndSerial, algorithm], hollowString(0x04, modulusBytes)).head);
  return { 'rsa-pkcs1': head(rsaEncryption), 'rsa-oaep': head(rsaesOaep) };
}
