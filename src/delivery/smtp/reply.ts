import { printable } from '../printable.js';
import { withoutSecrets } from '../secret-forms.js';

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

/** The SASL mechanisms of an EHLO reply (RFC 4954 §3), upper case. */
export function authMechanisms(response: string | false): ReadonlySet<string> {
  const lines = typeof response === 'string' ? response.split('\n').slice(1) : [];
  const words = lines.flatMap(
    (line) =>
      /^250[ -]AUTH[ =](.*)$/i
        .exec(line)?.[1]
        ?.toUpperCase()
        .split(/[\s=]+/) ?? [],
  );
  return new Set(words.filter((word) => word !== ''));
}

/** The octets a message may have by an EHLO reply (RFC 1870 §3); undefined when the server names no limit. */
export function sizeLimit(response: string | false): number | undefined {
  const limit = typeof response === 'string' ? /^250[ -]SIZE[ \t]+(\d{1,15})(?!\d)/im.exec(response)?.[1] : undefined;
  return limit === undefined || Number(limit) === 0 ? undefined : Number(limit);
}

/** Extension keywords of an EHLO reply (RFC 5321 §4.1.1.1), upper case. */
export function ehloKeywords(response: string | false): ReadonlySet<string> {
  const lines = typeof response === 'string' ? response.split('\n').slice(1) : [];
  return new Set(lines.map((line) => (/^250[ -]([A-Za-z0-9-]+)/.exec(line)?.[1] ?? '').toUpperCase()).filter((keyword) => keyword !== ''));
}
