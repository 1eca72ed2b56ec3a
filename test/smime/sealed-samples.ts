import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { ContentCipher, DigestName, KeyTransport, SignatureScheme } from '../../src/smime/algorithms.js';
import type { OpenKeys } from '../../src/smime/open.js';
import { type PreparedRecipient, prepareRecipient } from '../../src/smime/recipient.js';
import { type PreparedSigner, prepareSigner } from '../../src/smime/signer.js';
import type { Issued, KeyKind } from '../kit/pki.js';
import { encrypt, issue, pki, signDetached, signerOf, signOpaque } from './writing-kit.js';

export const SIGNING_KEYS = ['rsa-2048', 'p-256', 'p-384', 'p-521', 'ed25519'] as const satisfies KeyKind[];
export const ENCRYPTION_KEYS = ['rsa-2048', 'p-256', 'p-384', 'p-521', 'x25519'] as const satisfies KeyKind[];

export type SigningKeyKind = (typeof SIGNING_KEYS)[number];
export type EncryptionKeyKind = (typeof ENCRYPTION_KEYS)[number];

export const ALICE = 'alice@example.com';
export const BOB = 'bob@example.net';

export interface Signing {
  readonly form: 'opaque' | 'detached';
  readonly key: SigningKeyKind;
  /** A second key of hers that signs as well. */
  readonly and?: SigningKeyKind;
  readonly scheme?: SignatureScheme;
  readonly digest?: DigestName;
}

export interface Encryption {
  readonly content: ContentCipher;
  readonly to: readonly EncryptionKeyKind[];
  readonly keyTransport?: KeyTransport;
}

const signers = new Map<SigningKeyKind, PreparedSigner>();
const recipients = new Map<EncryptionKeyKind, { issued: Issued; prepared: PreparedRecipient; privateKey: KeyObject }>();

/** Alice's signature, or signatures, around an entity. */
export function signed(entity: Buffer, { form, key, and, scheme = 'auto', digest = 'sha256' }: Signing): Buffer {
  const options = { digest, scheme, signingTime: new Date() };
  const more = and === undefined || and === key ? [] : [alice(and)];
  return (form === 'opaque' ? signOpaque : signDetached)(entity, [alice(key), ...more], options).entity;
}

function alice(key: SigningKeyKind): PreparedSigner {
  const signer = signers.get(key) ?? prepareSigner(signerOf(issue(key, ALICE)));
  signers.set(key, signer);
  return signer;
}

/** Encryption to Bob, under one or more of his keys. */
export function encrypted(entity: Buffer, { content, to, keyTransport = 'rsa-pkcs1' }: Encryption): Buffer {
  return encrypt(
    entity,
    to.map((key) => bob(key).prepared),
    { content, keyTransport },
  );
}

/** What Bob opens with, trusting the kit's root. */
export function keysOfBob(...keys: EncryptionKeyKind[]): OpenKeys {
  const decryption = keys.map((key) => ({ certificate: bob(key).issued.certificate, privateKey: bob(key).privateKey }));
  return { decryption, trustAnchors: [pki.root.certificate], now: new Date() };
}

export function bob(key: EncryptionKeyKind): { issued: Issued; prepared: PreparedRecipient; privateKey: KeyObject } {
  const known = recipients.get(key);
  if (known !== undefined) return known;
  const issued = issue(key, BOB);
  const made = { issued, prepared: prepareRecipient(issued.certificate), privateKey: createPrivateKey(issued.privateKeyPem) };
  recipients.set(key, made);
  return made;
}

/** A sealed entity as a message from Alice to Bob. */
export function messageWith(entity: Buffer): Buffer {
  const header = `From: Alice <${ALICE}>\r\nTo: ${BOB}\r\nSubject: Quarterly figures\r\nMIME-Version: 1.0\r\n`;
  return Buffer.concat([Buffer.from(header), entity]);
}

/** The octets in the one base64 body of an entity or message. */
export function cmsIn(message: Buffer): Buffer {
  return Buffer.from(message.toString('latin1', message.indexOf('\r\n\r\n')), 'base64');
}

/** The message with other octets in its one base64 body. */
export function withCms(message: Buffer, cms: Buffer): Buffer {
  const header = message.subarray(0, message.indexOf('\r\n\r\n') + 4);
  return Buffer.concat([header, Buffer.from(`${cms.toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`)]);
}
