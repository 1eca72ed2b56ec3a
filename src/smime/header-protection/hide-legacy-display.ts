import type { Edit } from '../../message/edits.js';
import { isNamed } from '../../message/field.js';
import type { MimeNode } from '../../message/mime-tree.js';
import { decodeQuotedPrintable, encodeBase64, encodeQuotedPrintable } from '../../message/transfer-encoding.js';
import { HP_LEGACY_DISPLAY, withoutProtection } from './content-type-parameters.js';
import { leadingDiv } from './html-body.js';
import { contentPlace, LEGACY_DISPLAY_CLASS } from './legacy-display.js';
import { mainBodyParts } from './main-body.js';
import { decodedText } from './part-text.js';

/**
 * Edits that take the legacy display out of the main body parts of a payload with `hp="cipher"` that say they have one
 * (RFC 9788 §4.5.3): of text the lines up to the first empty one, of HTML the `<div>` with which its content begins.
 * The parts lose their `hp-legacy-display`.
 */
export function hideLegacyDisplay(bytes: Buffer, root: MimeNode): Edit[] {
  return mainBodyParts(root)
    .filter(({ parameters }) => parameters.get(HP_LEGACY_DISPLAY) === '1')
    .flatMap((node) => [...unmarked(node, root), ...cut(bytes, node)]);
}

/** The root's own header is written anew anyhow. */
function unmarked(node: MimeNode, root: MimeNode): Edit[] {
  const field = node.fields.find((each) => isNamed(each, 'Content-Type'));
  if (field === undefined || node === root) return [];
  return [{ start: field.offset, end: field.offset + field.raw.length, bytes: withoutProtection(field).raw }];
}

function cut(bytes: Buffer, node: MimeNode): Edit[] {
  const content = decodedText(bytes, node);
  const found = content && (node.mediaType === 'text/html' ? inHtml(content) : inText(content));
  if (content === undefined || found === undefined) return [];
  const [start, end] = found;
  const octets = bytes.subarray(node.bodyStart, node.end);
  const kept = () => Buffer.concat([content.subarray(0, start), content.subarray(end)]);
  const replaced = (encoded: Buffer): Edit[] => [{ start: node.bodyStart, end: node.end, bytes: encoded }];
  if (node.encoding === 'base64') return replaced(Buffer.concat([encodeBase64(kept()), endOf(octets)]));
  if (node.encoding !== 'quoted-printable') return [{ start: node.bodyStart + start, end: node.bodyStart + end, bytes: Buffer.alloc(0) }];
  const encodedEnd = start === 0 ? sameLines(octets, content.subarray(0, end)) : undefined;
  if (encodedEnd === undefined) return replaced(encodeQuotedPrintable(kept()));
  return [{ start: node.bodyStart, end: node.bodyStart + encodedEnd, bytes: Buffer.alloc(0) }];
}

/** From the first line to the first empty one; a byte order mark before them stays. */
function inText(content: Buffer): [number, number] | undefined {
  const start = contentPlace(content, 'text/plain') ?? 0;
  const text = content.toString('latin1', start, start + MAX_DISPLAY);
  const blank = /(?:^|\n)[ \t]*\r?\n/.exec(text);
  return blank === null ? undefined : [start, start + blank.index + blank[0].length];
}

function inHtml(content: Buffer): readonly [number, number] | undefined {
  const from = contentPlace(content, 'text/html');
  const found = from === undefined ? undefined : leadingDiv(content.toString('latin1', 0, MAX_DISPLAY), from, LEGACY_DISPLAY_CLASS);
  // With the blanks before it, which were put there with it.
  return found && [from ?? 0, found[1]];
}

/** Far above what a header has. */
const MAX_DISPLAY = 1024 * 1024;

/** Where quoted-printable lines that decode to `head` end, so that what follows them can stay as it was written. */
function sameLines(encoded: Buffer, head: Buffer): number | undefined {
  const blank = /(?:^|\n)\r?\n/.exec(encoded.toString('latin1', 0, MAX_DISPLAY));
  const end = blank === null ? -1 : blank.index + blank[0].length;
  return end !== -1 && decodeQuotedPrintable(encoded.subarray(0, end)).equals(head) ? end : undefined;
}

function endOf(octets: Buffer): Buffer {
  return octets.subarray(octets.length - (/\r?\n$/.exec(octets.toString('latin1', Math.max(0, octets.length - 2)))?.[0].length ?? 0));
}
