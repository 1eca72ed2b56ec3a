import { type BerElement, childrenOf, contentOf, contextTag, encodedOf, TAG } from '../cms/ber.js';
import { explicit, sequence } from './asn1.js';
import type { Certificate } from './certificate.js';
import { type NameAttribute, relativeNames, sameAttribute } from './name.js';

/**
 * Whether `certificate`'s names keep to the NameConstraints extension of a CA above it (RFC 5280 §4.2.1.10): mail addresses and distinguished
 * names are compared; a constraint on another form of name is broken by any certificate that has a name of that form. Returns what is
 * wrong, or undefined. Throws BerError.
 */
export function constraintBroken(constraints: BerElement, certificate: Certificate): string | undefined {
  const members = sequence(constraints, 'NameConstraints');
  const permitted = readSubtrees(members.optional(contextTag(0)));
  const excluded = readSubtrees(members.optional(contextTag(1)));
  for (const address of certificate.addresses) {
    const allowed = permitted.mail.length === 0 || permitted.mail.some((base) => addressWithin(address, base));
    if (!allowed || excluded.mail.some((base) => addressWithin(address, base)))
      return `a CA above it may not certify the address ${address}`;
  }
  const subject = relativeNames(certificate.subject);
  if (subject.length > 0) {
    const allowed = permitted.directory.length === 0 || permitted.directory.some((base) => nameWithin(subject, base));
    if (!allowed || excluded.directory.some((base) => nameWithin(subject, base))) return 'a CA above it may not certify its subject name';
  }
  const constrained = new Set([...permitted.otherForms, ...excluded.otherForms]);
  for (const form of certificate.altNameForms) {
    if (constrained.has(form)) return 'a CA above it is constrained in a form of name that is not understood here';
  }
  return undefined;
}

interface Subtrees {
  readonly mail: string[];
  readonly directory: NameAttribute[][][];
  readonly otherForms: number[];
}

const RFC822_NAME = contextTag(1);
const DIRECTORY_NAME = contextTag(4);

function readSubtrees(element: BerElement | undefined): Subtrees {
  const subtrees: Subtrees = { mail: [], directory: [], otherForms: [] };
  for (const subtree of element === undefined ? [] : childrenOf(element, 1000)) {
    const base = sequence(subtree, 'a GeneralSubtree').next();
    if (base.tag === RFC822_NAME) subtrees.mail.push(contentOf(base).toString('latin1'));
    else if (base.tag === DIRECTORY_NAME) subtrees.directory.push(relativeNames(encodedOf(nameIn(base))));
    else subtrees.otherForms.push(base.tag);
    // A directoryName in a subjectAltName would need the same comparison; there, the form as a whole is refused.
    if (base.tag === DIRECTORY_NAME) subtrees.otherForms.push(base.tag);
  }
  return subtrees;
}

function nameIn(base: BerElement): BerElement {
  const name = explicit(base, 'a directoryName');
  return name.tag === TAG.sequence ? name : base;
}

/** `base` is a mailbox, a host (all its mailboxes), or `.domain` (all hosts within it). */
function addressWithin(address: string, base: string): boolean {
  const at = address.lastIndexOf('@');
  const [local, host] = [address.slice(0, at), address.slice(at + 1).toLowerCase()];
  const baseAt = base.lastIndexOf('@');
  if (baseAt >= 0) return local === base.slice(0, baseAt) && host === base.slice(baseAt + 1).toLowerCase();
  if (base.startsWith('.')) return host.endsWith(base.toLowerCase());
  return host === base.toLowerCase();
}

function nameWithin(subject: readonly NameAttribute[][], base: readonly NameAttribute[][]): boolean {
  return base.every((rdn, index) => {
    const other = subject[index] ?? [];
    return rdn.length === other.length && rdn.every((attribute, position) => sameAttribute(attribute, other[position]));
  });
}
