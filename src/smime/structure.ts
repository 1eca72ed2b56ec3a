import { type MimeNode, parseMimeTree } from '../message/mime-tree.js';
import { OID } from './algorithms.js';
import { BerError } from './cms/ber.js';
import { type PayloadHeader, payloadHeader } from './header-protection/read.js';
import { certificateIdText } from './read/certificate-id.js';
import { decompress, type InflateBudget } from './read/compressed-data.js';
import { type ContentInfo, contentTypeName, readContentInfo } from './read/content-info.js';
import { envelopeFacts } from './read/decrypt.js';
import { digestLabel, digestName } from './read/digests.js';
import { readAuthEnvelopedData, readEnvelopedData } from './read/enveloped-data.js';
import { nameText, printable } from './read/name.js';
import { signatureScheme } from './read/signature-scheme.js';
import { readSignedAttributes } from './read/signed-attributes.js';
import { readSignedData, readSignerInfo, type SignedData } from './read/signed-data.js';
import { decodedBody, fileName, isSignaturePart, smimeForm } from './read/smime-entity.js';

/**
 * The structure of a message as a tree for people, S/MIME layers included: what is signed opaque or compressed is descended into, what is
 * encrypted is described by its recipients and algorithms. No key is needed and nothing is verified. Never throws for a bad message: what
 * cannot be read is said in its place. Lines end in LF.
 */
export function describe(message: Buffer): string {
  const lines: string[] = [];
  render(
    describeEntity(message, parseMimeTree(message), {
      layers: 0,
      whole: true,
      covered: false,
      inflateBudget: { bytesLeft: MAX_INFLATED_BYTES },
    }),
    '',
    '',
    lines,
  );
  return `${lines.join('\n')}\n`;
}

interface Branch {
  readonly label: string;
  readonly branches: readonly Branch[];
}

interface Depth {
  /** S/MIME layers around what is being described. */
  readonly layers: number;
  /** It is what the layers enclose as a whole, or the message itself: only there a protected header means something (RFC 9788 §4.1). */
  readonly whole: boolean;
  /** It is signed or encrypted, whatever that is worth. */
  readonly covered: boolean;
  /** Shared by all compressed parts of the message. */
  readonly inflateBudget: InflateBudget;
}

const MAX_LAYERS = 10;
const MAX_LISTED = 50;
const MAX_INFLATED_BYTES = 64 * 1024 * 1024;

function describeEntity(bytes: Buffer, node: MimeNode, depth: Depth): Branch {
  const form = smimeForm(node);
  const children = node.children.map((child, index) => {
    const signed = form === 'multipart-signed' && index === 0;
    return describeEntity(bytes, child, { ...depth, whole: depth.whole && signed, covered: depth.covered || signed });
  });
  const isCms = form === 'cms' || isSignaturePart(node);
  const header = form === undefined && depth.whole && depth.covered ? payloadHeader(bytes.subarray(node.start), node, COVERED) : undefined;
  const label = header === undefined ? entityLabel(node) : `${entityLabel(node)}; ${headerLabel(header)}`;
  return { label, branches: isCms ? [...children, ...describeCms(bytes, node, depth)] : children };
}

/** `1.2 application/pdf, base64, 12,345 bytes, "invoice.pdf"`; the size is that of the body as it stands. */
function entityLabel(node: MimeNode): string {
  const charset = node.parameters.get('charset');
  const name = fileName(node);
  const facts = [
    `${node.path} ${node.mediaType}${charset === undefined ? '' : `; charset=${charset}`}`,
    node.encoding,
    bytesText(node.end - node.bodyStart),
    ...(name === undefined ? [] : [`"${name}"`]),
    ...(node.mediaType.startsWith('multipart/') && !node.closed ? ['closing boundary missing'] : []),
  ];
  return facts.map(printable).join(', ');
}

const COVERED = [{ kind: 'signed' }] as const;

/** `protected header (hp=cipher): Date, From, Subject, not verified here`. */
function headerLabel({ hp, inside }: PayloadHeader): string {
  const names = [...new Set(inside.map(({ name }) => name))];
  const more = names.length > MAX_LISTED ? ` and ${names.length - MAX_LISTED} more` : '';
  return `protected header (hp=${hp}), not verified here: ${printable(names.slice(0, MAX_LISTED).join(', '))}${more}`;
}

