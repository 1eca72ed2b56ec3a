import { decodeOctets, type HeaderField, rawValue } from './field.js';

/** A header that instructs the mail system and is no part of the mail. */
export interface ControlField {
  /** Lower case. */
  readonly name: string;
  /** Unfolded, trimmed, read as UTF-8 where that validates. */
  readonly value: string;
}

export interface ControlSplit<F extends HeaderField> {
  /** x-sender and x-receiver before the first ordinary field; a simple `<address>` is unwrapped. */
  readonly envelopeLines: readonly ControlField[];
  /** Every other control field, wherever it stood. */
  readonly control: readonly ControlField[];
  /** The ordinary fields. */
  readonly ordinary: readonly F[];
}

/** Takes the control headers out of a submitted header (PowerMTA pickup convention), any case, folded or not. */
export function splitControl<F extends HeaderField>(fields: readonly F[], changes: string[]): ControlSplit<F> {
  const envelopeLines: ControlField[] = [];
  const control: ControlField[] = [];
  const ordinary: F[] = [];
  for (const field of fields) {
    const name = controlName(field);
    if (name === undefined) {
      ordinary.push(field);
      continue;
    }
    const value = decodeOctets(rawValue(field));
    if (name !== 'x-sender' && name !== 'x-receiver') {
      control.push({ name, value });
    } else if (ordinary.length === 0) {
      envelopeLines.push({ name, value: unwrap(name, value, changes) });
    } else {
      // Further down it may have been written by whoever chose the subject, not by the submitting program.
      changes.push(`misplaced-${name}-dropped`);
      control.push({ name, value });
    }
  }
  return { envelopeLines, control, ordinary };
}

const NAMES = new Set([
  'x-sender',
  'x-receiver',
  'x-sender-override',
  'x-envid',
  'x-job',
  'x-virtual-mta',
  'x-dkim-options',
  'x-dkim-key',
  'x-schedule',
  'x-msys-api',
]);

function controlName(field: HeaderField): string | undefined {
  const first = field.name.charCodeAt(0);
  if (first !== 0x78 && first !== 0x58) return undefined;
  const name = field.name.toLowerCase();
  // MailerQ takes every x-mq- field for a property, of which one names the host that all mail is sent to ("Special MIME headers").
  return NAMES.has(name) || name.startsWith('x-sealdrop-') || name.startsWith('x-mq-') ? name : undefined;
}

/** Exchange and IIS write `x-receiver: <address>`. `<>` is the null sender and stays as it is. */
function unwrap(name: string, value: string, changes: string[]): string {
  const inner = /^<([^<>\s]+)>$/.exec(value)?.[1];
  if (inner === undefined) return value;
  changes.push(`${name}-unwrapped`);
  return inner;
}
