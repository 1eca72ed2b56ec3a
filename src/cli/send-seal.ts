import type { Config } from '../config/schema.js';
import { Sealer } from '../daemon/sealer.js';
import { SealdropError } from '../errors.js';
import { KeyDirectory } from '../keys/key-directory.js';
import { addressKey } from '../message/address.js';
import { canonicalise } from '../message/canonical.js';
import { entityOf, transferSafeEntityOf } from '../message/entity.js';
import { envelopeOf, identityAddressOf, visibleAddresses } from '../message/envelope.js';
import { assembleMessage, outerHeader } from '../message/outer-header.js';
import { newMessageId } from '../message-id.js';
import { encrypt } from '../smime/encrypt.js';
import { signDetached, signOpaque } from '../smime/sign.js';

export interface HandSealed {
  readonly id: string;
  readonly sender: string;
  readonly copies: readonly HandCopy[];
}

export interface HandCopy {
  readonly recipients: readonly string[];
  /** The message, without envelope lines. */
  readonly seal: () => Buffer;
  readonly job?: string | undefined;
  readonly virtualMta?: string | undefined;
  readonly dkimOptions?: string | undefined;
}

interface SealFlags {
  readonly sign?: boolean;
  readonly signDetached?: boolean;
  readonly encrypt?: boolean;
  readonly keys?: string;
}

const defaults = {
  digest: 'sha256',
  scheme: 'auto',
  content: 'aes-256-cbc',
  keyTransport: 'rsa-pkcs1',
  fallbackCharset: 'windows-1252',
  keys: 'keys',
} as const;

/**
 * Seals one message as the flags say, or, with a configuration and no sealing flag, as its policy says. Blind recipients of an encrypted
 * message get a copy each. Fails closed: without a certificate for every recipient nothing is encrypted and nothing is sent.
 */
export function sealByHand(original: Buffer, flags: SealFlags, config: Config | undefined, via: 'smtp' | 'pickup'): HandSealed {
  const now = new Date();
  const id = newMessageId(now.getTime());
  const keys = new KeyDirectory(flags.keys ?? config?.keys ?? defaults.keys);
  const byFlags = flags.sign === true || flags.signDetached === true || flags.encrypt === true;
  if (byFlags) keys.refresh();
  if (config !== undefined && !byFlags) return sealByPolicy(original, id, now, config, keys, via);

  const message = canonicalise(original, { fallbackCharset: config?.protect.fallbackCharset ?? defaults.fallbackCharset });
  const envelope = envelopeOf(message);
  const from = identityAddressOf(message);
  const outer = outerHeader(message, { date: now, messageId: `${id}@${from.slice(from.lastIndexOf('@') + 1)}` });
  const options = {
    digest: config?.protect.digest ?? defaults.digest,
    scheme: config?.protect.signature ?? defaults.scheme,
    signingTime: now,
  };
  const unsigned = () => (flags.encrypt === true ? entityOf(message) : transferSafeEntityOf(message).entity);
  const entity =
    flags.sign === true
      ? signOpaque(entityOf(message), keys.identity(from, now).signer, options).entity
      : flags.signDetached === true
        ? signDetached(transferSafeEntityOf(message).entity, keys.identity(from, now).signer, options).entity
        : unsigned();
  if (flags.encrypt !== true) {
    return {
      id,
      sender: envelope.sender,
      copies: [{ recipients: envelope.recipients, seal: () => assembleMessage(outer.fields, entity) }],
    };
  }
  const certificates = new Map(envelope.recipients.map((address) => [address, keys.recipient(address, now).prepared]));
  const cipher = {
    content: config?.protect.content ?? defaults.content,
    keyTransport: config?.protect.keyTransport ?? defaults.keyTransport,
  };
  const copies = groupsOf(envelope.recipients, visibleAddresses(message)).map((recipients): HandCopy => {
    const to = recipients.flatMap((address) => certificates.get(address) ?? []);
    return { recipients, seal: () => assembleMessage(outer.fields, encrypt(entity, to, cipher)) };
  });
  return { id, sender: envelope.sender, copies };
}

function sealByPolicy(original: Buffer, id: string, now: Date, config: Config, keys: KeyDirectory, via: 'smtp' | 'pickup'): HandSealed {
  keys.refresh();
  // The way is the command line's: rules decide how a message is sealed.
  const rules = config.rules.map((rule) => ({ ...rule, delivery: { ...rule.delivery, via } }));
  const sealer = new Sealer({ ...config, senders: null, rules, delivery: { ...config.delivery, via } }, keys);
  const { plan, copies } = sealer.seal(original, id, undefined, now);
  return {
    id,
    sender: plan.sender,
    copies: copies.map(({ plan: copy, seal }) => ({ recipients: copy.recipients, seal: () => lastOf(seal()), ...copy.transport })),
  };
}

/** Those in To and Cc share a copy; each blind one gets its own, so that no RecipientInfo betrays it. */
function groupsOf(recipients: readonly string[], visible: ReadonlySet<string>): string[][] {
  const shared = recipients.filter((address) => visible.has(addressKey(address)));
  const blind = recipients.filter((address) => !visible.has(addressKey(address)));
  return [...(shared.length > 0 ? [shared] : []), ...blind.map((address) => [address])];
}

function lastOf(chunks: readonly Buffer[]): Buffer {
  const last = chunks.at(-1);
  if (last === undefined)
    throw new SealdropError('internal-error', 'a sealed copy has no bytes', {
      disposition: 'fatal',
      cure: 'Report this as a defect of sealdrop.',
    });
  return last;
}
