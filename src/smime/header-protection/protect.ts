import { SealdropError } from '../../errors.js';
import type { Canonical } from '../../message/canonical.js';
import { editedPieces } from '../../message/edits.js';
import { entityOf } from '../../message/entity.js';
import { messageTooComplex } from '../../message/faults.js';
import { type HeaderField, isNamed, makeField, rawValue } from '../../message/field.js';
import { foldField, hasLongLine } from '../../message/fold.js';
import { MAX_HEADER_FIELDS } from '../../message/message-start.js';
import { type MimeNode, walkMime } from '../../message/mime-tree.js';
import { type Octets, octetsOf } from '../../message/octets.js';
import { recogniseProtection } from '../already-protected.js';
import { smimeForm } from '../read/smime-entity.js';
import { outsideOf } from './confidentiality.js';
import { HP, unreadable, withParameters } from './content-type-parameters.js';
import { isToProtect, isUserFacing } from './field-kinds.js';
import { forgedPartEdits } from './forged.js';
import type { CipherForm, HeaderForm } from './form.js';
import { type Displayed, displayEdits, legacyDisplay } from './legacy-display.js';

export interface ProtectedMessage {
  /** What stands outside the sealed part, in its order. */
  readonly outside: readonly HeaderField[];
  /**
   * The entity to be signed or encrypted: the protected fields, then the Content-* fields with `hp`, the body. 8-bit
   * stays.
   */
  readonly payload: Octets;
  /** Names of the fields that do not stand outside as they are inside. */
  readonly hidden: readonly string[];
  readonly changes: readonly string[];
}

/**
 * Composes a message whose header is protected (RFC 9788 §5.2). `header` is the header that would leave without
 * protection, in 7-bit form; `message` has lost what it claimed of protection itself, see `withoutForgedProtection`.
 *
 * Throws SealdropError (quarantine): `message-too-complex`, and `header-protection-impossible` for a copy to be
 * encrypted whose content is signed or encrypted already: readers take the header from the innermost part, which cannot
 * be changed, and would not find what is hidden outside.
 */
export function protectHeader(message: Canonical, header: readonly HeaderField[], form: HeaderForm): ProtectedMessage {
  const root = bodyTree(message);
  if (smimeForm(root) !== undefined || SEALED.has(root.mediaType) || recogniseProtection(message) !== undefined) {
    if (form.hp === 'cipher') throw alreadySealed();
    const changes = ['header-protection-left-out already-sealed'];
    return { outside: header, payload: entityOf(message), hidden: [], changes };
  }
  const inside = header.filter(isToProtect);
  // Each may be recorded beside; what has more, readers cut off.
  if (2 * inside.length + message.fields.length > MAX_HEADER_FIELDS)
    throw messageTooComplex(`the protected header has more than ${MAX_HEADER_FIELDS} fields`);
  const outside = form.hp === 'clear' ? header : outsideFields(header, form);
  const hidden = form.hp === 'clear' ? [] : hiddenFields(inside, form);
  const forged = forgedPartEdits(root);
  const wanted = form.hp === 'cipher' && form.legacyDisplay ? hidden.filter(isUserFacing) : [];
  const display = legacyDisplay(message.body, root, wanted);
  const { fields, edits } = written(message, display.parts, form.hp);
  const changedTypes = new Set(edits.map(({ start }) => start));
  const body = editedPieces(message.body, [...edits, ...forged.edits.filter(({ start }) => !changedTypes.has(start))], 0);
  const recorded = form.hp === 'clear' ? [] : outside.filter(isToProtect).map(hpOuter);
  return {
    outside,
    payload: octetsOf(Buffer.concat([...inside.map(({ raw }) => raw), ...recorded, ...fields, CRLF]), ...body),
    hidden: [...new Set(hidden.map(({ name }) => name))],
    changes: [...forged.changes, ...display.changes],
  };
}

const CRLF = Buffer.from('\r\n');
const SEALED: ReadonlySet<string> = new Set(['multipart/signed', 'multipart/encrypted']);

/** The structure of the body alone; offsets count from its first octet. */
function bodyTree({ fields, body }: Canonical): MimeNode {
  return walkMime(body, { fields: fields.map((field) => ({ ...field, offset: 0 })), start: 0, headerEnd: 0, bodyStart: 0 }).root;
}

/** One Subject is enough where all of them are obscured. */
function outsideFields(header: readonly HeaderField[], form: CipherForm): HeaderField[] {
  let obscured = false;
  return header.flatMap((field) => {
    if (!isToProtect(field)) return [field];
    const outside = outsideOf(field, form);
    if (outside === undefined) return [];
    if (outside === field || !isNamed(field, 'Subject')) return [outside];
    const again = obscured;
    obscured = true;
    return again ? [] : [outside];
  });
}

function hiddenFields(inside: readonly HeaderField[], form: CipherForm): HeaderField[] {
  return inside.filter((field) => {
    const outside = outsideOf(field, form);
    return outside === undefined || rawValue(outside) !== rawValue(field);
  });
}

/** RFC 9788 §2.2: the field that was really emitted, as the value of one that tells of it. */
function hpOuter(field: HeaderField): Buffer {
  const raw = Buffer.concat([Buffer.from('HP-Outer: '), field.raw]);
  if (!hasLongLine(raw)) return raw;
  return Buffer.from(`${foldField('HP-Outer', `${field.name}: ${rawValue(field)}`)}\r\n`, 'latin1');
}

/** The root's own Content-* fields, and the edits to the body. */
function written(message: Canonical, parts: readonly Displayed[], hp: HeaderForm['hp']) {
  const rootPart = parts.find(({ node }) => node.path === '1');
  const others = parts.filter((part) => part !== rootPart);
  const fields: Buffer[] = [];
  let labelled = rootPart?.encoding === undefined;
  let typed = false;
  for (const field of message.fields) {
    if (!field.name.toLowerCase().startsWith('content-')) continue;
    if (isNamed(field, 'Content-Type')) {
      const type = rootPart?.contentType ?? field;
      fields.push(marked(type, hp));
      typed = true;
    } else if (isNamed(field, 'Content-Transfer-Encoding') && rootPart?.encoding !== undefined) {
      fields.push(encodingLabel(rootPart.encoding));
      labelled = true;
    } else {
      fields.push(field.raw);
    }
  }
  if (!typed) fields.push(marked(rootPart?.contentType ?? makeField('Content-Type', 'text/plain'), hp));
  if (!labelled && rootPart?.encoding !== undefined) fields.push(encodingLabel(rootPart.encoding));
  return {
    fields,
    edits: [...(rootPart === undefined ? [] : [rootPart.body]), ...others.flatMap((part) => displayEdits(message.body, part))],
  };
}

function marked(type: HeaderField, hp: HeaderForm['hp']): Buffer {
  return (withParameters(type, [[HP, hp]]) ?? withParameters(unreadable(type), [[HP, hp]]) ?? type).raw;
}

function encodingLabel(encoding: string): Buffer {
  return Buffer.from(`Content-Transfer-Encoding: ${encoding}\r\n`);
}

function alreadySealed(): SealdropError {
  return new SealdropError(
    'header-protection-impossible',
    'the message is signed or encrypted already, so its header cannot be hidden in the copy that is to be encrypted',
    {
      disposition: 'quarantine',
      cure: 'Write a rule with "protect: { headerProtection: off }" for such mail, or submit it unsealed; then run "sealdrop queue retry".',
    },
  );
}
