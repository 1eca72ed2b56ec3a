import { printable } from './printable.js';

export interface Reply {
  /** Three digits. */
  readonly code: string;
  /** The server's words, the lines of a reply joined by blanks. */
  readonly text: string;
}

/**
 * A server's reply (RFC 5321 §4.2) as given by nodemailer, lines parted by LF. Undefined when it is not one. The words are made
 * printable, and `hidden` strings (a password the server may echo) are replaced.
 */
export function parseReply(response: string | false | undefined, hidden: readonly string[] = []): Reply | undefined {
  if (typeof response !== 'string') return undefined;
  const code = /^[2-5]\d\d(?=[ -]|$)/m.exec(response)?.[0];
  if (code === undefined || !response.startsWith(code)) return undefined;
  const words = response
    .split('\n')
    .map((line) => line.replace(/^\d{3}[ -]?/, '').trim())
    .filter((line) => line !== '');
  return { code, text: printable(withoutSecrets(words.join(' '), hidden)) };
}

/** Extension keywords of an EHLO reply (RFC 5321 §4.1.1.1), upper case. */
export function ehloKeywords(response: string | false): ReadonlySet<string> {
  const lines = typeof response === 'string' ? response.split('\n').slice(1) : [];
  return new Set(lines.map((line) => (/^250[ -]([A-Za-z0-9-]+)/.exec(line)?.[1] ?? '').toUpperCase()).filter((keyword) => keyword !== ''));
}

/** The forms in which a password or the user it belongs to can come back: as it is, in base64, and as the token of AUTH PLAIN (RFC 4616). */
export function secretForms(user: string | undefined, password: string | undefined): string[] {
  if (password === undefined || password === '') return [];
  const plain = `\0${user ?? ''}\0${password}`;
  return [password, ...[password, plain].map((secret) => Buffer.from(secret, 'utf8').toString('base64'))];
}

export function withoutSecrets(text: string, hidden: readonly string[]): string {
  return hidden.filter((secret) => secret !== '').reduce((masked, secret) => masked.replaceAll(secret, '********'), text);
}
