import { isAscii } from 'node:buffer';
import { SealdropError } from '../../src/errors.js';
import { parseAddress, parseAddressList } from '../../src/message/address.js';
import { type Canonical, canonicalise } from '../../src/message/canonical.js';
import { parseContentType, parseEncoding, parseParameterised } from '../../src/message/content-type.js';
import { entityOf, transferSafeEntityOf } from '../../src/message/entity.js';
import { envelopeOf, identityAddressOf, subjectOf, visibleAddresses } from '../../src/message/envelope.js';
import { decodeOctets, fieldsNamed, type HeaderField, rawValue } from '../../src/message/field.js';
import { decodeWords } from '../../src/message/mail-libraries.js';
import { type MimeNode, parseMimeTree } from '../../src/message/mime-tree.js';
import { outerHeader } from '../../src/message/outer-header.js';
import { makeTransferSafe } from '../../src/message/transfer-safe.js';
import { protectionWords, recogniseProtection } from '../../src/smime/already-protected.js';
import { lookClosely } from '../../src/smime/as-submitted.js';
import { type BerElement, BerError, childrenOf, encodedOf, octetsOf, readBer } from '../../src/smime/cms/ber.js';
import { certificateFields } from '../../src/smime/cms/certificate-fields.js';
import { type Opened, openMessage } from '../../src/smime/open.js';
import { readCapabilities, readEncryptionKeyPreference } from '../../src/smime/read/capabilities.js';
import { readCertificate } from '../../src/smime/read/certificate.js';
import { readContentInfo } from '../../src/smime/read/content-info.js';
import { envelopeFacts } from '../../src/smime/read/decrypt.js';
import { readAuthEnvelopedData, readEnvelopedData } from '../../src/smime/read/enveloped-data.js';
import { nameText } from '../../src/smime/read/name.js';
import { constraintBroken } from '../../src/smime/read/name-constraints.js';
import { signatureScheme } from '../../src/smime/read/signature-scheme.js';
import { readSignedAttributes } from '../../src/smime/read/signed-attributes.js';
import { readSignedData, readSignerInfo } from '../../src/smime/read/signed-data.js';
import { prepareRecipient } from '../../src/smime/recipient.js';
import { describe } from '../../src/smime/structure.js';
import type { InputKind, Seeds } from './seeds.js';

/** A reader under test. `run` gives a short word on how it ended, alike for inputs that took the same way; what it throws is a finding. */
export interface Target {
  readonly name: string;
  readonly kind: InputKind;
  /** How often, compared with the others. */
  readonly weight: number;
  run(input: Buffer, seeds: Seeds): string;
}

