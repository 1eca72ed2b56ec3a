import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { SealdropError } from './errors.js';
import { canonicalise } from './message/canonical.js';
import { entityOf, transferSafe } from './message/entity.js';
import { identityAddressOf } from './message/envelope.js';
import { joined, type Octets, octetsOf } from './message/octets.js';
import { assembleMessage, outerHeader } from './message/outer-header.js';
import { newMessageId } from './message-id.js';
import type { ContentCipher, DigestName, KeyTransport, SignatureScheme } from './smime/algorithms.js';
import { encrypt } from './smime/encrypt.js';
import { isNeededOutside } from './smime/header-protection/field-kinds.js';
import { withoutForgedProtection } from './smime/header-protection/forged.js';
import type { HeaderConfidentiality, HeaderForm } from './smime/header-protection/form.js';
import { protectHeader } from './smime/header-protection/protect.js';
import { type SignedLayer, signAround } from './smime/layers.js';
import { type Opened, openMessage } from './smime/open.js';
import { prepareRecipient } from './smime/recipient.js';
import type { Signers } from './smime/sign.js';
import { type PreparedSigner, prepareSigner } from './smime/signer.js';

export type { HeaderProtection, Layer, Opened } from './smime/open.js';
export type { ContentCipher, DigestName, HeaderConfidentiality, KeyTransport, Octets, SignatureScheme };
export { SealdropError };

/** A certificate in DER, or in PEM, of which the first one counts. */
export type CertificateSource = string | Uint8Array;

/** Somebody who signs, or opens what was encrypted to him. */
export interface KeyPair {
  readonly certificate: CertificateSource;
  /** PEM if it is a string. */
  readonly privateKey: KeyObject | string;
}

export interface SignerIdentity extends KeyPair {
  /** The certificates above, in any order. A root among them is not sent along. */
  readonly chain?: readonly CertificateSource[];
  /** What the mailbox owner's mail program decrypts, best first; AES-256-CBC and AES-128-CBC when not given. */
  readonly capabilities?: readonly ContentCipher[];
}

export interface SealOptions {
  readonly sign?: {
    /** Each makes a signature of its own over the same content. */
    readonly signers: readonly [SignerIdentity, ...SignerIdentity[]];
    /** `opaque` within encryption and `detached` (multipart/signed) without it, when not given. */
    readonly form?: 'opaque' | 'detached';
    /** With `encrypt`: signs once more around the encryption, a triple wrap (RFC 2634 §1.1). */
    readonly outer?: 'opaque' | 'detached';
    readonly digest?: DigestName;
    readonly scheme?: SignatureScheme;
    readonly signingTime?: Date;
  };
  readonly encrypt?: {
    readonly recipients: readonly CertificateSource[];
    readonly content?: ContentCipher;
    readonly keyTransport?: KeyTransport;
  };
  /** Sign the header too and, in an encrypted message, hide the Subject (RFC 9788). Off when not given. */
  readonly headerProtection?: HeaderProtectionOptions;
  /** For text that names no charset and is not UTF-8. */
  readonly fallbackCharset?: string;
}

export interface HeaderProtectionOptions {
  /** `baseline` when not given. */
  readonly confidentiality?: HeaderConfidentiality;
  /** Names of further fields that an encrypted message hides; not From, To, Date and Message-ID. */
  readonly confidential?: readonly string[];
  /** Repeat what is hidden at the beginning of the text, for mail programs that do not know RFC 9788; true when not given. */
  readonly legacyDisplay?: boolean;
}

export interface Sealed extends Octets {
  /** What was altered in the submitted message, in short stable phrases. */
  readonly changes: readonly string[];
  /** What was used, e.g. `rsa-pkcs1+sha256`, `aes-256-cbc+rsa-pkcs1`. */
  readonly algorithms: readonly string[];
}

/**
 * Signs a message (RFC 5322, header and body), then encrypts it, each if asked for, and returns the sealed message: 7-bit, CRLF, Bcc
 * removed. Which certificates may be used (validity, key usage, address) is for the caller to judge: see docs/library.md.
 * Throws SealdropError: empty-message, ambiguous-header, message-too-complex, no-sender, unusable-identity, unusable-certificate,
 * no-recipients, header-protection-impossible (when it is signed or encrypted already, so that its header cannot be hidden), and unsealed-refused when neither
 * was asked for; TypeError for a field that cannot be hidden.
 */
export function seal(message: Uint8Array, options: SealOptions): Buffer {
  return joined(sealInPieces(message, options));
}

