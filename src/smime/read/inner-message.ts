import { type HeaderField, isNamed } from '../../message/field.js';
import { type MimeNode, parseMimeTree } from '../../message/mime-tree.js';
import { joined, type Octets, octetsOf } from '../../message/octets.js';
import { assembleMessage } from '../../message/outer-header.js';

/** The message as its reader should see it: outer header fields, MIME-Version, then the innermost entity with its Content-* fields. */
export interface InnerMessage {
  readonly message: Buffer;
  /** Names of header fields of the entity that were left out. */
  readonly leftOut: readonly string[];
}

/**
 * Puts the innermost entity under the outer header. Fields of the entity other than Content-* are left out: a From or Subject inside would
 * stand beside the outer one, and no reader could say which of them counts.
 */
export function innerMessage(outerFields: readonly HeaderField[], entity: Buffer): InnerMessage {
  const fields = outerFields.filter((field) => !isContentField(field) && !isNamed(field, 'MIME-Version')).map(tidied);
  if (!startsWithHeader(entity)) return { message: joined(assembleMessage(fields, octetsOf(CRLF, entity))), leftOut: [] };
  const node = parseMimeTree(entity);
  const leftOut = node.fields.filter((field) => !isContentField(field));
  if (leftOut.length === 0) return { message: joined(assembleMessage(fields, entity)), leftOut: [] };
  return { message: joined(assembleMessage(fields, contentOnly(entity, node))), leftOut: leftOut.map(({ name }) => name) };
}

const CRLF = Buffer.from('\r\n');

function isContentField(field: HeaderField): boolean {
  return field.name.toLowerCase().startsWith('content-');
}

/**
 * The field with CRLF, and without folds that hold nothing but blanks: some programs take those for the end of the header, and would show what
 * follows as the text of a message whose signature is valid.
 */
export function tidied({ name, raw }: HeaderField): HeaderField {
  const lines = raw.toString('latin1').split(/\r?\n/);
  const text = lines.filter((line, index) => index === 0 || /[^ \t]/.test(line)).join('\r\n');
  return { name, raw: Buffer.from(`${text}\r\n`, 'latin1') };
}

/** Some programs sign a bare text instead of a MIME entity. */
function startsWithHeader(entity: Buffer): boolean {
  return /^(?:[!-9;-~]+[ \t]*:|\r?\n)/.test(entity.toString('latin1', 0, 1000));
}

function contentOnly(entity: Buffer, node: MimeNode): Octets {
  return octetsOf(...node.fields.filter(isContentField).map(({ raw }) => raw), CRLF, entity.subarray(node.bodyStart));
}
