import { type ForwardedRecord, forwardedLine } from './forwarded-record.js';

export const facilities = {
  user: 1,
  daemon: 3,
  auth: 4,
  authpriv: 10,
  audit: 13,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;

export type Facility = keyof typeof facilities;

/** The private enterprise number reserved for examples (RFC 5612): sealdrop has none of its own. */
const sdId = 'sealdrop@32473';
const appName = 'sealdrop';

/** RFC 5424 §6.2.1: normal but significant. */
const notice = 5;

export interface SyslogSource {
  readonly facility: Facility;
  readonly host: string;
  readonly pid: number;
  /** The longest message, in octets. */
  readonly maxBytes: number;
}

/**
 * A record as an RFC 5424 message. Number and hash stand in the structured data, first and never cut; then, as far as there is room, what else
 * the chain says. The text is the record's line (`forwardedLine`), cut where the message would become too long. All is ASCII, so that no
 * BOM is called for (§6.4): what is not, in the details, is written with JSON's \u.
 */
export function syslogMessage(record: ForwardedRecord, { facility, host, pid, maxBytes }: SyslogSource): Buffer {
  const msgId = word(record.event, 32);
  const header = `<${facilities[facility] * 8 + notice}>1 ${word(record.time, 64)} ${word(host, 255)} ${appName} ${pid} ${msgId} [${sdId}`;
  let text = `${header} seq="${record.seq}" hash="${record.hash}"`;
  const further = { id: record.id, outcome: record.outcome, algorithms: record.algorithms };
  for (const [name, value] of Object.entries(further)) {
    const param = value === undefined ? '' : ` ${name}="${escaped(value)}"`;
    if (text.length + param.length < maxBytes) text += param;
  }
  text += ']';
  const room = maxBytes - text.length - 1;
  return Buffer.from(room <= 0 ? text : `${text} ${ascii(forwardedLine(record)).slice(0, room)}`, 'latin1');
}

/** Octet counting (RFC 5425 §4.3, RFC 6587 §3.4.1). */
export function framed(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

/** A header field: printable US-ASCII without blanks, or the nil value (RFC 5424 §6). */
function word(text: string, longest: number): string {
  return text.replace(/[^!-~]/g, '').slice(0, longest) || '-';
}

/** RFC 5424 §6.3.3: `"`, `\` and `]` are escaped. */
function escaped(value: string): string {
  return value.replace(/[^ -~]/g, '?').replace(/["\\\]]/g, '\\$&');
}

function ascii(json: string): string {
  return json.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
