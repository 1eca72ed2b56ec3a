import type { KeyObject } from 'node:crypto';
import { OID } from '../algorithms.js';
import type { Certificate } from './certificate.js';
import { certificateIdText, identifies } from './certificate-id.js';
import { contentDecryption, decryptContent } from './content-cipher.js';
import type { EnvelopedData } from './enveloped-data.js';
import { cannotDecrypt, noKey, unsupportedCms } from './faults.js';
import { keyAgreement, unwrapAgreed } from './key-agreement.js';
import { oaepParameters, unwrapOaep } from './oaep.js';
import type { Recipient } from './recipient-infos.js';
import { unwrapRsaPkcs1 } from './rsa-unpad.js';

export interface DecryptionKey {
  readonly certificate: Certificate;
  readonly privateKey: KeyObject;
}

/** What an EnvelopedData says of itself without a key. */
export interface EnvelopeFacts {
  /** Content cipher first, then each way a key is managed. */
  readonly algorithms: readonly string[];
  readonly recipients: readonly string[];
}

/**
 * Decrypts with whichever key is a recipient's. Throws no-key, cannot-decrypt or unsupported-cms; BerError for parameters that cannot be read.
 */
export function decrypt(data: EnvelopedData, keys: readonly DecryptionKey[]): Buffer {
  if (data.contentType !== OID.data) throw unsupportedCms(`encrypted content of type ${data.contentType}`);
  const decryption = contentDecryption(data.algorithm);
  if (decryption === undefined) throw unsupportedCms(`the content-encryption algorithm ${data.algorithm.oid}`);
  if ((decryption.cipher === 'cbc') !== (data.authentication === undefined))
    throw unsupportedCms(`${decryption.label} in the wrong kind of structure`);
  const matches = data.recipients.flatMap((recipient) =>
    recipient.kind === 'unsupported'
      ? []
      : keys.filter(({ certificate }) => identifies(recipient.id, certificate)).map((key) => ({ recipient, key })),
  );
  if (matches.length === 0) throw noKey(envelopeFacts(data).recipients);
  for (const { recipient, key } of matches.slice(0, MAX_TRIES)) {
    const contentKey = unwrap(recipient, key.privateKey, decryption.keyBytes);
    const content = contentKey && decryptContent(decryption, contentKey, data.ciphertext, data.authentication);
    if (content !== undefined) return content;
  }
  throw cannotDecrypt();
}

/** Never throws; what cannot be read is named by its object identifier. */
export function envelopeFacts(data: EnvelopedData): EnvelopeFacts {
  const management = data.recipients.map((recipient) => (recipient.kind === 'unsupported' ? 'unknown' : keyManagementLabel(recipient)));
  return {
    algorithms: [attempt(() => contentDecryption(data.algorithm)?.label) ?? data.algorithm.oid, ...new Set(management)],
    recipients: data.recipients.map((recipient) =>
      recipient.kind === 'unsupported' ? recipient.description : certificateIdText(recipient.id),
    ),
  };
}

/** One message names each of its recipients once; an attacker could repeat one to make us work. */
const MAX_TRIES = 8;

type SupportedRecipient = Exclude<Recipient, { kind: 'unsupported' }>;

/** undefined: does not unwrap, by whatever fault. */
function unwrap(recipient: SupportedRecipient, privateKey: KeyObject, keyBytes: number): Buffer | undefined {
  const { algorithm, encryptedKey } = recipient;
  if (recipient.kind === 'key-agreement') {
    const agreement = keyAgreement(algorithm);
    if (agreement === undefined) throw unsupportedCms(`the key agreement algorithm ${algorithm.oid}`);
    if (recipient.originatorKey === undefined) throw unsupportedCms('key agreement with a certified (static) originator key');
    return unwrapAgreed(agreement, privateKey, recipient.originatorKey, recipient.userKeyingMaterial, encryptedKey);
  }
  if (privateKey.asymmetricKeyType !== 'rsa') return undefined;
  if (algorithm.oid === OID.rsaEncryption) return unwrapRsaPkcs1(encryptedKey, privateKey, keyBytes);
  const parameters = algorithm.oid === OID.rsaesOaep ? oaepParameters(algorithm) : undefined;
  if (parameters === undefined) throw unsupportedCms(`the key transport algorithm ${algorithm.oid}`);
  return unwrapOaep(encryptedKey, privateKey, parameters);
}

function keyManagementLabel({ kind, algorithm }: SupportedRecipient): string {
  if (algorithm.oid === OID.rsaEncryption) return 'rsa-pkcs1';
  if (algorithm.oid === OID.rsaesOaep) {
    const parameters = attempt(() => oaepParameters(algorithm));
    return parameters === undefined ? 'rsa-oaep' : `rsa-oaep-${parameters.digest}`;
  }
  const agreement = kind === 'key-agreement' ? attempt(() => keyAgreement(algorithm)) : undefined;
  return agreement === undefined
    ? algorithm.oid
    : `ecdh-${agreement.kdf.kind === 'hkdf' ? 'hkdf-' : ''}${agreement.kdf.digest}kdf ${agreement.wrap.label}`;
}

function attempt<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
