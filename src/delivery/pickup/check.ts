import { SealdropError } from '../../errors.js';
import { powermtaProfile } from './profiles/powermta.js';

const REQUIRED = ['from', 'date', 'message-id', 'mime-version'];
const FORBIDDEN = ['bcc', 'resent-bcc', 'x-sender-override', 'x-dkim-key', 'x-schedule'];
const ENVELOPE_ONLY = ['x-sender', 'x-receiver', 'x-envid', 'x-job', 'x-virtual-mta', 'x-dkim-options'];
const BARE_ADDRESS = /^[!-;=?-~]+@[!-;=?-~]+$/;

/**
 * The whole contract of a PowerMTA pickup file, checked on finished bytes: what the vendor documents, and what is needed so that
 * nothing between us and the recipient has a reason to touch the message. Throws SealdropError `bad-pickup-file` (quarantine)
 * that names every fault.
 */
export function assertPickupFile(bytes: Buffer): void {
  const faults = [...byteFaults(bytes), ...envelopeFaults(bytes), ...headerFaults(bytes)];
  if (faults.length === 0) return;
  throw new SealdropError('bad-pickup-file', `The pickup file is not acceptable: ${faults.join('; ')}.`, {
    disposition: 'quarantine',
    cure: 'Keep the message and report this as a defect of sealdrop: it must not write such a file.',
  });
}

/** RFC 5322 §2.1.1, RFC 5321 §2.3.8: CRLF only, 7-bit, lines of at most 998 octets; no leading dot, which `pickup-remove-dot` would eat. */
function byteFaults(bytes: Buffer): string[] {
  const text = bytes.toString('latin1');
  const faults: string[] = [];
  if (/\r(?!\n)/.test(text)) faults.push('a bare CR');
  if (/(?<!\r)\n/.test(text)) faults.push('a bare LF');
  if (text.includes('\0')) faults.push('a NUL');
  if (/[\x80-\xff]/.test(text)) faults.push('8-bit octets');
  if (!text.endsWith('\r\n')) faults.push('the last line is not ended');
  const lines = text.split('\r\n');
  if (lines.some((line) => line.length > 998)) faults.push('a line of more than 998 octets');
  if (lines.some((line) => line.startsWith('.'))) faults.push('a line that begins with a dot');
  return faults;
}

function envelopeFaults(bytes: Buffer): string[] {
  const lines = headLines(bytes);
  const values = (name: string) => lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
  const receivers = values('x-receiver');
  const faults: string[] = [];
  if (!bytes.toString('latin1', 0, 10).startsWith('x-sender: ')) faults.push('the first bytes are not "x-sender: "');
  if (values('x-sender').length !== 1) faults.push('not exactly one x-sender');
  if (receivers.length === 0) faults.push('no x-receiver');
  if (receivers.length > powermtaProfile.maxReceivers) faults.push(`more than ${powermtaProfile.maxReceivers} x-receiver lines`);
  if (![...values('x-sender'), ...receivers].every((address) => BARE_ADDRESS.test(address))) faults.push('an address that is not bare');
  if (values('x-envid').length !== 1) faults.push('not exactly one x-envid');
  if (values('x-job').length > 1) faults.push('more than one x-job');
  if (!['x-envid', 'x-job', 'x-virtual-mta', 'x-dkim-options'].flatMap(values).every((value) => /^[!-~]+$/.test(value))) {
    faults.push('an envelope value that is not one printable word');
  }
  return faults;
}

function headerFaults(bytes: Buffer): string[] {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const faults: string[] = [];
  if (end === -1) faults.push('no blank line after the header');
  const lines = text.slice(0, end === -1 ? text.length : end).split('\r\n');
  const names = lines.slice(headLines(bytes).length).filter((line) => !/^[ \t]/.test(line));
  const found = names.map((line) =>
    line
      .slice(0, Math.max(line.indexOf(':'), 0))
      .trimEnd()
      .toLowerCase(),
  );
  if (found.includes('')) faults.push('a header line without a field name');
  for (const name of REQUIRED) if (found.filter((one) => one === name).length !== 1) faults.push(`not exactly one ${name} field`);
  if (!found.includes('to') && !found.includes('cc')) faults.push('neither To nor Cc');
  for (const name of [...FORBIDDEN, ...ENVELOPE_ONLY]) if (found.includes(name)) faults.push(`a ${name} field in the message`);
  return faults;
}

/** The leading lines that are envelope lines, without their line ends. */
function headLines(bytes: Buffer): string[] {
  const lines = bytes.toString('latin1').split('\r\n');
  const first = lines.findIndex((line) => !ENVELOPE_ONLY.some((name) => line.startsWith(`${name}: `)));
  return lines.slice(0, first === -1 ? lines.length : first);
}
