import { SealdropError } from '../../errors.js';
import type { DeliveryOutcome, RecipientOutcome } from '../delivery.js';
import { printable } from '../printable.js';

/** How a sendmail program has ended. */
export interface ProgramEnd {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  /** It has read all of the message. */
  readonly read: boolean;
  /** What it wrote to standard error. */
  readonly words: string;
}

/** Names of sysexits(3). */
const NAMES: Readonly<Record<number, string>> = {
  64: 'EX_USAGE',
  65: 'EX_DATAERR',
  66: 'EX_NOINPUT',
  67: 'EX_NOUSER',
  68: 'EX_NOHOST',
  69: 'EX_UNAVAILABLE',
  70: 'EX_SOFTWARE',
  71: 'EX_OSERR',
  72: 'EX_OSFILE',
  73: 'EX_CANTCREAT',
  74: 'EX_IOERR',
  75: 'EX_TEMPFAIL',
  76: 'EX_PROTOCOL',
  77: 'EX_NOPERM',
  78: 'EX_CONFIG',
};
/** About the message or its recipients. */
const REFUSED = new Set([65, 67, 68]);
/** About the set-up, whatever the message: it would befall the next one too. */
const SET_UP = new Set([64, 72, 77, 78]);

/**
 * What an exit code means for every recipient; a sendmail program says nothing of each. All but a few codes may pass by themselves, and
 * Exim knows only 0, 1 and 2. Throws SealdropError `sendmail-unavailable` (wait).
 */
export function verdictOf(
  { code, signal, read, words }: ProgramEnd,
  program: string,
): Omit<RecipientOutcome, 'address'> & Pick<DeliveryOutcome, 'acceptance'> {
  if (code === null) {
    return read
      ? verdict(
          'deferred',
          'acceptance-unknown',
          `the program was ended (${signal}) and may have taken the message: sending it again may duplicate it`,
          'unknown',
        )
      : verdict('deferred', 'connection-lost', `the program was ended (${signal}) before it had read the message`);
  }
  const said = `${NAMES[code] ?? `exit code ${code}`}${words === '' ? '' : `: ${words}`}`;
  if (code === 0 && read) return verdict('accepted', '0', 'taken');
  if (code === 0) return verdict('deferred', 'connection-lost', 'the program ended without an error before it had read the message');
  if (SET_UP.has(code)) throw unavailable(program, said);
  return verdict(REFUSED.has(code) ? 'refused' : 'deferred', String(code), said);
}

function verdict(status: RecipientOutcome['status'], code: string, text: string, acceptance: DeliveryOutcome['acceptance'] = 'known') {
  return { status, code, text, acceptance };
}

function unavailable(program: string, said: string): SealdropError {
  return new SealdropError('sendmail-unavailable', `${printable(program)} cannot take mail as it is set up: ${said}`, {
    disposition: 'wait',
    cure: 'Mend what it says. It has to take "-i -oep -f SENDER -- RECIPIENT…", as the sendmail of Postfix, Exim and OpenSMTPD does. Mail waits and goes on by itself.',
  });
}
