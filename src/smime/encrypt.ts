import { createCipheriv, randomBytes } from 'node:crypto';
import { SealdropError } from '../errors.js';
import { freshOctets } from '../fresh-octets.js';
import type { Octets } from '../message/octets.js';
import { CONTENT_CIPHERS, type ContentCipher, type KeyTransport } from './algorithms.js';
import { contentEncryptionAlgorithm, TAG_BYTES } from './cms/algorithm-identifier.js';
import { authEnvelopedData, type EnvelopeParts, envelopedData } from './cms/enveloped-data.js';
import { filled } from './cms/frame.js';
import { keyAgreeRecipientInfo } from './cms/key-agreement.js';
import { keyTransRecipientInfo } from './cms/key-transport.js';
import { pkcs7MimeEntity } from './mime-form.js';
import type { PreparedRecipient } from './recipient.js';

export interface EncryptOptions {
  readonly content: ContentCipher;
  /** For RSA recipients; EC and X25519 keys agree on a key instead. */
  readonly keyTransport: KeyTransport;
}

/**
 * application/pkcs7-mime with enveloped-data (CBC) or authEnveloped-data (GCM, ChaCha20-Poly1305) around a MIME entity, for one or more
 * recipients, each named once. Content key, IV or nonce and ephemeral keys are new on every call; the octets are encrypted as their pieces are
 * asked for, and each time to the same. Throws SealdropError `no-recipients` when there are none: nobody could read it.
 */
export function encrypt(entity: Octets, recipients: readonly PreparedRecipient[], options: EncryptOptions): Octets {
  const { content } = options;
  const { contentKey, recipientInfos } = keysFor(recipients, options);
  return isAuthenticated(content)
    ? pkcs7MimeEntity('authEnveloped-data', encryptAuthenticated(entity, contentKey, recipientInfos, content))
    : pkcs7MimeEntity('enveloped-data', encryptCbc(entity, contentKey, recipientInfos, content));
}

/**
 * CMS EnvelopedData in DER (RFC 5652 §6) around any octets, AES-256-CBC, RSA keys by PKCS#1 v1.5: what `openssl cms -decrypt -inform DER
 * -binary` opens. Otherwise as `encrypt`.
 */
export function envelop(content: Octets, recipients: readonly PreparedRecipient[]): Octets {
  const { contentKey, recipientInfos } = keysFor(recipients, { content: 'aes-256-cbc', keyTransport: 'rsa-pkcs1' });
  return encryptCbc(content, contentKey, recipientInfos, 'aes-256-cbc');
}

function keysFor(recipients: readonly PreparedRecipient[], { content, keyTransport }: EncryptOptions) {
  if (recipients.length === 0) throw noRecipients();
  const contentKey = randomBytes(CONTENT_CIPHERS[content].keyBytes);
  return { contentKey, recipientInfos: distinct(recipients).map((recipient) => recipientInfo(recipient, contentKey, keyTransport)) };
}

type AuthenticatedCipher = Extract<ContentCipher, `${string}-gcm` | 'chacha20-poly1305'>;
type CbcCipher = Exclude<ContentCipher, AuthenticatedCipher>;

function isAuthenticated(content: ContentCipher): content is AuthenticatedCipher {
  return content.endsWith('-gcm') || content === 'chacha20-poly1305';
}

const BLOCK_BYTES = 16;
const NONCE_BYTES = 12;

/** Octets encrypted at a time: what comes out is still in the processor's cache when it is turned into base64. */
const STEP_BYTES = 64 * 1024;

function encryptCbc(entity: Octets, contentKey: Buffer, recipientInfos: readonly Buffer[], content: CbcCipher): Octets {
  const iv = freshOctets(BLOCK_BYTES);
  // RFC 5652 §6.3: padding of 1 to 16 octets.
  const ciphertextBytes = entity.sizeBytes + BLOCK_BYTES - (entity.sizeBytes % BLOCK_BYTES);
  const ciphertext: Octets = {
    sizeBytes: ciphertextBytes,
    *pieces() {
      const cipher = createCipheriv(content, contentKey, iv);
      for (const step of steps(entity)) yield cipher.update(step);
      yield cipher.final();
    },
  };
  const parts: EnvelopeParts = { recipientInfos, contentEncryptionAlgorithm: contentEncryptionAlgorithm(content, iv) };
  return filled(envelopedData(parts, ciphertextBytes), ciphertext);
}

function encryptAuthenticated(entity: Octets, contentKey: Buffer, recipientInfos: readonly Buffer[], content: AuthenticatedCipher): Octets {
  const nonce = freshOctets(NONCE_BYTES);
  // Stands in the frame behind the ciphertext, and is filled in once that has been made.
  const mac = Buffer.alloc(TAG_BYTES);
  const ciphertext: Octets = {
    sizeBytes: entity.sizeBytes,
    *pieces() {
      const cipher = authenticatedCipher(content, contentKey, nonce);
      for (const step of steps(entity)) yield cipher.update(step);
      yield cipher.final();
      cipher.getAuthTag().copy(mac);
    },
  };
  const parts: EnvelopeParts = { recipientInfos, contentEncryptionAlgorithm: contentEncryptionAlgorithm(content, nonce) };
  return filled(authEnvelopedData(parts, entity.sizeBytes, mac), ciphertext);
}

/** Two calls because of Node's types alone, which tell these ciphers apart by their names. */
function authenticatedCipher(content: AuthenticatedCipher, contentKey: Buffer, nonce: Buffer) {
  const options = { authTagLength: TAG_BYTES };
  return content === 'chacha20-poly1305'
    ? createCipheriv(content, contentKey, nonce, options)
    : createCipheriv(content, contentKey, nonce, options);
}

function* steps(entity: Octets): Generator<Buffer> {
  for (const piece of entity.pieces()) {
    for (let offset = 0; offset < piece.length; offset += STEP_BYTES) yield piece.subarray(offset, offset + STEP_BYTES);
  }
}

function recipientInfo(recipient: PreparedRecipient, contentKey: Buffer, keyTransport: KeyTransport): Buffer {
  const { key } = recipient;
  return key.kind === 'rsa' ? keyTransRecipientInfo(key, contentKey, keyTransport) : keyAgreeRecipientInfo(key, contentKey);
}

function distinct(recipients: readonly PreparedRecipient[]): PreparedRecipient[] {
  return [...new Map(recipients.map((recipient) => [recipient.fingerprint, recipient])).values()];
}

function noRecipients(): SealdropError {
  return new SealdropError('no-recipients', 'There is nobody to encrypt to', {
    disposition: 'quarantine',
    cure: 'Name at least one recipient who has a certificate.',
  });
}
