import type { RecipientKind } from '../people.js';

/** A signature somebody else is asked for. */
export interface SignatureWanted {
  readonly key: 'rsa-2048' | 'p-256' | 'p-384' | 'p-521' | 'ed25519';
  readonly digest: 'sha1' | 'sha256' | 'sha384' | 'sha512';
  /** `pkcs1` goes for every key: what is not RSA has one scheme only. */
  readonly scheme: 'pkcs1' | 'pss';
  readonly form: 'opaque' | 'detached';
  /** BER of indefinite lengths, as programs write that stream; otherwise whatever the program does by itself. */
  readonly indefinite: boolean;
}

export type CipherWanted = 'aes-128-cbc' | 'aes-192-cbc' | 'aes-256-cbc' | '3des-cbc' | 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';

/** An encryption somebody else is asked for. */
export interface EncryptionWanted {
  readonly cipher: CipherWanted;
  readonly to: readonly RecipientKind[];
  readonly transport: 'pkcs1' | 'oaep-sha1' | 'oaep-sha256';
  /** The KDF of key agreement, where somebody agrees on a key. */
  readonly kdf?: 'sha1' | 'sha256' | 'sha384' | 'sha512' | 'hkdf-sha256';
  readonly indefinite: boolean;
}

/** Another program, writing. What it cannot do makes it throw, with the program's own words in the message. */
export interface Writer {
  /** Whether the issuing CA's certificate goes along with a signature. */
  readonly sendsChain: boolean;
  /** The content as an S/MIME entity: header, blank line, body. */
  sign(content: Buffer, wanted: SignatureWanted): Promise<Buffer>;
  encrypt(content: Buffer, wanted: EncryptionWanted): Promise<Buffer>;
  close(): Promise<void>;
}

/** For programs that only sign. */
export function cannotEncrypt(): Promise<Buffer> {
  return Promise.reject(new Error('this program does not encrypt'));
}
