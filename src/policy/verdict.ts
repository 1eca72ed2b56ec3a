import { SealdropError } from '../errors.js';
import type { ContentCipher } from '../smime/algorithms.js';
import type { Way } from '../way.js';
import type { Protection } from './protection.js';
import type { Rule } from './rule.js';

/** What a recipient's certificate lookup found. */
export type CertificateFacts =
  | {
      readonly fingerprint: string;
      /** How its key takes a content key: RSA key transport, or agreement on a curve. */
      readonly keys: 'rsa' | 'agreement';
      /** Content ciphers its owner's client was learnt to read; none when nothing was learnt. */
      readonly reads: readonly ContentCipher[];
    }
  | { readonly fault: SealdropError };

/** What policy says about one recipient, before it is held against what it says about the others. */
export interface Verdict {
  readonly address: string;
  readonly visible: boolean;
  readonly rule: Rule | null;
  readonly protection: Protection;
  readonly via: Way;
  /** null: nothing was looked up, for policy says `encrypt: none`, or passes what OpenPGP encrypted. */
  readonly certificate: CertificateFacts | null;
  /** The message came so protected, and policy passes it. */
  readonly passed: 'signed' | 'encrypted' | undefined;
}

/**
 * SHA-256 fingerprint to encrypt to, or null for a clear copy.
 * Throws nothing: whether a clear copy may be is `refuseUnlawful`'s question.
 */
export function fingerprintOf(verdict: Verdict): string | null {
  return verdict.certificate !== null && 'fingerprint' in verdict.certificate ? verdict.certificate.fingerprint : null;
}

/**
 * Everything that must stop the whole message, because it is about what nobody may read (I6): no copy of it is made.
 * Throws `missing-certificate` (or the certificates' own code, if all have the same fault), `clear-copy-refused`,
 * `unsealed-refused`.
 */
export function refuseUnlawful(verdicts: readonly Verdict[]): void {
  const requiring = verdicts.filter(({ protection }) => protection.encrypt === 'required' && protection.clearCopies === 'refuse');
  refuseMissingCertificates(verdicts, requiring.length > 0);

  const clear = verdicts.filter((verdict) => fingerprintOf(verdict) === null && verdict.passed !== 'encrypted');
  const [first] = requiring;
  if (first !== undefined && clear.length > 0) throw clearCopyRefused(clear, first, requiring);
  const unsealed = clear.filter(
    ({ protection, rule, passed }) =>
      passed === undefined && protection.sign === 'none' && (rule === null || protection.encrypt !== 'none'),
  );
  if (unsealed.length > 0) throw unsealedRefused(unsealed);
}

/** How a rule is named in sentences for people. */
export function ruleWords(rule: Rule | null): string {
  return rule === null ? 'the defaults (no rule matched)' : `the rule "${rule.name}"`;
}

function refuseMissingCertificates(verdicts: readonly Verdict[], clearRefused: boolean): void {
  const faulty = verdicts.flatMap((verdict) =>
    verdict.certificate !== null && 'fault' in verdict.certificate ? [{ verdict, fault: verdict.certificate.fault }] : [],
  );
  // whenPossible forgives only that there is no certificate. One that has expired or cannot be used, or a source that does not
  // answer, is not a recipient without encryption, and must not quietly become a clear copy.
  const stopping = faulty.filter(({ verdict, fault }) => verdict.protection.encrypt === 'required' || fault.code !== 'missing-certificate');
  const [first] = stopping;
  if (first === undefined) return;

  const named = clearRefused ? faulty : stopping;
  const faults = named.map(({ fault }) => fault);
  const sameCode = faults.every(({ code }) => code === first.fault.code);
  throw new SealdropError(
    sameCode ? first.fault.code : 'missing-certificate',
    `Encryption is required, but not possible for ${named.map(({ verdict, fault }) => `${verdict.address} (${fault.message})`).join(', ')}.`,
    {
      disposition: dispositionOf(faults),
      cure: sameCode
        ? first.fault.cure
        : 'Provide a valid certificate for every recipient named ("sealdrop keys list" shows what is there), then run "sealdrop queue retry".',
      cause: first.fault,
    },
  );
}

/** A person is needed as soon as one fault needs one; a message that only waits is retried. */
function dispositionOf(faults: readonly SealdropError[]): SealdropError['disposition'] {
  const found = new Set(faults.map(({ disposition }) => disposition));
  return (['fatal', 'quarantine', 'wait', 'retry'] as const).find((disposition) => found.has(disposition)) ?? 'quarantine';
}

function clearCopyRefused(clear: readonly Verdict[], requiringFirst: Verdict, requiring: readonly Verdict[]): SealdropError {
  const rules = [...new Set(requiring.map(({ rule }) => ruleWords(rule)))].join(' and ');
  const named = clear
    .map(({ address, rule, protection }) => `${address} by ${ruleWords(rule)} (encrypt: ${protection.encrypt})`)
    .join(', ');
  return new SealdropError(
    'clear-copy-refused',
    `Encryption is required by ${rules}, for ${requiringFirst.address}, but a clear copy would go to ${named}.`,
    {
      disposition: 'quarantine',
      cure: 'Give these recipients certificates and require encryption for them, or send to them separately, or set "clearCopies: allow" where encryption is required; then run "sealdrop queue retry".',
    },
  );
}

function unsealedRefused(unsealed: readonly Verdict[]): SealdropError {
  return new SealdropError(
    'unsealed-refused',
    `The message would pass neither signed nor encrypted to ${unsealed.map(({ address, rule }) => `${address} (by ${ruleWords(rule)})`).join(', ')}, and no rule says so in full.`,
    {
      disposition: 'quarantine',
      cure: 'If mail like this may pass unsealed, write a rule for it with "sign: none" and "encrypt: none"; otherwise let it be signed. Then run "sealdrop queue retry".',
    },
  );
}
