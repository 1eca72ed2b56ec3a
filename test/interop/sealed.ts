import { createPrivateKey } from 'node:crypto';
import type { ContentCipher, DigestName, KeyTransport, SignatureScheme } from '../../src/smime/algorithms.js';
import { prepareRecipient } from '../../src/smime/recipient.js';
import type { Signers } from '../../src/smime/sign.js';
import { type PreparedSigner, prepareSigner } from '../../src/smime/signer.js';
import type { KeyKind } from '../kit/pki.js';
import { encrypt, signDetached, signOpaque } from '../smime/writing-kit.js';
import { ENTITY, exchanged, forgeEncrypted, forgeSigned, messageAround, SAFE_ENTITY } from './content.js';
import { pki, type RecipientKind, recipientWith, signerWith, strangerWith } from './people.js';

/** A message as sealdrop writes it, and copies that somebody without the keys could make of it. */
export interface Sealed {
  readonly message: Buffer;
  /** What a reader must find in it. */
  readonly entity: Buffer;
  readonly forged: readonly Buffer[];
}

/** What sealdrop writes, by the names the rows of the tables have. */
export const SIGNED = {
  'RSA-2048 PKCS#1 v1.5, SHA-256': signed('rsa-2048'),
  'RSA-2048 PKCS#1 v1.5, SHA-384': signed('rsa-2048', { digest: 'sha384' }),
  'RSA-2048 PKCS#1 v1.5, SHA-512': signed('rsa-2048', { digest: 'sha512' }),
  'RSA-3072 PKCS#1 v1.5, SHA-256': signed('rsa-3072'),
  'RSA-4096 PKCS#1 v1.5, SHA-256': signed('rsa-4096'),
  'RSA-2048 RSASSA-PSS, SHA-256': signed('rsa-2048', { scheme: 'rsa-pss' }),
  'RSA-2048 RSASSA-PSS, SHA-512': signed('rsa-2048', { scheme: 'rsa-pss', digest: 'sha512' }),
  'ECDSA P-256, SHA-256': signed('p-256'),
  'ECDSA P-384, SHA-384': signed('p-384'),
  'ECDSA P-521, SHA-512': signed('p-521'),
  'Ed25519, SHA-512': signed('ed25519'),
  'RSA-2048 PKCS#1 v1.5, SHA-256, detached': signed('rsa-2048', { form: 'detached' }),
  'RSA-2048 RSASSA-PSS, SHA-256, detached': signed('rsa-2048', { form: 'detached', scheme: 'rsa-pss' }),
  'ECDSA P-256, SHA-256, detached': signed('p-256', { form: 'detached' }),
  'Ed25519, SHA-512, detached': signed('ed25519', { form: 'detached' }),
  'RSA-2048, SHA-256, and ECDSA P-384, SHA-384, together': signed('rsa-2048', { second: 'p-384' }),
  'RSA-2048, SHA-256, and ECDSA P-384, SHA-384, together, detached': signed('rsa-2048', { second: 'p-384', form: 'detached' }),
} satisfies Record<string, () => Sealed>;

export const ENCRYPTED = {
  'AES-128-CBC, RSA PKCS#1 v1.5': encrypted('aes-128-cbc', ['rsa-2048']),
  'AES-192-CBC, RSA PKCS#1 v1.5': encrypted('aes-192-cbc', ['rsa-2048']),
  'AES-256-CBC, RSA PKCS#1 v1.5': encrypted('aes-256-cbc', ['rsa-2048']),
  'AES-256-CBC, RSA PKCS#1 v1.5, detached signature inside': encrypted('aes-256-cbc', ['rsa-2048'], { form: 'detached' }),
  'AES-128-GCM, RSA PKCS#1 v1.5': encrypted('aes-128-gcm', ['rsa-2048']),
  'AES-256-GCM, RSA PKCS#1 v1.5': encrypted('aes-256-gcm', ['rsa-2048']),
  'ChaCha20-Poly1305, RSA PKCS#1 v1.5': encrypted('chacha20-poly1305', ['rsa-2048']),
  'AES-256-CBC, RSA-OAEP SHA-256': encrypted('aes-256-cbc', ['rsa-2048'], { keyTransport: 'rsa-oaep' }),
  'AES-256-GCM, RSA-OAEP SHA-256': encrypted('aes-256-gcm', ['rsa-2048'], { keyTransport: 'rsa-oaep' }),
  'AES-128-CBC, ECDH P-256': encrypted('aes-128-cbc', ['p-256']),
  'AES-256-CBC, ECDH P-256': encrypted('aes-256-cbc', ['p-256']),
  'AES-256-CBC, ECDH P-384': encrypted('aes-256-cbc', ['p-384']),
  'AES-256-CBC, ECDH P-521': encrypted('aes-256-cbc', ['p-521']),
  'AES-256-GCM, ECDH P-256': encrypted('aes-256-gcm', ['p-256']),
  'AES-256-CBC, X25519': encrypted('aes-256-cbc', ['x25519']),
  'AES-256-GCM, X25519': encrypted('aes-256-gcm', ['x25519']),
  'AES-256-CBC to RSA and P-256, read with the RSA key': encrypted('aes-256-cbc', ['rsa-2048'], { others: ['p-256'] }),
  'AES-256-CBC to RSA and P-256, read with the P-256 key': encrypted('aes-256-cbc', ['p-256'], { others: ['rsa-2048'] }),
  'AES-256-CBC to RSA and X25519, read with the RSA key': encrypted('aes-256-cbc', ['rsa-2048'], { others: ['x25519'] }),
  'AES-256-CBC, RSA PKCS#1 v1.5, and signed again, detached (triple wrap)': tripleWrapped,
} satisfies Record<string, () => Sealed>;

