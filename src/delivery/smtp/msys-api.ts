import { SealdropError } from '../../errors.js';

const SOFT_WIDTH = 78;
const HARD_WIDTH = 900;
/** Recipients come from the envelope that policy has seen; these members would send copies past it. */
const RECIPIENT_MEMBERS = ['cc', 'bcc', 'archive'];

/** Whose reading of the header: Momentum's own module, or SparkPost, which knows more options. */
export type MsysProfile = 'momentum' | 'sparkpost';

/**
 * The X-MSYS-API header field for Momentum and SparkPost, with its final CRLF: the submitted value, if any, with open and click
 * tracking forced off (they rewrite bodies and break signatures), and for SparkPost marked transactional (no List-Unsubscribe is put in).
 * The same value gives the same octets. ASCII only, folded at blanks, lines below 998 octets. Throws SealdropError `bad-msys-api` (quarantine).
 */
export function msysApiField(profile: MsysProfile, submitted?: string): string {
  const value = submitted === undefined ? {} : parsed(submitted);
  const options = value.options ?? {};
  if (!isObject(options)) throw badMsysApi('its "options" is not an object');
  const merged = { ...value, options: { ...options, ...FORCED[profile], ...withoutRewriting(options) } };
  return `${fold('X-MSYS-API:', asciiTokens(merged))}\r\n`;
}

const UNTRACKED = { open_tracking: false, click_tracking: false };
const FORCED: Readonly<Record<MsysProfile, object>> = { momentum: UNTRACKED, sparkpost: { ...UNTRACKED, transactional: true } };

/** Options that would alter the body too; they are off where they are not named. */
function withoutRewriting(options: Record<string, unknown>): Record<string, false> {
  return Object.fromEntries(['initial_open', 'inline_css'].filter((name) => Object.hasOwn(options, name)).map((name) => [name, false]));
}

function parsed(submitted: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(submitted);
  } catch {
    throw badMsysApi('it is not valid JSON');
  }
  if (!isObject(value)) throw badMsysApi('it is not a JSON object');
  const forbidden = RECIPIENT_MEMBERS.find((member) => Object.hasOwn(value, member));
  if (forbidden !== undefined) throw badMsysApi(`its member "${forbidden}" names recipients outside the envelope`);
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON.stringify ends a line only between tokens, never in a string, so its lines are the places where a fold changes nothing. */
function asciiTokens(value: unknown): string[] {
  let json: string;
  try {
    json = JSON.stringify(value, null, 1);
  } catch {
    throw badMsysApi('it is nested too deeply');
  }
  const ascii = json.replace(/[^\n -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return ascii.split('\n').map((line) => line.trimStart());
}

function fold(name: string, tokens: readonly string[]): string {
  const lines: string[] = [];
  let line = name;
  for (const token of tokens.flatMap(shortTokens)) {
    if (line.length + 1 + token.length > SOFT_WIDTH && line !== name) {
      lines.push(line);
      line = '';
    }
    line += ` ${token}`;
  }
  return [...lines, line].join('\r\n');
}

/** A fold before a blank inside a string is undone by unfolding (RFC 5322 §2.2.3), so a long string may be broken there. */
function shortTokens(token: string): string[] {
  if (token.length <= HARD_WIDTH) return [token];
  const blank = token.lastIndexOf(' ', HARD_WIDTH);
  // A piece of blanks alone would make a line that some readers take for the end of the header.
  if (blank <= 0 || token.slice(0, blank).trim() === '') throw badMsysApi('it holds a value too long for a header line');
  return [token.slice(0, blank), ...shortTokens(token.slice(blank + 1))];
}

function badMsysApi(why: string): SealdropError {
  return new SealdropError('bad-msys-api', `The submitted X-MSYS-API header cannot be used: ${why}.`, {
    disposition: 'quarantine',
    cure: 'Have the application send a JSON object without recipients in it, then submit the message again.',
  });
}
