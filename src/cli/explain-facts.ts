import type { Config } from '../config/schema.js';
import { type PlainFault, plainFault } from '../daemon/protocol.js';
import type { ReadyCopy, Sealer, Submitter } from '../daemon/worker/sealer.js';
import { SealdropError } from '../errors.js';
import { parseCertificate } from '../keys/certificate.js';
import type { Identity } from '../keys/identity.js';
import type { KeyDirectory, RecipientCertificate } from '../keys/key-directory.js';
import { addressKey } from '../message/address.js';
import type { Canonical } from '../message/canonical.js';
import { type Envelope, envelopeOf, identityAddressOf, subjectOf, visibleAddresses } from '../message/envelope.js';
import type { Octets } from '../message/octets.js';
import { newMessageId } from '../message-id.js';
import type { KeepSealed } from '../policy/plan.js';
import { type AlreadyProtected, recogniseProtection } from '../smime/already-protected.js';
import type { LearntCapabilities } from '../smime/capabilities.js';
import type { HeaderForm } from '../smime/header-protection/form.js';
import { copyName } from '../spool/layout.js';
import { cureByHand } from './by-hand.js';

export interface CertificateShown {
  readonly fingerprint: string;
  readonly algorithm: string;
  readonly subject: string;
  readonly notAfter: string;
}

export interface RecipientShown {
  readonly address: string;
  readonly visible: boolean;
  /** Undefined when the message was refused before a rule decided, null when none matched. */
  readonly rule?: string | null | undefined;
  readonly why?: string | undefined;
  readonly certificate?: CertificateShown | undefined;
  /** Why there is no certificate to use. */
  readonly fault?: string | undefined;
  /** What the recipient's mail program was learnt to read; null when nothing was. */
  readonly capabilities?: LearntCapabilities | null | undefined;
  /** Why what was learnt does not count. */
  readonly capabilitiesFault?: string | undefined;
}

export interface CopyShown {
  readonly number: number;
  readonly recipients: readonly string[];
  readonly blind: boolean;
  readonly rule: string | null;
  readonly via: string;
  readonly sign: string;
  readonly signWith?: string | undefined;
  /** The form of the signature around the encryption (triple wrap). */
  readonly outerSign?: string | undefined;
  /** The protection it came with and leaves with, instead of ours. */
  readonly passed?: string | undefined;
  /** Null when not encrypted. */
  readonly content: string | null;
  /** Why it is that cipher. */
  readonly contentWhy?: string | undefined;
  /** How its recipients get the content key: the key transport for RSA certificates, `ecdh` for the others. */
  readonly keyManagement: readonly string[];
  /** What the archive keeps of it. */
  readonly keepSealed: KeepSealed;
  /** Files of `archive.encryptTo` to whose certificates it is encrypted as well. */
  readonly alsoEncryptedTo: readonly string[];
  /** How the header is protected (RFC 9788); null: it is not. */
  readonly header: HeaderForm | null;
  /** Names of the header fields that do not stand outside the encryption as they are inside. */
  readonly hidden: readonly string[];
  readonly sizeBytes: number;
  /** Where it would be put; undefined by SMTP. */
  readonly file?: string | undefined;
  /** Lines before the message in the pickup file. */
  readonly head?: readonly string[] | undefined;
}

/** What is known of a message's way. With `refused`, the parts that could still be found out stand beside it. */
export interface Explanation {
  readonly sizeBytes: number;
  readonly subject?: string;
  readonly submitter?: string | undefined;
  readonly envelope?: Envelope;
  /** The protection it came with; undefined for ordinary mail. */
  readonly already?: AlreadyProtected | undefined;
  readonly identity?: {
    readonly address: string;
    readonly certificate?: CertificateShown | undefined;
    readonly fault?: string | undefined;
  };
  readonly recipients?: readonly RecipientShown[];
  readonly copies?: readonly CopyShown[];
  /** Signature and digest, then content cipher and key transport, as used. */
  readonly algorithms?: string;
  readonly changes?: readonly string[];
  readonly dropped?: readonly string[];
  readonly refused?: PlainFault;
}

export interface ExplainWorld {
  readonly config: Config;
  readonly keys: KeyDirectory;
  readonly sealer: Sealer;
  readonly submitter: Submitter;
  readonly now: Date;
}

/** Takes a message through everything that would be done to it, in memory, and tells what was found. */
export function explain(original: Buffer, world: ExplainWorld): Explanation {
  let found: Explanation = { sizeBytes: original.length, submitter: world.submitter?.[0] };
  try {
    refuseTooLarge(original.length, world.config);
    world.keys.refresh();
    const message = world.sealer.canonical(original);
    found = { ...found, ...messageFacts(message, world) };
    return { ...found, ...sealedFacts(original, message, world) };
  } catch (error) {
    const fault = plainFault(error);
    return { ...found, refused: { ...fault, cure: cureByHand(fault.cure) } };
  }
}

