import { isAscii } from 'node:buffer';
import { applyEdits, type Edit, relabelEdits, relabelFields } from './edits.js';
import { messageTooComplex } from './faults.js';
import type { HeaderField } from './field.js';
import { checkNestedHeader } from './header-check.js';
import { surveyLineEnds, toCrlf } from './line-ends.js';
import { type EntityRoot, type MimeNode, walkMime } from './mime-tree.js';
import { decodeQuotedPrintable, encodeBase64, repairBase64 } from './transfer-encoding.js';

export interface CanonicalBody {
  /** The root's fields; its transfer encoding label may have changed. */
  readonly fields: readonly HeaderField[];
  readonly body: Buffer;
  readonly changes: readonly string[];
}

/**
 * The body with CRLF line ends outside binary leaves, and binary leaves (labelled so, or holding a NUL) in base64 with
 * their labels and those of the multiparts around them. Already canonical bytes cost some native searches and no copy.
 */
export function canonicalBody(original: Buffer, entity: EntityRoot): CanonicalBody {
  const submitted = original.subarray(entity.bodyStart);
  const hasNul = submitted.includes(0);
  const { bareLf, bareCr } = surveyLineEnds(submitted);
  const octetsAreSafe = !hasNul && !bareCr;
  const { root, unread } = walkMime(original, entity, (header, kind) => checkNestedHeader(original, header, kind, octetsAreSafe));
  if (unread.length > 0 && (hasNul || /binary/i.test(submitted.toString('latin1')))) {
    throw messageTooComplex('the message has binary parts and is nested deeper than 100 levels or has more than 10,000 parts');
  }

  const recoding =
    hasNul || isLabelledBinary(root) ? recodeBinary(original, root, hasNul) : { fields: root.fields, edits: [], changes: [] };
  const altered = bareCr ? signedPartsWithBareCr(original, root) : [];
  if (recoding.edits.length === 0 && !bareLf && !bareCr) return { fields: recoding.fields, body: submitted, changes: recoding.changes };
  let converted = false;
  const body = applyEdits(original, recoding.edits, entity.bodyStart, (kept) => {
    const canonical = toCrlf(kept);
    converted ||= canonical !== kept;
    return canonical;
  });
  return { fields: recoding.fields, body, changes: converted ? ['line-ends-to-crlf', ...recoding.changes, ...altered] : recoding.changes };
}

/** What a signature is over: the first part of a multipart/signed (RFC 1847 §2.1). */
function isSignedPart(parent: MimeNode, part: MimeNode): boolean {
  return parent.mediaType === 'multipart/signed' && parent.children[0] === part;
}

/**
 * LF for CRLF is how a file system keeps what was signed with CRLF, so that the conversion restores it (RFC 8551 §3.1.1). A bare CR was
 * signed as it stands.
 */
function signedPartsWithBareCr(bytes: Buffer, node: MimeNode): string[] {
  return node.children.flatMap((child) => {
    const altered = isSignedPart(node, child) && surveyLineEnds(bytes.subarray(child.start, child.end)).bareCr;
    return altered ? [`signed-part-altered ${child.path}`] : signedPartsWithBareCr(bytes, child);
  });
}

interface Recoding {
  readonly fields: readonly HeaderField[];
  readonly edits: Edit[];
  readonly changes: string[];
}

function isLabelledBinary(node: MimeNode): boolean {
  return node.encoding === 'binary' || node.children.some(isLabelledBinary);
}

function recodeBinary(bytes: Buffer, root: MimeNode, hasNul: boolean): Recoding {
  const edits: Edit[] = [];
  const changes: string[] = [];
  let fields: readonly HeaderField[] = root.fields;
  const relabel = (node: MimeNode, encoding: string) => {
    if (node === root) fields = relabelFields(fields, encoding);
    else edits.push(...relabelEdits(bytes, node, encoding));
  };
  const visit = (node: MimeNode, signed: boolean): boolean => {
    if (node.children.length === 0) {
      const binary = node.encoding === 'binary' || (hasNul && bytes.subarray(node.bodyStart, node.end).includes(0));
      if (!binary) return !isAscii(bytes.subarray(node.bodyStart, node.end));
      edits.push({ start: node.bodyStart, end: node.end, bytes: base64Of(bytes, node) });
      if (node.encoding !== 'base64') relabel(node, 'base64');
      changes.push(`binary-part-to-base64 ${node.path}`);
      if (signed) changes.push(`signed-part-altered ${node.path}`);
      return false;
    }
    let eightBit = false;
    let at = node.bodyStart;
    for (const child of node.children) {
      // Delimiters, text before the first part, and the child's header.
      eightBit = !isAscii(bytes.subarray(at, child.bodyStart)) || eightBit;
      eightBit = visit(child, signed || isSignedPart(node, child)) || eightBit;
      at = child.end;
    }
    eightBit = !isAscii(bytes.subarray(at, node.end)) || eightBit;
    if (node.encoding === 'binary') {
      const encoding = eightBit ? '8bit' : '7bit';
      relabel(node, encoding);
      changes.push(`label-to-${encoding} ${node.path}`);
    }
    return eightBit;
  };
  visit(root, false);
  return { fields, edits, changes };
}

/** What base64 and quoted-printable decode to is kept; under any other label the octets are the content. */
function base64Of(bytes: Buffer, leaf: MimeNode): Buffer {
  const octets = bytes.subarray(leaf.bodyStart, leaf.end);
  const encoded =
    leaf.encoding === 'base64'
      ? repairBase64(octets)
      : encodeBase64(leaf.encoding === 'quoted-printable' ? decodeQuotedPrintable(octets) : octets);
  // With no delimiter after it the leaf ends the message, and that ends in a line end.
  return leaf.end === bytes.length && encoded.length > 0 ? Buffer.concat([encoded, CRLF]) : encoded;
}

const CRLF = Buffer.from('\r\n');
