import { type Delimiters, openDelimiters } from './boundary.js';
import { parseContentType, parseEncoding } from './content-type.js';
import { isNamed, rawValue } from './field.js';
import { type HeaderBlock, type PlacedField, readHeaderBlock } from './header-block.js';
import { findHeader } from './message-start.js';

/** An entity of a message (RFC 2045 §2.4). Offsets are octets in the buffer that was read. */
export interface MimeNode {
  /** `1` for the message, `1.2` for its second part, `1.2.1` for the message within that part. */
  readonly path: string;
  readonly fields: readonly PlacedField[];
  /** Lower-case `type/subtype`; the default where there is no Content-Type, `application/octet-stream` where it is unreadable. */
  readonly mediaType: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** Lower-case Content-Transfer-Encoding, `7bit` when there is none. */
  readonly encoding: string;
  readonly start: number;
  /** Where the empty line after the header begins. */
  readonly headerEnd: number;
  readonly bodyStart: number;
  /** The line end before a boundary delimiter belongs to the delimiter (RFC 2046 §5.1.1). */
  readonly end: number;
  readonly children: readonly MimeNode[];
  /** A multipart that has its closing delimiter. */
  readonly closed: boolean;
}

/** Where an entity's header and body stand. `fields` may come from elsewhere when the header was rewritten. */
export interface EntityRoot {
  readonly fields: readonly PlacedField[];
  readonly start: number;
  readonly headerEnd: number;
  readonly bodyStart: number;
}

export type Inspect = (header: HeaderBlock, kind: 'part' | 'message') => void;

export interface MimeWalk {
  readonly root: MimeNode;
  /** Entities left unread because of the bounds: offsets from and to. */
  readonly unread: readonly (readonly [start: number, end: number])[];
}

/**
 * The MIME structure of a message (LF or CRLF). At most 100 levels deep and 10,000 entities; what lies beyond is a leaf
 * or text between parts. Linear in the size: each octet is searched once for delimiters, or read once as a header.
 */
export function parseMimeTree(bytes: Buffer): MimeNode {
  const { fields, start, end, bodyStart } = findHeader(bytes);
  return walkMime(bytes, { fields, start, headerEnd: end, bodyStart }).root;
}

/** The structure below a header the caller has. `inspect` sees the header of every entity below the root, and may throw. */
export function walkMime(bytes: Buffer, root: EntityRoot, inspect?: Inspect): MimeWalk {
  const walk: Walk = { bytes, delimiters: openDelimiters(bytes), inspect, entities: 0, fields: 0, unread: [] };
  return { root: readEntity(walk, root, '1', 'text/plain'), unread: walk.unread };
}

/**
 * True when the message is a multipart whose closing delimiter is missing: it was probably cut off while being written.
 * Looks at the outermost multipart only, in submitted bytes with any line ends.
 */
export function lacksClosingBoundary(original: Buffer): boolean {
  const { fields, bodyStart } = findHeader(original);
  const { mediaType, parameters } = labelsOf(fields, 'text/plain');
  const boundary = boundaryOf(mediaType, parameters);
  if (boundary === undefined) return false;
  const body = original.subarray(bodyStart);
  const closing = Buffer.from(`--${boundary}--`, 'latin1');
  for (let at = body.lastIndexOf(closing); at !== -1; at = at === 0 ? -1 : body.lastIndexOf(closing, at - 1)) {
    const lineBefore = at === 0 || body[at - 1] === 0x0a || body[at - 1] === 0x0d;
    if (lineBefore && /^[ \t]*(?:[\r\n]|$)/.test(body.toString('latin1', at + closing.length, at + closing.length + 256))) return false;
  }
  return true;
}

/** Encodings under which the body stands as it is, so that its structure can be read in place. */
export function isIdentity(encoding: string): boolean {
  return encoding === '7bit' || encoding === '8bit' || encoding === 'binary';
}

const MAX_DEPTH = 100;
const MAX_ENTITIES = 10_000;
const MAX_FIELDS = 100_000;

interface Walk {
  readonly bytes: Buffer;
  readonly delimiters: Delimiters;
  readonly inspect: Inspect | undefined;
  entities: number;
  fields: number;
  readonly unread: [number, number][];
}