export const TARGETS: readonly Target[] = [
  { name: 'ber', kind: 'der', weight: 3, run: (input) => refusedAs([BerError], () => walked(readBer(input))) },
  { name: 'signed-data', kind: 'der', weight: 4, run: (input) => refusedAs([BerError], () => readSigned(input)) },
  { name: 'enveloped-data', kind: 'der', weight: 2, run: (input) => refusedAs([BerError], () => readEnveloped(input, readEnvelopedData)) },
  {
    name: 'auth-enveloped-data',
    kind: 'der',
    weight: 2,
    run: (input) => refusedAs([BerError], () => readEnveloped(input, readAuthEnvelopedData)),
  },
  { name: 'capabilities', kind: 'der', weight: 1, run: (input) => refusedAs([BerError], () => readAnnounced(input)) },
  { name: 'certificate', kind: 'der', weight: 3, run: (input) => refusedAs([BerError], () => readCertificateWhole(input)) },
  {
    name: 'certificate-fields',
    kind: 'der',
    weight: 1,
    run: (input) => refusedAs([RangeError], () => Object.keys(certificateFields(input)).join()),
  },
  {
    name: 'recipient',
    kind: 'der',
    weight: 1,
    run: (input) => refusedWith(['unusable-certificate'], () => prepareRecipient(input).key.kind),
  },
  { name: 'mime-tree', kind: 'message', weight: 2, run: (input) => soundTree(input) },
  { name: 'canonicalise', kind: 'message', weight: 3, run: (input) => refusedWith(CANONICAL_CODES, () => canonicalForms(input)) },
  {
    name: 'envelope',
    kind: 'message',
    weight: 1,
    run: (input) => refusedWith([...CANONICAL_CODES, ...ENVELOPE_CODES], () => envelope(input)),
  },
  {
    name: 'as-submitted',
    kind: 'message',
    weight: 2,
    run: (input, seeds) => refusedWith(CANONICAL_CODES, () => asSubmitted(input, seeds)),
  },
  { name: 'address-list', kind: 'text', weight: 2, run: (input) => addressList(input.toString('latin1')) },
  { name: 'parameters', kind: 'text', weight: 2, run: (input) => parameters(input.toString('latin1')) },
  {
    name: 'header-value',
    kind: 'text',
    weight: 2,
    run: (input) => refusedWith([...CANONICAL_CODES, ...ENVELOPE_CODES], () => headerValue(input)),
  },
  { name: 'open', kind: 'message', weight: 6, run: (input, seeds) => refusedWith(OPEN_CODES, () => opened(input, seeds)) },
  { name: 'describe', kind: 'message', weight: 3, run: (input) => described(input) },
];

/** The codes docs/errors.md has for each. */
const CANONICAL_CODES = ['ambiguous-header', 'empty-message', 'message-too-complex'];
const ENVELOPE_CODES = ['no-sender', 'no-recipients', 'bad-address'];
const OPEN_CODES = ['no-key', 'cannot-decrypt', 'broken-cms', 'unsupported-cms', 'ambiguous-header'];

function refusedAs(errors: readonly (new (...args: never[]) => Error)[], read: () => string): string {
  try {
    return read();
  } catch (error) {
    const kind = errors.find((known) => error instanceof known);
    if (kind === undefined || !(error instanceof Error)) throw error;
    return `${kind.name}: ${withoutFigures(error.message)}`;
  }
}

function refusedWith(codes: readonly string[], read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SealdropError) || !codes.includes(error.code)) throw error;
    // A person reads these in a terminal or a log.
    demand(!UNFIT.test(error.message), `the message of ${error.code} holds control characters`);
    demand(error.cure !== '', `${error.code} has no cure`);
    return `${error.code}: ${withoutFigures(error.message)}`;
  }
}

/** What a terminal takes for a command, or turns text around. */
const UNFIT = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** What the oracle demands and does not find is a finding. */
function demand(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`does not hold: ${what}`);
}

function withoutFigures(message: string): string {
  return message.replace(/[\d.]+|: .*$|"[^"]*"|\S+(?:=|@)\S.*$|signed by.*$| of .*$/g, '#').slice(0, 100);
}

function walked(root: BerElement): string {
  let count = 0;
  let depth = 0;
  const visit = (element: BerElement, level: number): void => {
    count += 1;
    depth = Math.max(depth, level);
    demand(element.start < element.contentStart, 'an element has a head');
    demand(element.contentStart <= element.contentEnd && element.contentEnd <= element.end, 'its ends are in order');
    demand(element.end <= element.source.bytes.length, 'an element ends within the bytes');
    demand(encodedOf(element).length === element.end - element.start, 'an element is as long as it says');
    if (!element.constructed || level > 100) return;
    for (const child of childrenOf(element)) visit(child, level + 1);
  };
  visit(root, 0);
  demand(octetsOf({ ...root, constructed: false }).length === root.contentEnd - root.contentStart, 'content has its length');
  return `${Math.min(depth, 20)} levels, 2^${Math.floor(Math.log2(count))} elements`;
}

