import { SealdropError } from '../errors.js';
import type { LearntCapabilities } from '../smime/capabilities.js';
import type { AddressFiles } from './directory-index.js';
import { type Identity, loadIdentity } from './identity.js';
import type { Loaded } from './loaded.js';
import type { KeyWorld } from './passphrase.js';
import { loadRecipient, type RecipientCertificate } from './recipient.js';
import { type KeyPurpose, timeFault } from './suitability.js';

/** One certificate found for an address, usable or not, without any secret. */
export interface KeyEntry {
  /** As an addressKey. */
  readonly address: string;
  readonly kind: 'identity' | 'recipient';
  /** Paths of what was read for it. */
  readonly files: readonly string[];
  /** Paths of files for the same address that are not used, since another takes precedence. */
  readonly ignored: readonly string[];
  /** What it can be used for now. */
  readonly uses: readonly KeyPurpose[];
  /** Undefined, like all that follows, when the files could not be read as far as the certificate. */
  readonly subject: string | undefined;
  readonly issuer: string | undefined;
  readonly serial: string | undefined;
  readonly fingerprint: string | undefined;
  readonly notBefore: Date | undefined;
  readonly notAfter: Date | undefined;
  /** Of the key: `RSA 2048`, `EC P-256`, … */
  readonly algorithm: string | undefined;
  /** Why it cannot be used. */
  readonly fault: SealdropError | undefined;
  /** What the owner's client was learnt to decrypt; of what can be encrypted to. */
  readonly capabilities: LearntCapabilities | undefined;
  /** Why the file with what was learnt does not count; mail goes on without it. */
  readonly capabilitiesFault: SealdropError | undefined;
}

/**
 * The entries of one address at the time `now`: its identity, and its recipient certificate if that is another one.
 * Throws only errors of disposition `wait`.
 */
export function entriesOf(files: AddressFiles, world: KeyWorld, now: Date): KeyEntry[] {
  const { keyFile, certificateFile } = files;
  const recipientFile = certificateFile ?? keyFile;
  const recipient = recipientFile === undefined ? undefined : loadRecipient(recipientFile, files, world);
  const identity = keyFile === undefined ? undefined : loadIdentity(keyFile, files, world);
  if (identity === undefined || onlyCertificates(identity)) {
    return recipient === undefined ? [] : [entry(files, 'recipient', recipient, [['encrypt', recipient]], now)];
  }
  const isSameCertificate = recipient === undefined || recipient.facts?.fingerprint === identity.facts?.fingerprint;
  const uses: Use[] = [['sign', identity]];
  if (recipient !== undefined && isSameCertificate) uses.push(['encrypt', recipient]);
  const entries = [entry(files, 'identity', identity, uses, now)];
  if (recipient !== undefined && !isSameCertificate) entries.push(entry(files, 'recipient', recipient, [['encrypt', recipient]], now));
  return entries;
}

type Use = readonly ['sign', Loaded<Identity>] | readonly ['encrypt', Loaded<RecipientCertificate>];

/** A PEM file may hold a certificate alone: that is a recipient, and no identity with a fault. */
function onlyCertificates(identity: Loaded<Identity>): boolean {
  return identity.result instanceof SealdropError && identity.result.code === 'missing-private-key' && identity.facts !== undefined;
}

function entry(
  files: AddressFiles,
  kind: KeyEntry['kind'],
  loaded: Loaded<Identity> | Loaded<RecipientCertificate>,
  uses: readonly Use[],
  now: Date,
): KeyEntry {
  const { facts } = loaded;
  return {
    address: files.address,
    kind,
    files: [...filesRead(files, kind), ...capabilitiesRead(files, uses)],
    ignored: files.ignored,
    uses: uses.filter(([, use]) => faultNow(use, files.address, now) === undefined).map(([purpose]) => purpose),
    subject: facts?.subject,
    issuer: facts?.issuer,
    serial: facts?.serial,
    fingerprint: facts?.fingerprint,
    notBefore: facts?.notBefore,
    notAfter: facts?.notAfter,
    algorithm: facts?.algorithm,
    fault: faultNow(loaded, files.address, now),
    ...learnt(uses),
  };
}

function capabilitiesRead({ capabilitiesFile }: AddressFiles, uses: readonly Use[]): string[] {
  return capabilitiesFile !== undefined && uses.some(([purpose]) => purpose === 'encrypt') ? [capabilitiesFile] : [];
}

function learnt(uses: readonly Use[]): Pick<KeyEntry, 'capabilities' | 'capabilitiesFault'> {
  for (const use of uses) {
    if (use[0] !== 'encrypt' || use[1].result instanceof SealdropError) continue;
    const { capabilities, capabilitiesFault } = use[1].result;
    return { capabilities, capabilitiesFault };
  }
  return { capabilities: undefined, capabilitiesFault: undefined };
}

function faultNow(loaded: Loaded<unknown>, address: string, now: Date): SealdropError | undefined {
  if (loaded.result instanceof SealdropError) return loaded.result;
  return loaded.facts === undefined ? undefined : timeFault(loaded.facts, now, address, loaded.path);
}

function filesRead(files: AddressFiles, kind: KeyEntry['kind']): string[] {
  const { keyFile, certificateFile, passFile } = files;
  const paths = kind === 'recipient' && certificateFile !== undefined ? [certificateFile] : [keyFile, certificateFile, passFile];
  return paths.filter((path) => path !== undefined);
}
