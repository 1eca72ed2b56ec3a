import { SealdropError } from '../errors.js';
import { type AlreadyProtected, protectionWords } from '../smime/already-protected.js';
import type { Treatment } from './protection.js';
import { fingerprintOf, ruleWords, type Verdict } from './verdict.js';

/** What is known of a message that came signed or encrypted. Looking closely costs something and is asked for only where it may pass. */
export interface Arrival {
  readonly already: AlreadyProtected;
  /** Why it is not what it claims to be; undefined when it is. */
  readonly fault: () => string | undefined;
  /** Whether it is encrypted to the recipient's certificate. */
  readonly isEncryptedTo: (address: string) => boolean;
}

/** What the recipient's protection says is done with such a message. Certificates alone are ordinary content. */
export function treatmentOf({ protection }: Pick<Verdict, 'protection'>, { kind }: AlreadyProtected): Treatment {
  if (kind === 'certs-only') return 'seal';
  return kind === 'signed' ? protection.alreadySigned : protection.alreadyEncrypted;
}

/**
 * Stops a message that came protected and may not go on: because policy says so (`already-protected`), or because passing it would break
 * a promise (`pass-refused`): it is not what it claims to be, whom it is encrypted to cannot be known, a recipient could not read it, or one who
 * is blind would be named in it.
 */
export function refuseProtected(verdicts: readonly Verdict[], arrival: Arrival): void {
  const { already, fault } = arrival;
  const refusing = verdicts.filter((verdict) => treatmentOf(verdict, already) === 'refuse');
  if (refusing.length > 0) throw alreadyProtected(refusing, already);

  const passing = verdicts.filter(({ passed }) => passed !== undefined);
  if (passing.length === 0) return;
  const found = fault();
  if (found !== undefined) throw passRefused(already, found, 'Have the program that wrote it repaired, or seal such mail');
  if (already.by === 'openpgp') refuseByDefault(passing, already);
  if (already.kind !== 'encrypted') return;
  refuseLocked(passing, arrival);
  if (verdicts.length > 1) refuseBetrayed(passing, arrival);
}

const SETTING = { signed: 'alreadySigned', encrypted: 'alreadyEncrypted', 'certs-only': 'alreadySigned' } as const;

/** Nothing about OpenPGP can be verified, so that somebody must have meant this very mail. */
function refuseByDefault(passing: readonly Verdict[], already: AlreadyProtected): void {
  const setting = SETTING[already.kind];
  const byDefault = passing.filter(({ rule }) => rule?.protect?.[setting] !== 'pass');
  if (byDefault.length === 0) return;
  const why = `OpenPGP cannot be verified here, and for ${addresses(byDefault)} no rule of its own says that it may`;
  throw passRefused(already, why, `Write a rule for such mail with "${setting}: pass", or seal it`);
}

/**
 * Somebody who has no certificate at all stops the message by a code of its own. For OpenPGP, whose keys are others, none was looked up: the
 * rule answers for it.
 */
function refuseLocked(passing: readonly Verdict[], { already, isEncryptedTo }: Arrival): void {
  const required = passing.filter((verdict) => verdict.protection.encrypt === 'required' && fingerprintOf(verdict) !== null);
  const locked = required.filter(({ address }) => !isEncryptedTo(address));
  if (locked.length === 0) return;
  const why = `encryption is required for ${addresses(locked)}, and it is not encrypted to the certificate known for them`;
  throw passRefused(already, why, 'Have it encrypted to the certificates that "sealdrop keys list" shows, or seal it');
}

/** Whom OpenPGP encrypts to is named by keys that are not known here. */
function refuseBetrayed(passing: readonly Verdict[], { already, isEncryptedTo }: Arrival): void {
  const betrayed = passing.filter(({ visible, address }) => !visible && (already.by === 'openpgp' || isEncryptedTo(address)));
  if (betrayed.length === 0) return;
  const why = `it may name the blind recipient ${addresses(betrayed)} to all others as one it is encrypted to`;
  throw passRefused(already, why, 'Submit it to blind recipients in messages of their own, or seal it');
}

function addresses(verdicts: readonly Verdict[]): string {
  return verdicts.map(({ address }) => address).join(', ');
}

function alreadyProtected(refusing: readonly Verdict[], already: AlreadyProtected): SealdropError {
  const setting = SETTING[already.kind];
  const rules = [...new Set(refusing.map(({ rule }) => ruleWords(rule)))].join(' and ');
  return new SealdropError('already-protected', `Mail that is already ${protectionWords(already)} is refused by ${rules}.`, {
    disposition: 'quarantine',
    cure: `Write a rule for such mail with "${setting}: seal" (it is sealed like any other content) or "${setting}: pass" (see docs/rules.md), then run "sealdrop queue retry".`,
  });
}

function passRefused(already: AlreadyProtected, why: string, cure: string): SealdropError {
  return new SealdropError(
    'pass-refused',
    `The message says it is already ${protectionWords(already)}, but may not pass as it is: ${why}.`,
    {
      disposition: 'quarantine',
      cure: `${cure} ("${SETTING[already.kind]}: seal"); then run "sealdrop queue retry".`,
    },
  );
}
