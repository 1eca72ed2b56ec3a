import { SealdropError } from '../errors.js';
import { headerText } from '../message/header-text.js';
import { type Octets, octetsOf } from '../message/octets.js';
import { badEnvelopeValue, checkAddress, checkWord, needsSmtpUtf8 } from './envelope-value.js';

export interface PickupTransport {
  readonly profile: 'powermta';
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly envid: string;
  readonly job?: string | undefined;
  readonly virtualMta?: string | undefined;
  readonly dkimOptions?: string | undefined;
}

/** PowerMTA 5.0 User's Guide 7.2 recommends no more recipients in one file. */
export const MAXIMUM_RECEIVERS = 5000;

// PMTA reads these wherever they stand in the header (PowerMTA 5.0 User's Guide 7.2, 3.3.7.40-56), so none may come from the message.
const CONTROL_FIELD = /^x-(?:sender|receiver|sender-override|envid|job|virtual-mta|dkim-options|dkim-key|schedule)[ \t]*:/im;
const FIRST_FIELD = /^[!-9;-~]+:/;

/**
 * A pickup file: the envelope lines, then the message directly, without a blank line between.
 * `message` is canonical (CRLF, 7-bit, lines of at most 998 octets) and has lost its own control headers.
 * Throws SealdropError (quarantine): bad-envelope-value, too-many-receivers, null-sender-needs-smtp, smtputf8-needs-smtp,
 * control-header-in-message.
 */
export function pickupFile(message: Octets, transport: PickupTransport): Octets {
  checkPickupMessage(message);
  return octetsOf(pickupHead(transport), message);
}

/** The envelope lines alone, which can be made before the message is sealed. Throws as pickupFile does. */
export function pickupHead(transport: PickupTransport): Buffer {
  checkEnvelope(transport);
  const lines = [`x-sender: ${transport.sender}`];
  for (const recipient of transport.recipients) lines.push(`x-receiver: ${recipient}`);
  lines.push(word('x-envid', transport.envid));
  if (transport.job !== undefined) lines.push(word('x-job', transport.job));
  if (transport.virtualMta !== undefined) lines.push(word('x-virtual-mta', transport.virtualMta));
  if (transport.dkimOptions !== undefined) lines.push(`x-dkim-options: ${dkimTags(transport.dkimOptions)}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n`, 'latin1');
}

/**
 * Refuses a message that would change the meaning of the lines before it: one whose header still holds a control header (it would
 * add recipients, replace the sender or hand a private key to the recipients) or that does not begin with a header field.
 * Throws SealdropError `control-header-in-message` (quarantine).
 */
export function checkPickupMessage(message: Octets): void {
  const header = headerText(message);
  const control = CONTROL_FIELD.exec(header);
  if (control === null && FIRST_FIELD.test(header)) return;
  const what =
    control === null ? 'does not begin with a header field' : `still holds the control header ${control[0].replace(/[ \t]*:$/, '')}`;
  throw new SealdropError('control-header-in-message', `The sealed message ${what}, which the MTA would read as an instruction.`, {
    disposition: 'quarantine',
    cure: 'Keep the message and report this as a defect of sealdrop: control headers have to be taken out before a message is sealed.',
  });
}

function checkEnvelope({ sender, recipients }: PickupTransport): void {
  if (sender === '') throw needsSmtp('null-sender-needs-smtp', 'The null sender cannot be written into a pickup file.');
  checkAddress('sender', sender);
  if (recipients.length === 0) throw badEnvelopeValue('The pickup file would have no recipient.');
  if (recipients.length > MAXIMUM_RECEIVERS) throw tooManyReceivers(recipients.length);
  for (const recipient of recipients) checkAddress('recipient', recipient);
  const international = [sender, ...recipients].find(needsSmtpUtf8);
  if (international !== undefined)
    throw needsSmtp('smtputf8-needs-smtp', `The address ${international} is not ASCII; a pickup file cannot hold it.`);
}

function word(name: string, value: string): string {
  checkWord(name, value);
  return `${name}: ${value}`;
}

/** PowerMTA 5.0 User's Guide 10.6.3: the tags s, d, i, q and key-list, each at most once. Written without the blanks between them. */
function dkimTags(options: string): string {
  const tags = options.replace(/;[ \t]*$/, '').split(/;[ \t]*/);
  const names = tags.map((tag) => /^(s|d|i|q|key-list)=[!-:<-~]{1,200}$/.exec(tag)?.[1]);
  if (!names.includes(undefined) && new Set(names).size === names.length) return tags.join(';');
  throw badEnvelopeValue('The value of x-dkim-options is not a list of the tags s=, d=, i=, q= and key-list=, each at most once.');
}

function tooManyReceivers(count: number): SealdropError {
  return new SealdropError('too-many-receivers', `The copy has ${count} recipients; a pickup file holds at most ${MAXIMUM_RECEIVERS}.`, {
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
