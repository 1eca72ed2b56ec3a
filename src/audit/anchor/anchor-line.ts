/** A record as somebody elsewhere holds it. */
export interface AnchorRecord {
  readonly seq: number;
  readonly hash: string;
  /** The host that a syslog line says it is from. */
  readonly host?: string | undefined;
}

/** `other`: it speaks of no record. `unreadable`: it seems to, and cannot be read. */
export type AnchorLine =
  | { readonly kind: 'record'; readonly record: AnchorRecord }
  | { readonly kind: 'other' }
  | { readonly kind: 'unreadable' };

const maxLineLength = 1 << 20;
const longestNumber = 15;

const header5424 = /^(?:\d{1,7} )?<\d{1,3}>1 \S+ (\S+) (\S+) \S+ \S+ (.*)$/s;
const structured = new RegExp(`\\[sealdrop@32473 seq="(\\d{1,${longestNumber}})" hash="([0-9a-f]{64})"[ \\]]`);
const tag = ' sealdrop';
const taggedJson = /^ sealdrop(?:\[[^\]]{0,128}\])?:? {0,2}(\{"seq":.*)$/s;
const headLine = new RegExp(`(?:^|[\\s,;:])head (\\d{1,${longestNumber}}) ([0-9a-f]{64})(?![0-9a-f])`);

/**
 * What a line of an anchor says. Taken are: `head N HASH` as `audit head` and `audit verify` print it, whatever stands before it; a line of JSON as
 * it is forwarded to a file or exported; and a syslog line as a receiver wrote it, with the structured data (RFC 5424) or without, when the
 * record is read from the text. The text of a line may come from anybody: it is taken for a claim and nothing more.
 */
export function readAnchorLine(line: string): AnchorLine {
  if (line.length > maxLineLength) return { kind: 'unreadable' };
  if (line.startsWith('{')) return fromJson(line, undefined);
  const [, host, app, rest = ''] = header5424.exec(line) ?? [];
  if (app !== undefined) return app === 'sealdrop' ? fromSyslog(rest, host) : { kind: 'other' };
  const found = structured.exec(line);
  if (found !== null) return record(found[1], found[2], undefined);
  const tagged = line.indexOf(tag);
  const json = tagged === -1 ? undefined : taggedJson.exec(line.slice(tagged))?.[1];
  if (json !== undefined) return fromJson(json, line.slice(line.lastIndexOf(' ', tagged - 1) + 1, tagged));
  const head = headLine.exec(line);
  return head === null ? { kind: 'other' } : record(head[1], head[2], undefined);
}

/** Structured data first; a receiver may have left it out, or have put its own before it. */
function fromSyslog(rest: string, host: string | undefined): AnchorLine {
  const found = structured.exec(rest);
  if (found !== null) return record(found[1], found[2], host);
  const json = rest.indexOf('{"seq":');
  return json === -1 ? { kind: 'unreadable' } : fromJson(rest.slice(json), host);
}

function fromJson(text: string, host: string | undefined): AnchorLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'unreadable' };
  }
  if (typeof value !== 'object' || value === null || !('seq' in value) || !('hash' in value)) return { kind: 'other' };
  const { seq, hash } = value;
  return typeof seq === 'number' && typeof hash === 'string' ? record(String(seq), hash, host) : { kind: 'unreadable' };
}

function record(number: string | undefined, hash: string | undefined, host: string | undefined): AnchorLine {
  const seq = /^\d{1,15}$/.test(number ?? '') ? Number(number) : 0;
  if (seq < 1 || hash === undefined || !/^[0-9a-f]{64}$/.test(hash)) return { kind: 'unreadable' };
  return { kind: 'record', record: { seq, hash, host } };
}
