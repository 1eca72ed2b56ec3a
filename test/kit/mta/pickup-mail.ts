/** A pickup file as PowerMTA takes it apart (User's Guide 5.0, 7.2). */
export interface PickupMail {
  readonly name: string;
  readonly sender: string;
  readonly receivers: readonly string[];
  /** What accounting shows; undefined where the file does not say it. */
  readonly envid: string | undefined;
  readonly job: string | undefined;
  readonly virtualMta: string | undefined;
  readonly dkimOptions: string | undefined;
  /** What is sent: the file without the lines that were for the MTA, nothing else changed. */
  readonly message: Buffer;
}

/** Why a file can never be taken: it goes to the bad directory, whole. */
export class PickupRefusal extends Error {}

export interface PickupParsing {
  /** `pickup-remove-dot`: one dot of each line that begins with two is taken away. */
  readonly removeDot?: boolean;
}

const BATCH_COMMANDS = /^(?:HELO|EHLO|MAIL|XMRG|XACK)\b/i;
const CONTROL =
  /^(x-sender|x-receiver|x-sender-override|x-envid|x-job|x-virtual-mta|x-dkim-options|x-dkim-key|x-schedule)[ \t]*:[ \t]*(.*)$/i;
const BARE_ADDRESS = /^[^\s<>"(),:;@]+@[^\s<>"(),:;@]+$/;

/**
 * Reads a file as the guide says PowerMTA does, with `process-x-*` on for `<source {pickup}>`: control lines are taken wherever they stand
 * in the header, whoever wrote them, and x-sender-override beats x-sender. Throws PickupRefusal.
 */
export function parsePickupFile(name: string, bytes: Buffer, { removeDot = false }: PickupParsing = {}): PickupMail {
  const text = bytes.toString('latin1');
  if (BATCH_COMMANDS.test(text)) throw new PickupRefusal('the file is read as batch SMTP, and its commands fail');
  const headerEnd = text.indexOf('\r\n\r\n');
  if (headerEnd === -1) throw new PickupRefusal('there is no header');
  if (!/^x-sender[ \t]*:/i.test(text)) throw new PickupRefusal('the first line is not x-sender');
  const control = new Map<string, string[]>();
  const kept: string[] = [];
  for (const field of text.slice(0, headerEnd).split(/\r\n(?![ \t])/)) {
    const [, controlName, value = ''] = CONTROL.exec(field.replace(/\r\n/g, '')) ?? [];
    if (controlName === undefined) kept.push(field);
    else control.set(controlName.toLowerCase(), [...(control.get(controlName.toLowerCase()) ?? []), value.trim()]);
  }
  const receivers = control.get('x-receiver') ?? [];
  const sender = control.get('x-sender-override')?.at(-1) ?? control.get('x-sender')?.[0] ?? '';
  if (receivers.length === 0) throw new PickupRefusal('there is no x-receiver');
  for (const address of [sender, ...receivers]) if (!BARE_ADDRESS.test(address)) throw new PickupRefusal(`${address} is no address`);
  if ((control.get('x-job') ?? []).length > 1) throw new PickupRefusal('there is more than one x-job');
  const body = removeDot ? text.slice(headerEnd).replace(/\r\n\.\./g, '\r\n.') : text.slice(headerEnd);
  return {
    name,
    sender,
    receivers,
    envid: control.get('x-envid')?.[0],
    job: control.get('x-job')?.[0],
    virtualMta: control.get('x-virtual-mta')?.[0],
    dkimOptions: control.get('x-dkim-options')?.[0],
    message: Buffer.from(`${kept.join('\r\n')}${body}`, 'latin1'),
  };
}