function readSigned(input: Buffer): string {
  const data = readSignedData(readContentInfo(input).content);
  const signers = data.signerInfos.map((element) =>
    refusedAs([BerError], () => {
      const signer = readSignerInfo(element);
      const scheme = signatureScheme(signer.signatureAlgorithm);
      const attributes = signer.signedAttributes && readSignedAttributes(signer.signedAttributes, signer);
      return `${scheme?.name} ${attributes?.signingCertificates.length} ${attributes?.signingTime !== undefined}`;
    }),
  );
  return `${data.content !== undefined} ${Math.min(data.certificates.length, 4)} ${[...new Set(signers)].join(' | ')}`;
}

function readEnveloped(input: Buffer, read: typeof readEnvelopedData): string {
  const data = read(readContentInfo(input).content);
  const { algorithms, recipients } = envelopeFacts(data);
  demand(recipients.length === data.recipients.length, 'each recipient is named');
  return `${algorithms.map((name) => withoutFigures(name)).join()} ${Math.min(recipients.length, 4)}`;
}

function readAnnounced(input: Buffer): string {
  const element = readBer(input);
  const preference = refusedAs([BerError], () => Object.keys(readEncryptionKeyPreference(element)).join());
  const { ciphers, others } = readCapabilities(element);
  demand(new Set(ciphers).size === ciphers.length, 'each cipher is named once');
  return `${ciphers.join()} ${Math.min(others.length, 4)} ${preference}`;
}

function readCertificateWhole(input: Buffer): string {
  const certificate = readCertificate(input);
  demand(!UNFIT.test(nameText(certificate.subject)), 'a name is fit for a terminal');
  const constraints = certificate.nameConstraints;
  const broken = constraints && refusedAs([BerError], () => constraintBroken(constraints, certificate) ?? 'kept');
  return `${certificate.addresses.length} ${certificate.isCa} ${certificate.unknownCritical.length} ${broken && withoutFigures(broken)}`;
}

function soundTree(input: Buffer): string {
  const root = parseMimeTree(input);
  const types = new Set<string>();
  const visit = (node: MimeNode, from: number, to: number): void => {
    types.add(node.mediaType.slice(0, 20));
    demand(from <= node.start && node.start <= node.headerEnd && node.headerEnd <= node.bodyStart, 'header and body are in order');
    demand(node.bodyStart <= node.end || node.children.length === 0, 'a node with parts ends after its header');
    demand(node.end <= to, 'a part lies within its parent');
    let at = node.bodyStart;
    for (const child of node.children) {
      visit(child, at, Math.max(node.end, node.bodyStart));
      at = child.end;
    }
  };
  visit(root, 0, input.length);
  return [...types].sort().slice(0, 4).join();
}

const CANONICAL = { fallbackCharset: 'windows-1252' };
const OUTER = { date: new Date(0), messageId: 'id@example.com' };

function written({ fields, body }: Pick<Canonical, 'fields' | 'body'>): Buffer {
  return Buffer.concat([...fields.map(({ raw }) => raw), Buffer.from('\r\n'), body]);
}

