import { decodeOctets } from './field.js';

/** A structured MIME value: `text/plain; charset=utf-8`, or `attachment; filename=a.pdf` (RFC 2045 §5.1, RFC 2183). */
export interface ParameterisedValue {
  /** Lower case, without comments: `text/plain`. */
  readonly value: string;
  /** As written and in order: names lower case, values unquoted, RFC 2231 forms not yet decoded. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

export interface ContentType {
  /** Lower-case `type/subtype`. */
  readonly mediaType: string;
  /** Names lower case, RFC 2231 continuations joined and decoded; the first wins where one is given twice. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Reads the raw value of a Content-Type field; undefined when it has no `type/subtype`. */
export function parseContentType(raw: string): ContentType | undefined {
  const parsed = parseParameterised(raw);
  if (parsed === undefined || !MEDIA_TYPE.test(parsed.value)) return undefined;
  return { mediaType: parsed.value, parameters: joinParameters(parsed.parameters) };
}

/** Lenient as readers are: what follows a parameter that makes no sense is left out, an unclosed quote runs to the end. */
export function parseParameterised(raw: string): ParameterisedValue | undefined {
  const text = raw.includes('(') ? withoutComments(raw) : raw;
  const head = HEAD.exec(text);
  if (head?.[1] === undefined) return undefined;
  const parameters: [string, string][] = [];
  PARAMETER.lastIndex = head[0].length;
  for (let match = PARAMETER.exec(text); match !== null; match = PARAMETER.exec(text)) {
    const [, name, quoted, unclosed, token] = match;
    if (name !== undefined) parameters.push([name.toLowerCase(), unquote(quoted ?? unclosed) ?? token ?? '']);
  }
  return { value: head[1].replace(/[ \t]+/g, '').toLowerCase(), parameters };
}

/** The label of a Content-Transfer-Encoding field, lower case, comments and parameters left out (RFC 2045 §6.1). */
export function parseEncoding(raw: string): string {
  const text = raw.includes('(') ? withoutComments(raw) : raw;
  return /^[ \t]*([^ \t;]*)/.exec(text)?.[1]?.toLowerCase() ?? '';
}

const MEDIA_TYPE = /^[^\s/;="]+\/[^\s/;="]+$/;
const HEAD = /^[ \t]*([^\s;"]+(?:[ \t]*\/[ \t]*[^\s;"]+)?)[ \t]*(?=;|$)/;
/** `; name = "value"`, `; name = token`, or an empty parameter. Every branch consumes, so the walk is linear. */
const PARAMETER = /;[ \t]*(?:([^\s=;"]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|"([^"]*)$|([^\s;"]*)))?[ \t]*(?=;|$)/y;

function unquote(quoted: string | undefined): string | undefined {
  return quoted?.includes('\\') ? quoted.replace(/\\(.)/g, '$1') : quoted;
}

/** RFC 822 comments nest and may hold quoted pairs; inside a quoted string a parenthesis is text. */
function withoutComments(text: string): string {
  let out = '';
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '\\' && (quoted || depth > 0)) {
      if (depth === 0) out += text.slice(i, i + 2);
      i++;
    } else if (depth === 0 && char === '"') {
      quoted = !quoted;
      out += char;
    } else if (!quoted && char === '(') {
      depth++;
    } else if (!quoted && depth > 0 && char === ')') {
      depth--;
    } else if (depth === 0) {
      out += char;
    }
  }
  return out.trim();
}

/** RFC 2231 §3 and §4: `name*0`, `name*1*`, `name*`. An extended form wins over a plain one of the same name. */
export function joinParameters(parameters: ParameterisedValue['parameters']): Map<string, string> {
  const joined = new Map<string, string>();
  const pieces = new Map<string, Map<number, { text: string; extended: boolean }>>();
  for (const [name, value] of parameters) {
    const star = name.includes('*') ? /^([^*]+)(?:\*(\d{1,4}))?(\*)?$/.exec(name) : null;
    if (star?.[1] === undefined) {
      if (!joined.has(name)) joined.set(name, value);
      continue;
    }
    const ofName = pieces.get(star[1]) ?? new Map<number, { text: string; extended: boolean }>();
    pieces.set(star[1], ofName);
    const index = Number(star[2] ?? 0);
    if (!ofName.has(index)) ofName.set(index, { text: value, extended: star[3] === '*' });
  }
  for (const [name, ofName] of pieces) joined.set(name, decodeExtended(ofName));
  return joined;
}

function decodeExtended(pieces: ReadonlyMap<number, { text: string; extended: boolean }>): string {
  let octets = '';
  let charset = 'utf-8';
  for (let i = 0; pieces.has(i); i++) {
    const piece = pieces.get(i);
    if (piece === undefined) break;
    let text = piece.text;
    const prefix = i === 0 && piece.extended ? /^([^']*)'[^']*'/.exec(text) : null;
    if (prefix !== null) {
      charset = prefix[1] || 'utf-8';
      text = text.slice(prefix[0].length);
    }
    octets += piece.extended ? text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))) : text;
  }
  return decodeOctets(octets, charset);
}
