import { createHash } from 'node:crypto';
import type { LearntCapabilities } from './capabilities.js';
import type { Opened } from './open.js';
import type { Announcement } from './read/announcement.js';
import { readCertificate } from './read/certificate.js';
import { identifies } from './read/certificate-id.js';

/** What a message taught: new capabilities, nothing that is newer than what is known, or nothing at all and why. */
export type Learning =
  | { readonly kind: 'learnt'; readonly capabilities: LearntCapabilities }
  | { readonly kind: 'known'; readonly why: string }
  | { readonly kind: 'nothing'; readonly why: string };

/**
 * What an opened message teaches about the client that reads mail encrypted to `certificate` (DER), beyond what was known of it before
 * (RFC 8551 §2.7.1). Believed is a message that is right in all its layers, and in it a valid signature that is not weak, has a signing time,
 * and was made with this certificate or names it as the one to encrypt to: another certificate's client may be another. The newest signing
 * time wins; one in the future, beyond what clocks differ by, would never be outdone and does not count.
 */
export function learntFrom(previous: LearntCapabilities | undefined, opened: Opened, certificate: Buffer, now: Date): Learning {
  if (!opened.ok) return nothing(opened.layers.length === 0 ? 'the message is not signed' : 'not every layer of the message is right');
  let newest: Candidate | undefined;
  const refusals: string[] = [];
  for (const signer of announcers(opened)) {
    const candidate = candidateOf(signer, certificate, now);
    if (typeof candidate === 'string') refusals.push(candidate);
    else if (newest === undefined || candidate.signingTime > newest.signingTime) newest = candidate;
  }
  if (newest === undefined) return nothing([...new Set(refusals)].join('; ') || 'the message is not signed');
  const fingerprint = fingerprintOf(certificate);
  const signingTime = newest.signingTime.toISOString();
  const known = previous?.fingerprint === fingerprint ? new Date(previous.signingTime) : undefined;
  if (known !== undefined && known >= newest.signingTime && !isInFuture(known, now)) {
    return { kind: 'known', why: `what is known was signed at ${known.toISOString()}, this message at ${signingTime}` };
  }
  return { kind: 'learnt', capabilities: { fingerprint, signingTime, ...newest.capabilities } };
}

/** Clocks of mail programs are set by network time; five minutes is what Kerberos allows them, too. */
const MAX_SKEW_MS = 5 * 60_000;

interface Announcer {
  readonly announced: Announcement;
  readonly signingTime: Date | undefined;
}

interface Candidate {
  readonly signingTime: Date;
  readonly capabilities: NonNullable<Announcement['capabilities']>;
}

/** The signers whose word counts, innermost layer first: of two with the same signing time the author's own is taken. */
export function announcers(opened: Opened): Announcer[] {
  return opened.layers
    .toReversed()
    .flatMap(({ signers }) =>
      signers.flatMap(({ verdict, announced, signingTime }) =>
        verdict === 'valid' && announced !== undefined ? [{ announced, signingTime }] : [],
      ),
    );
}

/** A candidate, or why the signer teaches nothing. */
function candidateOf({ announced, signingTime }: Announcer, certificate: Buffer, now: Date): Candidate | string {
  const { capabilities } = announced;
  if (announced.weak) return 'the signature is weak';
  if (capabilities === undefined) return announced.notes[0] ?? 'the signature announces no capabilities';
  if (signingTime === undefined) return 'the signature has no signing time';
  if (isInFuture(signingTime, now)) return `its signing time ${signingTime.toISOString()} is in the future`;
  if (!speaksOf(announced, certificate))
    return 'it is signed with another certificate than mail is encrypted to, and does not name that one';
  return { signingTime, capabilities };
}

function isInFuture(time: Date, now: Date): boolean {
  return time.getTime() > now.getTime() + MAX_SKEW_MS;
}

function speaksOf({ fingerprint, encryptionKeyPreference }: Announcement, certificate: Buffer): boolean {
  if (fingerprint === fingerprintOf(certificate)) return true;
  return encryptionKeyPreference !== undefined && identifies(encryptionKeyPreference, readCertificate(certificate));
}

function fingerprintOf(certificate: Buffer): string {
  return createHash('sha256').update(certificate).digest('hex');
}

function nothing(why: string): Learning {
  return { kind: 'nothing', why };
}
