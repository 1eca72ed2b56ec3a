import { editedPieces } from '../../message/edits.js';
import { fieldsNamed, type HeaderField, isNamed } from '../../message/field.js';
import type { MimeNode } from '../../message/mime-tree.js';
import { joined, octetsOf } from '../../message/octets.js';
import { assembleMessage } from '../../message/outer-header.js';
import { tidied } from '../read/inner-message.js';
import { withoutProtection } from './content-type-parameters.js';
import { isSingular, isStructural, isTrace } from './field-kinds.js';
import { hideLegacyDisplay } from './hide-legacy-display.js';
import type { PayloadHeader } from './read.js';

/**
 * The message as its reader should see it (RFC 9788 §4): the protected header in place of the one around it, of which
 * only trace fields stay; the body without legacy display; nothing that says the result was protected. `from`: the
 * field to show in place of the protected From.
 */
export function renderedMessage(
  entity: Buffer,
  node: MimeNode,
  header: PayloadHeader,
  outside: readonly HeaderField[],
  from: HeaderField | undefined,
): Buffer {
  const seen = new Set<string>();
  const inside = header.inside.flatMap((field): HeaderField[] => {
    const again = isSingular(field) && seen.has(field.name.toLowerCase());
    seen.add(field.name.toLowerCase());
    return again ? [] : [isNamed(field, 'From') && from !== undefined ? from : field];
  });
  const fields = [...outside.filter(isTrace), ...inside, ...(from !== undefined && !seen.has('from') ? [from] : [])].map(tidied);
  const content = node.fields.filter(isStructural).filter((field) => !isNamed(field, 'MIME-Version'));
  const types = fieldsNamed(content, 'Content-Type').map((field) => [field, withoutProtection(field)] as const);
  const labels = content.map((field) => types.find(([written]) => written === field)?.[1] ?? field);
  const edits = header.hp === 'cipher' ? hideLegacyDisplay(entity, node) : [];
  const body = editedPieces(entity, edits, node.bodyStart);
  return joined(assembleMessage(fields, octetsOf(...labels.map(({ raw }) => raw), CRLF, ...body)));
}

const CRLF = Buffer.from('\r\n');
