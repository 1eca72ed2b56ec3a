import { SealdropError } from '../errors.js';
import type { AnsweringWay, Way } from '../way.js';
import type { CopyPlan } from './plan.js';
import type { Verdict } from './verdict.js';

const BY_SMTP = 'Let such mail go by SMTP: a rule with "delivery: { via: smtp }" that matches it; then run "sealdrop queue retry".';

/**
 * Refuses envelopes that a way has no words for: PowerMTA documents neither the null sender nor SMTPUTF8 for pickup files, SparkPost
 * neither for its API. What they would do with them is not known.
 * Throws SealdropError (quarantine): null-sender-in-pickup, null-sender-needs-smtp, smtputf8-in-pickup, smtputf8-needs-smtp.
 */
export function refuseEnvelope(verdicts: readonly Verdict[], sender: string): void {
  refuseInPickup(sender, addressesBy('pickup', verdicts));
  const byApi = addressesBy('sparkpost', verdicts);
  if (byApi.length > 0 && sender === '') {
    throw refusal('null-sender-needs-smtp', 'The envelope sender is empty (the null sender), which the SparkPost API cannot say.');
  }
  const international = [sender, ...byApi].filter((address) => byApi.length > 0 && !isAscii(address));
  if (international.length > 0) {
    throw refusal('smtputf8-needs-smtp', `The SparkPost API takes ASCII addresses only, which is not: ${international.join(', ')}.`);
  }
}

/**
 * Why a copy would not arrive by this way as it is sealed; undefined: it does. KumoMTA's injection reads the MIME structure and writes it
 * anew, with other line breaks and transfer encodings (its `InjectV1Request` calls `MimePart::rebuild`): what is opaque or encrypted stays
 * itself under another base64, a multipart/signed does not.
 */
function brokenBy(way: Way, { sign, outerSign, passed }: CopyPlan): string | undefined {
  if (way !== 'kumomta') return undefined;
  const detached = sign === 'detached' || outerSign === 'detached' || passed === 'signed';
  return detached ? 'KumoMTA’s HTTP injection writes MIME anew, which breaks a signature that stands beside the text' : undefined;
}

/**
 * Why a copy that was planned for pickup cannot go by this way instead; undefined: it can. What a virtual MTA or DKIM options would have
 * done is done nowhere else, and mail sent the wrong way is worse than mail held; a job is a name in the accounting, and is let go.
 */
export function cannotGoInstead(way: AnsweringWay, copy: CopyPlan): string | undefined {
  const { virtualMta, dkimOptions } = copy.transport;
  if (virtualMta !== undefined) return `it is for the virtual MTA ${virtualMta}, which only a pickup file can name`;
  if (dkimOptions !== undefined) return 'it has DKIM options, which only a pickup file can hold';
  return brokenBy(way, copy);
}

/** Throws SealdropError `signature-breaks-on-way` (quarantine). */
export function refuseBroken(copies: readonly CopyPlan[]): void {
  for (const copy of copies) {
    const why = brokenBy(copy.via, copy);
    if (why === undefined) continue;
    throw new SealdropError('signature-breaks-on-way', `The copy for ${copy.recipients.join(', ')} cannot go by ${copy.via}: ${why}.`, {
      disposition: 'quarantine',
      cure: 'Let such mail go by SMTP, which KumoMTA takes as it is (a rule with "delivery: { via: smtp }"), or set sign: opaque for it; then run "sealdrop queue retry".',
    });
  }
}

function refuseInPickup(sender: string, addresses: readonly string[]): void {
  if (addresses.length === 0) return;
  if (sender === '') {
    const message = `The envelope sender is empty (the null sender), which a pickup file cannot say, for ${addresses.join(', ')}.`;
    throw refusal('null-sender-in-pickup', message);
  }
  const international = [sender, ...addresses].filter((address) => !isAscii(address));
  if (international.length > 0) {
    throw refusal('smtputf8-in-pickup', `A pickup file cannot hold addresses that are not ASCII (SMTPUTF8): ${international.join(', ')}.`);
  }
}

function addressesBy(way: Way, verdicts: readonly Verdict[]): string[] {
  return verdicts.filter(({ via }) => via === way).map(({ address }) => address);
}

function isAscii(address: string): boolean {
  return !/[^\x00-\x7f]/.test(address);
}

function refusal(code: string, message: string): SealdropError {
  return new SealdropError(code, message, { disposition: 'quarantine', cure: BY_SMTP });
}