export type SealedRow = keyof typeof SIGNED | keyof typeof ENCRYPTED;

interface Signature {
  readonly form?: 'opaque' | 'detached';
  readonly digest?: DigestName;
  readonly scheme?: SignatureScheme;
  /** A second signer over the same content. */
  readonly second?: KeyKind;
}

function signed(key: KeyKind, signature: Signature = {}): () => Sealed {
  return () => {
    const { entity, content } = sign(key, signature);
    return { message: messageAround(entity), entity: content, forged: [messageAround(forgeSigned(entity))] };
  };
}

/**
 * Signed by RSA-2048 with SHA-256, then encrypted: what is encrypted is signed in practice, and with CBC only the signature tells a tampered
 * copy. `to`: whose keys the reader has; `others` are recipients as well, and come first.
 */
function encrypted(
  content: ContentCipher,
  to: readonly RecipientKind[],
  options: Signature & { readonly keyTransport?: KeyTransport; readonly others?: readonly RecipientKind[] } = {},
): () => Sealed {
  return () => {
    const { keyTransport = 'rsa-pkcs1', others = [], ...signature } = options;
    const inner = sign('rsa-2048', signature);
    const recipients = [...others.map(strangerWith), ...to.map(recipientWith)].map(({ certificate }) => prepareRecipient(certificate));
    const sealed = encrypt(inner.entity, recipients, { content, keyTransport });
    const forgedInside = encrypt(forgeSigned(inner.entity), recipients, { content, keyTransport });
    return {
      message: messageAround(sealed),
      entity: inner.content,
      forged: [messageAround(forgeEncrypted(sealed)), messageAround(forgedInside)],
    };
  };
}

/** RFC 2634 section 1.1: who carries the mail sees by the outer signature from whom it is, who opens it by the inner one. */
function tripleWrapped(): Sealed {
  const inner = sign('rsa-2048', {});
  const recipients = [prepareRecipient(recipientWith('rsa-2048').certificate)];
  const encryptedAround = (entity: Buffer) => encrypt(entity, recipients, { content: 'aes-256-cbc', keyTransport: 'rsa-pkcs1' });
  const signedAround = (entity: Buffer) => signDetached(entity, [preparedSigner('rsa-2048')], { ...PLAIN, signingTime: new Date() }).entity;
  const encrypted = encryptedAround(inner.entity);
  const outer = signedAround(encrypted);
  return {
    message: messageAround(outer),
    entity: inner.content,
    forged: [
      messageAround(exchanged(outer, encrypted, forgeEncrypted(encrypted))),
      messageAround(signedAround(encryptedAround(forgeSigned(inner.entity)))),
    ],
  };
}

const PLAIN = { digest: 'sha256', scheme: 'auto' } as const;

function sign(
  key: KeyKind,
  { form = 'opaque', digest = PLAIN.digest, scheme = PLAIN.scheme, second }: Signature,
): { entity: Buffer; content: Buffer } {
  const options = { digest, scheme, signingTime: new Date() };
  const content = form === 'opaque' ? ENTITY : SAFE_ENTITY;
  const signers: Signers = [preparedSigner(key), ...(second === undefined ? [] : [preparedSigner(second)])];
  const { entity } = (form === 'opaque' ? signOpaque : signDetached)(content, signers, options);
  return { entity, content };
}

function preparedSigner(key: KeyKind): PreparedSigner {
  const { certificate, privateKeyPem } = signerWith(key);
  const chain = [pki.intermediate.certificate, pki.root.certificate];
  return prepareSigner({ certificate, chain, privateKey: createPrivateKey(privateKeyPem) });
}