function messageFacts(message: Canonical, world: ExplainWorld): Partial<Explanation> {
  const envelope = envelopeOf(message);
  const address = identityAddressOf(message);
  const visible = visibleAddresses(message);
  return {
    subject: subjectOf(message),
    changes: message.changes,
    already: recogniseProtection(message),
    envelope,
    identity: { address, ...found(() => world.keys.identity(address, world.now)) },
    recipients: envelope.recipients.map((recipient) => ({
      address: recipient,
      visible: visible.has(addressKey(recipient)),
      ...found(() => world.keys.recipient(recipient, world.now)),
    })),
  };
}

function sealedFacts(original: Buffer, message: Canonical, { config, keys, sealer, submitter, now }: ExplainWorld): Partial<Explanation> {
  const id = newMessageId(now.getTime());
  const { plan, copies, changes, algorithms, signer } = sealer.seal(original, id, submitter, now);
  const visible = visibleAddresses(message);
  return {
    identity: { address: plan.from, ...(signer === undefined ? {} : found(() => keys.identity(plan.from, now))) },
    recipients: plan.decisions.map(({ address, rule, why, encrypt }) => ({
      address,
      visible: visible.has(addressKey(address)),
      rule,
      why,
      ...(encrypt && copies.some(({ plan: copy }) => copy.encryptAddresses.includes(address))
        ? found(() => keys.recipient(address, now))
        : {}),
    })),
    copies: copies.map((copy) => copyShown(copy, id, config, (address) => keys.recipient(address, now).certificate)),
    algorithms,
    changes: changes.filter((change) => !change.startsWith('control-header-dropped')),
    dropped: plan.dropped,
  };
}

/** The real id is given when the message is accepted. */
const PLACEHOLDER = '<id>';

function copyShown({ plan, hidden, sealed }: ReadyCopy, id: string, config: Config, certificateOf: (address: string) => Buffer): CopyShown {
  const { number, recipients, blind, rule, via, sign, signWith, outerSign, passed, content, contentWhy, keyTransport } = plan;
  const encrypted = plan.encryptTo.length > 0;
  const byPickup = via === 'pickup' && {
    file: `${config.delivery.pickup?.directory ?? ''}/${copyName(id, number)}`.replace(id, PLACEHOLDER),
    head: firstPiece(sealed).toString('latin1').trimEnd().replaceAll(id, PLACEHOLDER).split('\r\n'),
  };
  return {
    number,
    recipients,
    blind,
    rule,
    via,
    sign,
    signWith,
    outerSign,
    passed,
    content: encrypted ? content : null,
    contentWhy,
    keyManagement: [...new Set(plan.encryptAddresses.map((address) => (isRsa(certificateOf(address)) ? keyTransport : 'ecdh')))],
    keepSealed: plan.keepSealed ?? 'signature',
    alsoEncryptedTo: plan.keepSealed === 'full' && encrypted ? config.archive.encryptTo : [],
    header: plan.header ?? null,
    hidden,
    sizeBytes: sealed.sizeBytes,
    ...byPickup,
  };
}

/** Of a pickup file: its envelope lines. */
function firstPiece(sealed: Octets): Buffer {
  const [first = Buffer.alloc(0)] = sealed.pieces();
  return first;
}

type Found = Pick<RecipientShown, 'certificate' | 'fault' | 'capabilities' | 'capabilitiesFault'>;

function found(look: () => Identity | RecipientCertificate): Found {
  try {
    const looked = look();
    const { subject, fingerprint, notAfter, algorithm } = parseCertificate(looked.certificate, '');
    const certificate = { fingerprint, algorithm, subject, notAfter: notAfter.toISOString() };
    if (!('prepared' in looked)) return { certificate };
    const { capabilities = null, capabilitiesFault } = looked;
    return { certificate, capabilities, ...(capabilitiesFault === undefined ? {} : { capabilitiesFault: capabilitiesFault.message }) };
  } catch (error) {
    if (!(error instanceof SealdropError)) throw error;
    return { fault: error.message };
  }
}

function isRsa(certificate: Buffer): boolean {
  return parseCertificate(certificate, '').publicKey.asymmetricKeyType === 'rsa';
}

function refuseTooLarge(sizeBytes: number, { outbox }: Config): void {
  if (sizeBytes <= outbox.maxMessageBytes) return;
  throw new SealdropError('too-large', `the message has ${sizeBytes} bytes; outbox.maxMessageBytes allows ${outbox.maxMessageBytes}`, {
    disposition: 'quarantine',
    cure: 'Send a smaller message, or raise outbox.maxMessageBytes.',
  });
}