/** The same for large messages: the sealed one is made as its pieces are asked for, and never stands in memory as a whole. Throws as `seal`. */
export function sealInPieces(message: Uint8Array, options: SealOptions): Sealed {
  const { sign, encrypt: encryption, headerProtection, fallbackCharset = 'windows-1252' } = options;
  if (sign === undefined && encryption === undefined) throw nothingToDo();
  const canonical = withoutForgedProtection(canonicalise(asBuffer(message), { fallbackCharset }));
  const from = identityAddressOf(canonical);
  const now = sign?.signingTime ?? new Date();
  const messageId = `${newMessageId(now.getTime())}${from.slice(from.lastIndexOf('@'))}`;
  const outer = outerHeader(canonical, { date: now, messageId, fallbackCharset });
  const form = headerProtection && headerForm(headerProtection, encryption !== undefined);
  const {
    outside,
    payload,
    changes: protectionChanges,
  } = form === undefined
    ? { outside: outer.fields, payload: entityOf(canonical), changes: [] }
    : protectHeader(canonical, outer.fields, form);
  const changes = [...canonical.changes, ...outer.changes, ...protectionChanges];
  const algorithms: string[] = [];

  let entity: Octets = payload;
  let outerLayer: SignedLayer | undefined;
  if (sign !== undefined) {
    const signers = signersOf(sign.signers);
    const settings = { digest: sign.digest ?? 'sha256', scheme: sign.scheme ?? 'auto', signingTime: now } as const;
    const signedForm = sign.form ?? (encryption === undefined ? 'detached' : 'opaque');
    if (signedForm === 'detached') {
      const safe = transferSafe(payload);
      entity = octetsOf(safe.entity);
      changes.push(...safe.changes);
    }
    const signed = signAround(entity, { form: signedForm, signers, options: settings });
    if (sign.outer !== undefined) outerLayer = { form: sign.outer, signers, options: settings };
    entity = signed.entity;
    algorithms.push(...signed.algorithms.map(({ signature, digest }) => `${signature}+${digest}`));
  }
  if (encryption !== undefined) {
    const { recipients, content = 'aes-256-cbc', keyTransport = 'rsa-pkcs1' } = encryption;
    entity = encrypt(
      entity,
      recipients.map((recipient) => prepareRecipient(derOf(recipient))),
      { content, keyTransport },
    );
    algorithms.push(`${content}+${keyTransport}`);
    if (outerLayer !== undefined) entity = signAround(entity, outerLayer).entity;
  }
  if (form !== undefined) algorithms.push(`hp=${form.hp}`);
  const sealed = assembleMessage(outside, entity);
  return { sizeBytes: sealed.sizeBytes, pieces: () => sealed.pieces(), changes: [...new Set(changes)], algorithms };
}

export interface OpenOptions {
  /** To decrypt with. */
  readonly keys?: readonly KeyPair[];
  /** Certificates of the authorities that are believed; without any, no signature is `valid`. */
  readonly trust?: readonly CertificateSource[];
  readonly now?: Date;
}

/**
 * Takes off all S/MIME layers of a message and judges each; `ok` tells whether the content may be taken for genuine. Everything is
 * checked before anything is returned. Throws SealdropError: no-key, cannot-decrypt, broken-cms, unsupported-cms, ambiguous-header,
 * unusable-certificate.
 */
export function open(message: Uint8Array, { keys = [], trust = [], now = new Date() }: OpenOptions = {}): Opened {
  return openMessage(asBuffer(message), {
    decryption: keys.map(({ certificate, privateKey }) => ({ certificate: derOf(certificate), privateKey: keyOf(privateKey) })),
    trustAnchors: trust.map(derOf),
    now,
  });
}

function headerForm(
  { confidentiality = 'baseline', confidential = [], legacyDisplay = true }: HeaderProtectionOptions,
  encrypted: boolean,
): HeaderForm {
  const needed = confidential.find(isNeededOutside);
  if (needed !== undefined) throw new TypeError(`The field ${needed} cannot be hidden.`);
  return encrypted ? { hp: 'cipher', confidentiality, confidential, legacyDisplay } : { hp: 'clear' };
}

function signersOf([first, ...others]: readonly [SignerIdentity, ...SignerIdentity[]]): Signers {
  return [prepared(first), ...others.map(prepared)];
}

function prepared({ certificate, privateKey, chain = [], capabilities }: SignerIdentity): PreparedSigner {
  return prepareSigner({
    certificate: derOf(certificate),
    chain: chain.map(derOf),
    privateKey: keyOf(privateKey),
    ...(capabilities === undefined ? {} : { capabilities }),
  });
}

function derOf(source: CertificateSource): Buffer {
  try {
    return new X509Certificate(source).raw;
  } catch (error) {
    throw new SealdropError('unusable-certificate', 'a certificate given to the library cannot be read', {
      disposition: 'quarantine',
      cure: 'Give an X.509 certificate in PEM or DER form.',
      cause: error,
    });
  }
}

function keyOf(key: KeyObject | string): KeyObject {
  return typeof key === 'string' ? createPrivateKey(key) : key;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function nothingToDo(): SealdropError {
  return new SealdropError('unsealed-refused', 'the message is to be neither signed nor encrypted', {
    disposition: 'quarantine',
    cure: 'Give `sign`, `encrypt` or both.',
  });
}