function readEntity(walk: Walk, at: EntityRoot, path: string, defaultType: string, depth = 0, tooManyFields = false): MimeNode {
  walk.entities++;
  const labels = labelsOf(at.fields, defaultType);
  const boundary = boundaryOf(labels.mediaType, labels.parameters);
  const nestsMessage = isMessage(labels.mediaType) && isIdentity(labels.encoding);

  if (tooManyFields || (depth >= MAX_DEPTH && (boundary !== undefined || nestsMessage))) {
    const end = walk.delimiters.seek(at.bodyStart, labels.encoding === 'binary');
    walk.unread.push([at.start, end]);
    return makeNode(path, at, labels, { end, children: [], closed: false });
  }
  if (boundary !== undefined) return makeNode(path, at, labels, readMultipart(walk, at.bodyStart, path, labels.mediaType, boundary, depth));
  if (nestsMessage && walk.entities < MAX_ENTITIES) {
    const child = readNested(walk, at.bodyStart, 'message', `${path}.1`, 'text/plain', depth);
    return makeNode(path, at, labels, { end: child.end, children: [child], closed: false });
  }
  const end = walk.delimiters.seek(at.bodyStart, labels.encoding === 'binary');
  if (nestsMessage) walk.unread.push([at.bodyStart, end]);
  return makeNode(path, at, labels, { end, children: [], closed: false });
}

type Labels = Pick<MimeNode, 'mediaType' | 'parameters' | 'encoding'>;
type Content = Pick<MimeNode, 'end' | 'children' | 'closed'>;

function makeNode(path: string, at: EntityRoot, { mediaType, parameters, encoding }: Labels, { end, children, closed }: Content): MimeNode {
  const { fields, start, headerEnd, bodyStart } = at;
  return { path, fields, mediaType, parameters, encoding, start, headerEnd, bodyStart, end, children, closed };
}

/** RFC 2046 §5.1. An outer delimiter ends an inner multipart that was never closed. */
function readMultipart(walk: Walk, bodyStart: number, path: string, mediaType: string, boundary: string, depth: number): Content {
  const { delimiters } = walk;
  const children: MimeNode[] = [];
  const level = delimiters.open(boundary);
  const defaultType = mediaType === 'multipart/digest' ? 'message/rfc822' : 'text/plain';
  let end = delimiters.seek(bodyStart, false);
  let unreadFrom: number | undefined;
  while (delimiters.found?.level === level && !delimiters.found.closing) {
    const start = delimiters.found.next;
    if (walk.entities >= MAX_ENTITIES) {
      unreadFrom ??= start;
      end = delimiters.seek(start, false);
    } else {
      const child = readNested(walk, start, 'part', `${path}.${children.length + 1}`, defaultType, depth);
      children.push(child);
      end = child.end;
    }
  }
  const closing = delimiters.found?.level === level ? delimiters.found : undefined;
  delimiters.close(level);
  if (unreadFrom !== undefined) walk.unread.push([unreadFrom, end]);
  return { children, closed: closing !== undefined, end: closing === undefined ? end : delimiters.seek(closing.next, false) };
}

function readNested(walk: Walk, start: number, kind: 'part' | 'message', path: string, defaultType: string, depth: number): MimeNode {
  const { bytes, delimiters } = walk;
  const header = readHeaderBlock(bytes, start, {
    end: bytes.length,
    maxFields: Math.max(0, MAX_FIELDS - walk.fields),
    isDelimiter: (lineStart) => delimiters.isDelimiter(lineStart),
  });
  walk.fields += header.fields.length;
  walk.inspect?.(header, kind);
  const { fields, end, bodyStart, overflowed } = header;
  return readEntity(walk, { fields, start, headerEnd: end, bodyStart }, path, defaultType, depth + 1, overflowed);
}

function labelsOf(fields: readonly PlacedField[], defaultType: string): Labels {
  const typeField = fields.find((field) => isNamed(field, 'Content-Type'));
  const type = typeField === undefined ? undefined : parseContentType(rawValue(typeField));
  const encodingField = fields.find((field) => isNamed(field, 'Content-Transfer-Encoding'));
  return {
    mediaType: type?.mediaType ?? (typeField === undefined ? defaultType : 'application/octet-stream'),
    parameters: type?.parameters ?? NO_PARAMETERS,
    encoding: encodingField === undefined ? '7bit' : parseEncoding(rawValue(encodingField)),
  };
}

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();

/** RFC 2046 §5.1.1 allows 70 characters, all of them ASCII; readers accept more, but nobody 8-bit ones. */
function boundaryOf(mediaType: string, parameters: ReadonlyMap<string, string>): string | undefined {
  const boundary = mediaType.startsWith('multipart/') ? parameters.get('boundary')?.trimEnd() : undefined;
  return boundary !== undefined && /^[ -~]{1,256}$/.test(boundary) ? boundary : undefined;
}

function isMessage(mediaType: string): boolean {
  return mediaType === 'message/rfc822' || mediaType === 'message/global';
}
