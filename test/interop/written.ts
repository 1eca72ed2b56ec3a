import type { RecipientKind } from './people.js';
import type { CipherWanted, EncryptionWanted, SignatureWanted } from './writers/writer.js';

/** What others are asked to write: a signature, perhaps encrypted by the same program. */
export interface Wanted {
  readonly signature: SignatureWanted;
  readonly encryption?: EncryptionWanted;
}

/** By the names the rows of the tables have. */
export const SIGNED_BY_OTHERS = {
  'RSA-2048 PKCS#1 v1.5, SHA-256': signature(),
  'RSA-2048 PKCS#1 v1.5, SHA-512': signature({ digest: 'sha512' }),
  'RSA-2048 PKCS#1 v1.5, SHA-1': signature({ digest: 'sha1' }),
  'RSA-2048 PKCS#1 v1.5, SHA-256, detached': signature({ form: 'detached' }),
  'RSA-2048 PKCS#1 v1.5, SHA-256, BER of indefinite lengths': signature({ indefinite: true }),
  'RSA-2048 RSASSA-PSS, SHA-256': signature({ scheme: 'pss' }),
  'RSA-2048 RSASSA-PSS, SHA-512': signature({ scheme: 'pss', digest: 'sha512' }),
  'ECDSA P-256, SHA-256': signature({ key: 'p-256' }),
  'ECDSA P-384, SHA-384': signature({ key: 'p-384', digest: 'sha384' }),
  'ECDSA P-521, SHA-512': signature({ key: 'p-521', digest: 'sha512' }),
  'Ed25519, SHA-512': signature({ key: 'ed25519', digest: 'sha512' }),
} satisfies Record<string, Wanted>;

/** All signed by RSA-2048 with SHA-256: with CBC only the signature tells whether something was altered. */
export const ENCRYPTED_BY_OTHERS = {
  'AES-128-CBC, RSA PKCS#1 v1.5': encryption('aes-128-cbc'),
  'AES-192-CBC, RSA PKCS#1 v1.5': encryption('aes-192-cbc'),
  'AES-256-CBC, RSA PKCS#1 v1.5': encryption('aes-256-cbc'),
  'AES-128-CBC, RSA PKCS#1 v1.5, BER of indefinite lengths': encryption('aes-128-cbc', { indefinite: true }),
  '3DES-CBC, RSA PKCS#1 v1.5': encryption('3des-cbc'),
  'AES-128-GCM, RSA PKCS#1 v1.5': encryption('aes-128-gcm'),
  'AES-256-GCM, RSA PKCS#1 v1.5': encryption('aes-256-gcm'),
  'ChaCha20-Poly1305, RSA PKCS#1 v1.5': encryption('chacha20-poly1305'),
  'AES-256-CBC, RSA-OAEP SHA-1': encryption('aes-256-cbc', { transport: 'oaep-sha1' }),
  'AES-256-CBC, RSA-OAEP SHA-256': encryption('aes-256-cbc', { transport: 'oaep-sha256' }),
  'AES-256-GCM, RSA-OAEP SHA-256': encryption('aes-256-gcm', { transport: 'oaep-sha256' }),
  'AES-256-CBC, ECDH P-256, KDF with SHA-1': encryption('aes-256-cbc', { to: ['p-256'], kdf: 'sha1' }),
  'AES-256-CBC, ECDH P-256, KDF with SHA-256': encryption('aes-256-cbc', { to: ['p-256'], kdf: 'sha256' }),
  'AES-256-CBC, ECDH P-384, KDF with SHA-384': encryption('aes-256-cbc', { to: ['p-384'], kdf: 'sha384' }),
  'AES-256-CBC, ECDH P-521, KDF with SHA-512': encryption('aes-256-cbc', { to: ['p-521'], kdf: 'sha512' }),
  'AES-256-GCM, ECDH P-256, KDF with SHA-256': encryption('aes-256-gcm', { to: ['p-256'], kdf: 'sha256' }),
  'AES-256-CBC, X25519, HKDF with SHA-256': encryption('aes-256-cbc', { to: ['x25519'], kdf: 'hkdf-sha256' }),
  'AES-256-CBC to RSA and P-256': encryption('aes-256-cbc', { to: ['rsa-2048', 'p-256'], kdf: 'sha256' }),
} satisfies Record<string, Wanted>;

export type WrittenRow = keyof typeof SIGNED_BY_OTHERS | keyof typeof ENCRYPTED_BY_OTHERS;

function signature(wanted: Partial<SignatureWanted> = {}): Wanted {
  return { signature: { key: 'rsa-2048', digest: 'sha256', scheme: 'pkcs1', form: 'opaque', indefinite: false, ...wanted } };
}

function encryption(cipher: CipherWanted, wanted: Partial<EncryptionWanted> = {}): Wanted {
  const to: readonly RecipientKind[] = ['rsa-2048'];
  return { ...signature(), encryption: { cipher, to, transport: 'pkcs1', indefinite: false, ...wanted } };
}
