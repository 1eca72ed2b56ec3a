import { SealdropError } from '../../errors.js';
import { headerText } from '../../message/header-text.js';
import { type Octets, octetsOf } from '../../message/octets.js';
import { badEnvelopeValue, checkAddress, checkWord, needsSmtpUtf8 } from '../envelope-value.js';
import type { PickupProfile, PickupTransport } from './profile.js';

// PMTA reads these wherever they stand in the header (PowerMTA 5.0 User's Guide 7.2, 3.3.7.40-56), other MTAs some of them, and MailerQ
// everything that begins with x-mq-: none may come from the message.
const CONTROL_FIELD =
  /^(?:x-(?:sender|receiver|sender-override|envid|job|virtual-mta|dkim-options|dkim-key|schedule)|x-mq-[!-9;-~]*)[ \t]*:/im;
const FIRST_FIELD = /^[!-9;-~]+:/;

/**
 * A pickup file: the profile's lines, then the message directly, without a blank line between.
 * `message` is canonical (CRLF, 7-bit, lines of at most 998 octets) and has lost its own control headers.
 * Throws SealdropError (quarantine): bad-envelope-value, too-many-receivers, null-sender-needs-smtp, smtputf8-needs-smtp,
 * control-header-in-message, instruction-in-message.
 */
export function pickupFile(message: Octets, profile: PickupProfile, transport: PickupTransport): Octets {
  checkPickupMessage(message, profile);
  return octetsOf(pickupHead(profile, transport), message);
}

/** The lines before the message alone, which can be made before it is sealed. Throws as pickupFile does. */
export function pickupHead(profile: PickupProfile, transport: PickupTransport): Buffer {
  checkEnvelope(transport, profile.maxReceivers);
  const { envid, job, virtualMta, dkimOptions } = transport;
  checkWord('x-envid', envid);
  if (job !== undefined) checkWord('x-job', job);
  if (virtualMta !== undefined) checkWord('x-virtual-mta', virtualMta);
  const lines = profile.lines({ ...transport, dkimOptions: dkimOptions === undefined ? undefined : dkimTags(dkimOptions) });
  return Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1');
}

/**
 * Refuses a message that would change the meaning of the lines before it: one whose header still holds a control header (it would
 * add recipients, replace the sender or hand a private key to the recipients) or that does not begin with a header field.
 * Throws SealdropError `control-header-in-message`, or `instruction-in-message` for a field that only this MTA listens to (quarantine).
 */
export function checkPickupMessage(message: Octets, profile: PickupProfile): void {
  const header = headerText(message);
  checkInstructions(header, profile);
  const control = CONTROL_FIELD.exec(header);
  if (control === null && FIRST_FIELD.test(header)) return;
  const what =
    control === null ? 'does not begin with a header field' : `still holds the control header ${control[0].replace(/[ \t]*:$/, '')}`;
  throw new SealdropError('control-header-in-message', `The sealed message ${what}, which the MTA would read as an instruction.`, {
    disposition: 'quarantine',
    cure: 'Keep the message and report this as a defect of sealdrop: control headers have to be taken out before a message is sealed.',
  });
}

function checkInstructions(header: string, { instructions }: PickupProfile): void {
  const names = [...header.matchAll(/^([!-9;-~]+)[ \t]*:/gm)].map(([, name = '']) => name);
  const found = names.find((name) => instructions.includes(name.toLowerCase()));
  if (found === undefined) return;
  throw new SealdropError('instruction-in-message', `The MTA would take the field ${found} of this message for an instruction.`, {
    disposition: 'quarantine',
    cure: 'Let the application leave this field out and submit the message again, or let such mail go by SMTP: a rule with "delivery: { via: smtp }".',
  });
}

function checkEnvelope({ sender, recipients }: PickupTransport, most: number): void {
  if (sender === '') throw needsSmtp('null-sender-needs-smtp', 'The null sender cannot be written into a pickup file.');
  checkAddress('sender', sender);
  if (recipients.length === 0) throw badEnvelopeValue('The pickup file would have no recipient.');
  if (recipients.length > most) throw tooManyReceivers(recipients.length, most);
  for (const recipient of recipients) checkAddress('recipient', recipient);
  const international = [sender, ...recipients].find(needsSmtpUtf8);
  if (international !== undefined)
    throw needsSmtp('smtputf8-needs-smtp', `The address ${international} is not ASCII; a pickup file cannot hold it.`);
}

/** PowerMTA 5.0 User's Guide 10.6.3: the tags s, d, i, q and key-list, each at most once. Written without the blanks between them. */
function dkimTags(options: string): string {
  const tags = options.replace(/;[ \t]*$/, '').split(/;[ \t]*/);
  const names = tags.map((tag) => /^(s|d|i|q|key-list)=[!-:<-~]{1,200}$/.exec(tag)?.[1]);
  if (!names.includes(undefined) && new Set(names).size === names.length) return tags.join(';');
  throw badEnvelopeValue('The value of x-dkim-options is not a list of the tags s=, d=, i=, q= and key-list=, each at most once.');
}

function tooManyReceivers(count: number, most: number): SealdropError {
  return new SealdropError('too-many-receivers', `The copy has ${count} recipients; a pickup file of this profile holds at most ${most}.`, {
    disposition: 'quarantine',
    cure: 'Submit the message in parts with fewer recipients each.',
  });
}

function needsSmtp(code: string, message: string): SealdropError {
  return new SealdropError(code, message, {
    disposition: 'quarantine',
    cure: 'Deliver mail of this kind by SMTP: add a rule with "delivery: { via: smtp }" for it, then release the message.',
  });
}
