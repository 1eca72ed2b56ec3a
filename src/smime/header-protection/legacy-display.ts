import type { Edit } from '../../message/edits.js';
import { relabelEdits } from '../../message/edits.js';
import { decodeOctets, fieldsNamed, type HeaderField, makeField, rawValue } from '../../message/field.js';
import { hasLongLine } from '../../message/fold.js';
import { decodeWords } from '../../message/mail-libraries.js';
import type { MimeNode } from '../../message/mime-tree.js';
import { encodeBase64, encodeQuotedPrintable } from '../../message/transfer-encoding.js';
import { HP_LEGACY_DISPLAY, withoutProtection, withParameterSet, withParameters } from './content-type-parameters.js';
import { contentStart } from './html-body.js';
import { mainBodyParts } from './main-body.js';
import { decodedText, encodedFor } from './part-text.js';

export const LEGACY_DISPLAY_CLASS = 'header-protection-legacy-display';

/** A part as it is with a legacy display element in it. */
export interface Displayed {
  readonly node: MimeNode;
  readonly contentType: HeaderField;
  /** The transfer encoding it must be labelled with from now on; undefined: the one it has. */
  readonly encoding: string | undefined;
  readonly body: Edit;
}

/**
 * Puts the hidden fields that people look at, decoded, before the text of every main body part (RFC 9788 §5.2.2,
 * §5.2.3), in the part's own charset and transfer encoding. A part to which this cannot be done without doubt is left
 * as it is, and named in `changes`.
 */
export function legacyDisplay(bytes: Buffer, root: MimeNode, hidden: readonly HeaderField[]): { parts: Displayed[]; changes: string[] } {
  const parts: Displayed[] = [];
  const changes: string[] = [];
  const lines = hidden.map(({ name, raw }) => `${name}: ${shown(rawValue({ name, raw }))}`);
  for (const node of lines.length === 0 ? [] : mainBodyParts(root)) {
    const part = displayedIn(bytes, node, lines);
    if (part !== undefined) parts.push(part);
    changes.push(`${part === undefined ? 'legacy-display-left-out' : 'legacy-display-added'} ${node.path}`);
  }
  return { parts, changes };
}

/** The edits that write such a part into the octets it stands in, if it is not the root. */
export function displayEdits(bytes: Buffer, { node, contentType, encoding, body }: Displayed): Edit[] {
  const [field] = fieldsNamed(node.fields, 'Content-Type');
  const placed = node.fields.find((each) => each === field);
  const [start, end] = placed === undefined ? [node.start, node.start] : [placed.offset, placed.offset + placed.raw.length];
  return [{ start, end, bytes: contentType.raw }, ...(encoding === undefined ? [] : relabelEdits(bytes, node, encoding)), body];
}

/** Decoded, on one line: a line end within would end the element, or say something in its name. */
function shown(raw: string): string {
  const text = decodeOctets(raw);
  return (text.includes('=?') ? decodeWords(text) : text).replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
}

function displayedIn(bytes: Buffer, node: MimeNode, lines: readonly string[]): Displayed | undefined {
  const content = decodedText(bytes, node);
  const at = content && contentPlace(content, node.mediaType);
  if (content === undefined || at === undefined || !hasPlaceForType(node)) return undefined;
  const element = encodedFor(node.mediaType === 'text/html' ? asHtml(lines) : asText(lines), content, node.parameters.get('charset'));
  const contentType = element && markedType(node, element.charset);
  if (element === undefined || contentType === undefined) return undefined;
  return { node, contentType, ...encodedBody(bytes, node, content, at, element.octets) };
}

/** RFC 9788 §5.2.2: one line a field, then an empty one. */
function asText(lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function asHtml(lines: readonly string[]): string {
  const escaped = lines.map((line) => line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'));
  return `\r\n<div class="${LEGACY_DISPLAY_CLASS}">\r\n<pre>${escaped.join('\r\n')}</pre>\r\n</div>`;
}

/** The search for where an HTML text begins does not go further. */
const MAX_HTML_HEAD = 256 * 1024;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** Where the text of a part begins in its decoded octets; undefined when that cannot be told. */
export function contentPlace(content: Buffer, mediaType: string): number | undefined {
  if (mediaType === 'text/html') return contentStart(content.toString('latin1', 0, MAX_HTML_HEAD));
  return content.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0;
}

/**
 * A part without Content-Type is text, and gets one if there is a place at its beginning where every reader sees it.
 */
function hasPlaceForType({ fields, start, headerEnd }: MimeNode): boolean {
  return fieldsNamed(fields, 'Content-Type').length > 0 || (fields[0]?.offset ?? headerEnd) === start;
}

function markedType(node: MimeNode, charset: string | undefined): HeaderField | undefined {
  const written = fieldsNamed(node.fields, 'Content-Type')[0] ?? makeField('Content-Type', 'text/plain');
  const clean = withoutProtection(written);
  const labelled = charset === undefined ? clean : withParameterSet(clean, 'charset', charset);
  return labelled && withParameters(labelled, [[HP_LEGACY_DISPLAY, '1']]);
}

function encodedBody(bytes: Buffer, node: MimeNode, content: Buffer, at: number, element: Buffer): Pick<Displayed, 'encoding' | 'body'> {
  const whole = () => Buffer.concat([content.subarray(0, at), element, content.subarray(at)]);
  const replaced = (encoded: Buffer) => ({ start: node.bodyStart, end: node.end, bytes: encoded });
  if (node.encoding === 'base64') {
    const end = node.end === bytes.length ? CRLF : NOTHING;
    return { encoding: undefined, body: replaced(Buffer.concat([encodeBase64(whole()), end])) };
  }
  if (node.encoding === 'quoted-printable') {
    // The element is whole lines: before them the rest can stay as it was written.
    if (at === 0 && node.mediaType === 'text/plain') {
      return { encoding: undefined, body: { start: node.bodyStart, end: node.bodyStart, bytes: encodeQuotedPrintable(element) } };
    }
    return { encoding: undefined, body: replaced(encodeQuotedPrintable(whole())) };
  }
  const fits = !hasLongLine(element) && (node.encoding !== '7bit' || element.every((octet) => octet < 0x80));
  if (!fits) return { encoding: 'quoted-printable', body: replaced(encodeQuotedPrintable(whole())) };
  return { encoding: undefined, body: { start: node.bodyStart + at, end: node.bodyStart + at, bytes: element } };
}

const CRLF = Buffer.from('\r\n');
const NOTHING = Buffer.alloc(0);
