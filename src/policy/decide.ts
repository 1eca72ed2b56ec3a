import { SealdropError } from '../errors.js';
import { addressKey } from '../message/address.js';
import type { ControlField } from '../message/control.js';
import type { Envelope } from '../message/envelope.js';
import { decodeOctets, fieldsNamed, type HeaderField, rawValue } from '../message/field.js';
import { decodeWords } from '../message/mail-libraries.js';
import { protectionWords } from '../smime/already-protected.js';
import type { Way } from '../way.js';
import { type Arrival, refuseProtected, treatmentOf } from './arrival.js';
import { copiesOf } from './copies.js';
import { type HeaderEnvelope, refuseUnlikeHeader } from './header-envelope.js';
import type { KeepSealed, Plan, RecipientDecision } from './plan.js';
import type { Protection } from './protection.js';
import { type MessageFacts, matchesMessage, matchesRecipient, type Rule } from './rule.js';
import { droppedNames, transportOf } from './transport.js';
import { type CertificateFacts, fingerprintOf, refuseUnlawful, ruleWords, type Verdict } from './verdict.js';
import { refuseBroken, refuseEnvelope } from './way-limits.js';

export interface PolicyDefaults {
  readonly protect: Protection;
  readonly via: Way;
  readonly maxRecipientInfos: number;
  /** Envelope recipients of one copy; PowerMTA's guide recommends at most 5000 in a file. */
  readonly maxReceivers: number;
  /** The same for ways that have a bound of their own. */
  readonly maxReceiversBy?: Readonly<Partial<Record<Way, number>>>;
  readonly maxCopies: number;
  /** What the archive keeps of sealed copies where no rule says otherwise, and how many certificates open those kept in full. */
  readonly keepSealed: KeepSealed;
  readonly archiveRecipients: number;
  /** Where the MTA takes the envelope of a pickup file from: the header of the message, or lines of its own. */
  readonly pickupEnvelope: HeaderEnvelope;
  /** Lower-case names of the submitted control headers that pickup files may carry. */
  readonly pass: readonly string[];
  readonly envid: 'own' | 'submitted';
  /** The SMTP server understands X-MSYS-API, so a submitted one goes with the copy. */
  readonly msysApi: boolean;
}

export interface DecideInput {
  readonly envelope: Envelope;
  /** Address keys of the output's To and Cc. */
  readonly visible: ReadonlySet<string>;
  /** The identity's address: the visible From. */
  readonly from: string;
  /** All addresses in the visible From, if there are more than that one. */
  readonly authors?: readonly string[];
  /** The address in Sender, or else in From: who sends, for a program that looks at the header. */
  readonly headerSender: string;
  readonly control: readonly ControlField[];
  /** The message's own header fields, for rules that look at one. */
  readonly fields: readonly HeaderField[];
  /** The protection the message came with; undefined for ordinary mail. */
  readonly arrival?: Arrival | undefined;
  readonly defaults: PolicyDefaults;
  readonly rules: readonly Rule[];
  readonly lookUp: (address: string, protection: Protection) => CertificateFacts;
}

/**
 * Decides, once for the whole message, who gets which copy. The first rule that matches a recipient decides for it.
 * Throws SealdropError (quarantine unless the certificate's fault says otherwise): missing-certificate, clear-copy-refused,
 * unsealed-refused, already-protected, pass-refused, too-many-copies, envelope-not-in-header, bad-control-header, and what
 * refuseEnvelope and refuseBroken say.
 */
export function decide(input: DecideInput): Plan {
  const verdicts = verdictsOf(input);
  if (input.arrival !== undefined) refuseProtected(verdicts, input.arrival);
  refuseUnlawful(verdicts);
  refuseEnvelope(verdicts, input.envelope.sender);

  const passed = new Set<string>();
  const copies = copiesOf(verdicts, input.defaults, ({ rule, via }) => {
    const found = transportOf(rule, via, input.control, input.defaults);
    for (const name of found.passed) passed.add(name);
    return found.transport;
  });
  refuseBroken(copies);
  refuseUnlikeHeader(copies, input);
  if (copies.length > input.defaults.maxCopies) throw tooManyCopies(copies.length, input.defaults.maxCopies);

  return {
    version: 1,
    sender: input.envelope.sender,
    from: input.from,
    ...(input.authors !== undefined && input.authors.length > 1 ? { authors: input.authors } : {}),
    copies,
    decisions: verdicts.map((verdict) => decisionOf(verdict, input.arrival)),
    dropped: droppedNames(input.control, passed),
  };
}

function verdictsOf({ envelope, visible, from, control, fields, arrival, defaults, rules, lookUp }: DecideInput): Verdict[] {
  const facts: MessageFacts = { from, headerValues: (name) => headerValues(name, control, fields) };
  const candidates = rules.filter((rule) => matchesMessage(rule, facts));
  return envelope.recipients.map((address) => {
    const rule = candidates.find((candidate) => matchesRecipient(candidate, address)) ?? null;
    const protection = { ...defaults.protect, ...rule?.protect };
    const passes = arrival !== undefined && treatmentOf({ protection }, arrival.already) === 'pass';
    const passed = passes && arrival.already.kind !== 'certs-only' ? arrival.already.kind : undefined;
    // What OpenPGP encrypts to are other keys than these.
    const needed = protection.encrypt !== 'none' && !(passed === 'encrypted' && arrival?.already.by === 'openpgp');
    const certificate = needed ? lookUp(address, protection) : null;
    const via = rule?.delivery?.via ?? defaults.via;
    return { address, visible: visible.has(addressKey(address)), rule, protection, via, certificate, passed };
  });
}

function headerValues(name: string, control: readonly ControlField[], fields: readonly HeaderField[]): string[] {
  const submitted = control.filter((field) => field.name === name.toLowerCase()).map(({ value }) => value);
  return [...submitted, ...fieldsNamed(fields, name).map(rawValue)].map((value) => decodeWords(decodeOctets(value)));
}

function tooManyCopies(count: number, limit: number): SealdropError {
  return new SealdropError('too-many-copies', `The message would need ${count} copies, and outbox.maxCopies is ${limit}.`, {
    disposition: 'quarantine',
    cure: 'Send to fewer blind recipients at a time, or raise outbox.maxCopies in the configuration; then run "sealdrop queue retry".',
  });
}

function decisionOf(verdict: Verdict, arrival: Arrival | undefined): RecipientDecision {
  const { address, visible, rule, protection, passed } = verdict;
  const fingerprint = fingerprintOf(verdict);
  const said = `${ruleWords(rule)} ${rule === null ? 'say' : 'says'} encrypt: ${protection.encrypt}`;
  const found = fingerprint === null ? 'there is no certificate, so the copy is clear' : `the certificate is ${fingerprint.slice(0, 16)}…`;
  const policy = protection.encrypt === 'none' || passed === 'encrypted' ? said : `${said}; ${found}`;
  const why = arrival === undefined ? policy : `${policy}; ${arrivalWords(arrival, passed)}`;
  return { address, visible, rule: rule?.name ?? null, encrypt: fingerprint !== null || passed === 'encrypted', why };
}

function arrivalWords({ already }: Arrival, passed: Verdict['passed']): string {
  const came = `it came ${protectionWords(already)}`;
  if (passed === 'encrypted') return `${came} and leaves as it is`;
  return passed === 'signed' ? `${came} and keeps that signature` : `${came} and is sealed like any other content`;
}
