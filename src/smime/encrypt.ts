import { createCipheriv, randomBytes } from 'node:crypto';
import { SealdropError } from '../errors.js';
import { CONTENT_CIPHERS, type ContentCipher, type KeyTransport } from './algorithms.js';
import { contentEncryptionAlgorithm, GCM_TAG_BYTES } from './cms/algorithm-identifier.js';
import { authEnvelopedData, envelopedData } from './cms/enveloped-data.js';
import { frameLength } from './cms/frame.js';
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
 * application/pkcs7-mime with enveloped-data (CBC) or authEnveloped-data (GCM) around a MIME entity, for one or more recipients, each
 * named once. Content key, IV or nonce and ephemeral keys are new on every call. Throws SealdropError `no-recipients` when there are none:
 * nobody could read it.
 */
export function encrypt(entity: Buffer, recipients: readonly PreparedRecipient[], options: EncryptOptions): Buffer {
  if (recipients.length === 0) throw noRecipients();
  const contentKey = randomBytes(CONTENT_CIPHERS[options.content].keyBytes);
  const recipientInfos = distinct(recipients).map((recipient) => recipientInfo(recipient, contentKey, options.keyTransport));
  switch (options.content) {
    case 'aes-128-gcm':
    case 'aes-256-gcm':
      return encryptGcm(entity, contentKey, recipientInfos, options.content);
    default:
      return encryptCbc(entity, contentKey, recipientInfos, options.content);
  }
}

type GcmCipher = Extract<ContentCipher, `${string}-gcm`>;
type CbcCipher = Exclude<ContentCipher, GcmCipher>;

const BLOCK_BYTES = 16;
const NONCE_BYTES = 12;

/** Octets encrypted at a time: what comes out is still in the processor's cache when it is turned into base64. */
const STEP_BYTES = 64 * 1024;

function encryptCbc(entity: Buffer, contentKey: Buffer, recipientInfos: readonly Buffer[], content: CbcCipher): Buffer {
  const iv = randomBytes(BLOCK_BYTES);
  const cipher = createCipheriv(content, contentKey, iv);
  // RFC 5652 §6.3: padding of 1 to 16 octets.
  const ciphertextBytes = entity.length + BLOCK_BYTES - (entity.length % BLOCK_BYTES);
  const cms = envelopedData({ recipientInfos, contentEncryptionAlgorithm: contentEncryptionAlgorithm(content, iv) }, ciphertextBytes);
  function* pieces(): Generator<Buffer> {
    yield Buffer.concat(cms.head);
    yield* steps(entity, (plain) => cipher.update(plain));
    yield cipher.final();
    yield Buffer.concat(cms.tail);
  }
  return pkcs7MimeEntity('enveloped-data', pieces(), frameLength(cms));
}

function encryptGcm(entity: Buffer, contentKey: Buffer, recipientInfos: readonly Buffer[], content: GcmCipher): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(content, contentKey, nonce, { authTagLength: GCM_TAG_BYTES });
  const mac = Buffer.alloc(GCM_TAG_BYTES);
  const cms = authEnvelopedData(
    { recipientInfos, contentEncryptionAlgorithm: contentEncryptionAlgorithm(content, nonce) },
    entity.length,
    mac,
  );
  function* pieces(): Generator<Buffer> {
    yield Buffer.concat(cms.head);
    yield* steps(entity, (plain) => cipher.update(plain));
    yield cipher.final();
    cipher.getAuthTag().copy(mac);
    yield Buffer.concat(cms.tail);
  }
  return pkcs7MimeEntity('authEnveloped-data', pieces(), frameLength(cms));
}

function* steps(entity: Buffer, encryptStep: (plain: Buffer) => Buffer): Generator<Buffer> {
  for (let offset = 0; offset < entity.length; offset += STEP_BYTES) yield encryptStep(entity.subarray(offset, offset + STEP_BYTES));
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