function canonicalForms(input: Buffer): string {
  const once = canonicalise(input, CANONICAL);
  const bytes = written(once);
  demand(!/\r(?!\n)|(?<!\r)\n/.test(bytes.toString('latin1')), 'canonical bytes have CRLF line ends alone');
  demand(
    leavesOf(parseMimeTree(bytes)).every(({ bodyStart, end }) => !bytes.subarray(bodyStart, end).includes(0)),
    'no part holds a NUL',
  );
  const twice = canonicalise(bytes, CANONICAL);
  demand(twice.changes.length === 0, `canonical bytes need no change: ${twice.changes.join()}`);
  demand(written(twice).equals(bytes), 'canonical bytes stay as they are');
  const { entity } = transferSafeEntityOf(once);
  demand(entity.subarray(-2).toString() === '\r\n', 'a transfer-safe entity ends in CRLF');
  demand(makeTransferSafe(entity).entity.equals(entity), 'a transfer-safe entity stays as it is');
  const outer = outerHeader(once, OUTER);
  for (const { name, raw } of outer.fields) {
    const kept = outer.changes.some((change) => change === `smtputf8-needed ${name}`);
    demand(kept || isAscii(raw), `the outer field ${name} is ASCII`);
    demand(
      raw
        .toString('latin1')
        .split('\r\n')
        .every((line) => line.length <= 998),
      `the lines of the outer field ${name} are short`,
    );
    demand(/^[!-9;-~]+:[^\0]*\r\n$/.test(raw.toString('latin1')), `the outer field ${name} is a field`);
    demand(!/\r\n(?![ \t]|$)/.test(raw.toString('latin1')), `the outer field ${name} is one field`);
  }
  demand(entityOf(once).sizeBytes > 0, 'there is an entity');
  return [...new Set([...once.changes, ...outer.changes].map((change) => change.split(' ')[0]))].sort().join();
}

function leavesOf(node: MimeNode): MimeNode[] {
  return node.children.length === 0 ? [node] : node.children.flatMap(leavesOf);
}

function envelope(input: Buffer): string {
  const canonical = canonicalise(input, CANONICAL);
  visibleAddresses(canonical);
  subjectOf(canonical);
  const { sender, recipients, from } = envelopeOf(canonical);
  for (const address of sender === '' ? recipients : [sender, ...recipients]) soundAddress(address);
  soundAddress(identityAddressOf(canonical));
  return `${from} ${Math.min(recipients.length, 3)}`;
}

/** What a rule might pass as it is: the close look never throws, and finds no fault with a signature only where content and sender fit. */
function asSubmitted(input: Buffer, { keys, genuine }: Seeds): string {
  const canonical = canonicalise(input, CANONICAL);
  const already = recogniseProtection(canonical);
  if (already === undefined) return 'unprotected';
  const { fault, isEncryptedTo } = lookClosely(canonical, already, keys.now);
  const isOurs = keys.decryption.some(({ certificate }) => isEncryptedTo(certificate));
  demand(!isOurs || fault === undefined, 'what has a fault is encrypted to nobody');
  if (fault !== undefined) demand(!UNFIT.test(fault), 'a fault is fit for a terminal');
  if (fault === undefined && already.kind === 'signed' && already.by === 'smime') {
    const { entity } = openMessage(written(canonical), keys);
    demand(genuine.has(entity.toString('hex')), 'a signature without fault is over what was signed');
  }
  return `${protectionWords(already)} ${isOurs} ${fault && withoutFigures(fault)}`;
}

/** An address stands in SMTP commands and pickup files, each on a line of its own. */
function soundAddress(address: string): void {
  demand(parseAddress(address) === address, `a normalised address is normal: ${JSON.stringify(address)}`);
  demand(!/[\s\u0000-\u001f\u007f<>]/.test(address) || address.startsWith('"'), 'an address has no blanks or brackets');
  demand(!/[\r\n\0 ]/.test(address), 'an address is on one line and without blanks');
}

function addressList(text: string): string {
  const { mailboxes, invalid } = parseAddressList([text]);
  for (const { address } of mailboxes) soundAddress(address);
  const alone = parseAddress(text);
  if (alone !== undefined) soundAddress(alone);
  return `${Math.min(mailboxes.length, 4)} ${Math.min(invalid.length, 4)} ${alone !== undefined}`;
}

function parameters(text: string): string {
  const unfolded = text.replace(/\r?\n(?=[ \t])/g, '');
  const parsed = parseParameterised(unfolded);
  const type = parseContentType(unfolded);
  demand(type === undefined || type.mediaType === type.mediaType.toLowerCase(), 'a media type is in lower case');
  return `${parsed?.parameters.length} ${type?.parameters.size} ${parseEncoding(unfolded).length > 0}`;
}