function describeCms(bytes: Buffer, node: MimeNode, depth: Depth): Branch[] {
  if (depth.layers >= MAX_LAYERS) return [leaf(`more than ${MAX_LAYERS} S/MIME layers: not followed further`)];
  try {
    const info = readContentInfo(decodedBody(bytes, node));
    return [
      (DESCRIBERS.get(info.contentType) ?? describeUnknown)(info, {
        ...depth,
        covered: depth.covered || info.contentType !== OID.compressedData,
        layers: depth.layers + 1,
      }),
    ];
  } catch (error) {
    if (error instanceof BerError) return [leaf(`not readable as CMS: ${error.message}`)];
    throw error;
  }
}

const DESCRIBERS: ReadonlyMap<string, (info: ContentInfo, depth: Depth) => Branch> = new Map([
  [OID.signedData, describeSigned],
  [OID.envelopedData, describeEnveloped],
  [OID.authEnvelopedData, describeEnveloped],
  [OID.compressedData, describeCompressed],
]);

function describeUnknown({ contentType }: ContentInfo): Branch {
  return leaf(contentTypeName(contentType));
}

function describeSigned({ content }: ContentInfo, depth: Depth): Branch {
  const data = readSignedData(content);
  const certificates = data.certificates.map(({ subject }) => leaf(`certificate: ${nameText(subject)}`));
  if (data.content === undefined && data.signerInfos.length === 0) return branch('certificates only', certificates);
  const signers = data.signerInfos.map((element) => attempt('signer', () => leaf(`signer: ${signerText(readSignerInfo(element), data)}`)));
  const inner = data.content === undefined ? [] : [describeEntity(data.content, parseMimeTree(data.content), depth)];
  return branch(
    data.content === undefined ? 'signature (detached), not verified here' : 'signed (opaque), not verified here',
    signers,
    certificates,
    inner,
  );
}

function signerText(signer: ReturnType<typeof readSignerInfo>, data: SignedData): string {
  const digest = digestName(signer.digestAlgorithm.oid);
  const scheme = signatureScheme(signer.signatureAlgorithm);
  const time = signer.signedAttributes && readSignedAttributes(signer.signedAttributes, signer).signingTime;
  return [
    certificateIdText(signer.id),
    digest === undefined ? signer.digestAlgorithm.oid : digestLabel(digest),
    scheme?.name ?? signer.signatureAlgorithm.oid,
    ...(time === undefined ? [] : [`claims ${time.toISOString()}`]),
    ...(data.contentType === OID.data ? [] : [contentTypeName(data.contentType)]),
  ].join(', ');
}

function describeEnveloped({ contentType, content }: ContentInfo): Branch {
  const data = contentType === OID.authEnvelopedData ? readAuthEnvelopedData(content) : readEnvelopedData(content);
  const { algorithms, recipients } = envelopeFacts(data);
  const kind = contentType === OID.authEnvelopedData ? 'encrypted and authenticated' : 'encrypted';
  const label = `${kind}: ${algorithms.join(', ')}, ${bytesText(data.ciphertext.length)}, ${recipients.length} recipient${recipients.length === 1 ? '' : 's'}`;
  return branch(
    label,
    recipients.map((recipient) => leaf(`recipient: ${recipient}`)),
  );
}

function describeCompressed({ content }: ContentInfo, depth: Depth): Branch {
  const inflated = decompress(content, depth.inflateBudget);
  return branch('compressed: zlib', [describeEntity(inflated, parseMimeTree(inflated), depth)]);
}

function leaf(label: string): Branch {
  return { label, branches: [] };
}

/** Long lists are cut; the content inside, which comes last, never is. */
function branch(label: string, ...lists: readonly Branch[][]): Branch {
  const branches = lists.flatMap((list) =>
    list.length <= MAX_LISTED ? list : [...list.slice(0, MAX_LISTED), leaf(`and ${list.length - MAX_LISTED} more`)],
  );
  return { label, branches };
}

function attempt(what: string, read: () => Branch): Branch {
  try {
    return read();
  } catch (error) {
    if (error instanceof BerError) return leaf(`${what}: cannot be read: ${error.message}`);
    throw error;
  }
}

function bytesText(count: number): string {
  return `${count.toLocaleString('en-US')} bytes`;
}

function render({ label, branches }: Branch, head: string, indent: string, lines: string[]): void {
  lines.push(`${head}${label}`);
  for (const [index, child] of branches.entries()) {
    const last = index === branches.length - 1;
    render(child, `${indent}${last ? '└─ ' : '├─ '}`, `${indent}${last ? '   ' : '│  '}`, lines);
  }
}