/** The text as the value of each kind of field there is. */
function headerValue(value: Buffer): string {
  const folded = value.toString('latin1').replace(/[\r\n]+(?![ \t])/g, ' ');
  const header = ['From', 'To', 'Subject', 'Content-Type', 'Content-Disposition', 'References', 'X-Note'].map(
    (name) => `${name}: ${folded}\r\n`,
  );
  const message = Buffer.from(`${header.join('')}\r\ntext\r\n`, 'latin1');
  const way = canonicalForms(message);
  const canonical = canonicalise(message, CANONICAL);
  const before = textOf(canonical.fields, 'X-Note');
  const after = textOf(outerHeader(canonical, OUTER).fields, 'X-Note');
  // An encoded word glued to 8-bit text is none (RFC 2047 §5), and is kept as the text it is; lenient readers decode it before and not after.
  demand(before === after || folded.includes('=?'), `no text is lost: ${JSON.stringify([before, after])}`);
  return way;
}

/** What a reader shows of an unstructured field; blanks may be more or fewer where a line is folded. */
function textOf(fields: readonly HeaderField[], name: string): string {
  return fieldsNamed(fields, name)
    .map((field) => decodeWords(decodeOctets(rawValue(field))).replace(/\s+/g, ''))
    .join('\n');
}

function opened(input: Buffer, { keys, genuine }: Seeds): string {
  const result = openMessage(input, keys);
  demand(!result.ok || genuine.has(result.entity.toString('hex')), 'what is found genuine was really sealed');
  result.layers.forEach(({ form, verdict }, index) => {
    const vouched = result.layers.slice(index + 1).some((inner) => inner.kind === 'signed' && inner.verdict === 'valid');
    demand(form !== 'enveloped' || verdict === 'unauthenticated' || vouched, 'CBC is valid by a signature inside alone');
  });
  const shown = JSON.stringify([result.layers, result.notes]);
  soundHeader(result, input, genuine);
  demand(!UNFIT.test(shown), 'findings are fit for a terminal');
  return `${result.ok} ${result.header !== undefined} ${result.layers.map(({ form, verdict, reason }) => `${form} ${verdict} ${withoutFigures(reason).slice(0, 40)}`).join(' / ')}`;
}

/** Whom and what a reader is shown: the outer header's, or what a genuine entity protects (RFC 9788). */
function soundHeader({ message, entity, ok, header }: Opened, input: Buffer, genuine: ReadonlySet<string>): void {
  const valuesIn = (bytes: Buffer, name: string) => fieldsNamed(parseMimeTree(bytes).fields, name).map(rawValue).join('\n');
  // Addresses count, names do not (RFC 9788 §4.4.1); an outer header without From leaves nobody to be taken for somebody else.
  const authorsIn = (bytes: Buffer) => parseAddressList(fieldsNamed(parseMimeTree(bytes).fields, 'From').map(rawValue));
  const claimed = authorsIn(input);
  const outside = new Set(claimed.mailboxes.map(({ address }) => address));
  const isOuter = authorsIn(message).mailboxes.every(({ address }) => outside.has(address));
  const isNobody = !ok && claimed.mailboxes.length + claimed.invalid.length === 0;
  demand(
    isOuter || isNobody || genuine.has(entity.toString('hex')),
    'the message inside is from whom the outer header or a genuine entity says',
  );
  if (!ok || header === undefined) return;
  for (const name of ['From', 'To', 'Subject']) {
    demand(valuesIn(message, name) === valuesIn(entity, name), `the ${name} shown is the one that is protected`);
  }
}

function described(input: Buffer): string {
  const text = describe(input);
  demand(!UNFIT.test(text), 'a description is fit for a terminal');
  return withoutFigures(
    [
      ...new Set(text.match(/(?:not readable as CMS|cannot be read|encrypted|signed|signature|compressed|certificates only)[^,\n]*/g)),
    ].join(),
  );
}
