import type { KeyObject } from 'node:crypto';
import { SealdropError } from '../errors.js';
import { fieldsNamed, type HeaderField } from '../message/field.js';
import { type MimeNode, parseMimeTree } from '../message/mime-tree.js';
import { BerError } from './cms/ber.js';
import { fromMismatch } from './header-protection/claims.js';
import { type HeaderProtection, isSigned, judgeHeader, type PayloadHeader, payloadHeader } from './header-protection/read.js';
import { renderedMessage } from './header-protection/rendered.js';
import { type Certificate, readCertificate } from './read/certificate.js';
import { brokenCms } from './read/faults.js';
import { innerMessage } from './read/inner-message.js';
import { type Layer, type OpenedLayer, settleVerdicts } from './read/layer.js';
import { printable } from './read/name.js';
import { type OpenContext, openCms } from './read/open-cms.js';
import { openDetached } from './read/open-detached.js';
import { claimedSender } from './read/sender-addresses.js';
import { decodedBody, smimeForm } from './read/smime-entity.js';

export type { HeaderProtection } from './header-protection/read.js';
export type { Layer } from './read/layer.js';

/** Keys to open with, and what to believe. Certificates are DER. */
export interface OpenKeys {
  readonly decryption: readonly { readonly certificate: Buffer; readonly privateKey: KeyObject }[];
  readonly trustAnchors: readonly Buffer[];
  readonly now: Date;
}

export interface Opened {
  /** The header to be shown, MIME-Version and the innermost entity. */
  readonly message: Buffer;
  /** The innermost entity, octet for octet as it was signed or encrypted. */
  readonly entity: Buffer;
  /** Outermost first; empty when the message as a whole is neither signed nor encrypted. */
  readonly layers: readonly Layer[];
  /**
   * There are layers, every one of them is `valid` or `authenticated`, and a protected header is what it must be. Only then may the content be
   * taken for genuine.
   */
  readonly ok: boolean;
  /** The header the sender protected (RFC 9788); undefined when there is none. `message` then has it in place of the outer one. */
  readonly header: HeaderProtection | undefined;
  /** What else a reader should know, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Takes off all S/MIME layers of a message (RFC 8551 §3), from the outermost inwards, and judges each. Only what encloses the whole
 * content is a layer: a signed or encrypted part beside others is noted and left as it is, never decrypted into the mail around it (EFAIL).
 * Everything is checked before anything is returned; whether it may be shown is told by `ok`.
 *
 * Throws SealdropError: no-key, cannot-decrypt, broken-cms, unsupported-cms, ambiguous-header, unusable-certificate.
 */
export function openMessage(message: Buffer, keys: OpenKeys): Opened {
  const outer = parseMimeTree(message);
  refuseControls(outer, 'the message');
  const opened = openLayers(message, outer, openContext(outer.fields, keys));
  const header = opened.isInside ? payloadHeader(opened.entity, opened.node, opened.layers) : undefined;
  if (header === undefined) return openedAsIs(message, outer, opened);
  refuseControls(opened.node, 'the protected header');
  const mismatch = hasFrom(header) ? fromMismatch(outer.fields, header.inside) : undefined;
  if (mismatch === undefined) return openedProtected(outer, opened, header, undefined);
  // A signature over the header speaks for the sender named in it (RFC 9788 §4.4.1).
  return openedProtected(outer, openLayers(message, outer, openContext(header.inside, keys)), header, mismatch);
}

/** What is innermost, and the layers that were around it, each with the verdict it has by itself. */
interface Innermost {
  readonly entity: Buffer;
  readonly node: MimeNode;
  readonly layers: readonly Layer[];
  /** It came out of a layer; otherwise it is a layer in which nothing was found, or the message itself. */
  readonly isInside: boolean;
}

function openLayers(message: Buffer, outer: MimeNode, context: OpenContext): Innermost {
  const layers: Layer[] = [];
  let [entity, node] = [message, outer];
  for (let next = openLayer(entity, node, context); next !== undefined; next = openLayer(entity, node, context)) {
    if (layers.length === MAX_LAYERS) throw brokenCms('the message', `it has more than ${MAX_LAYERS} S/MIME layers`);
    layers.push(next.layer);
    if (next.content === undefined) return { entity, node, layers, isInside: false };
    entity = next.content;
    node = parseMimeTree(entity);
  }
  return { entity, node, layers, isInside: layers.length > 0 };
}

function openedAsIs(message: Buffer, outer: MimeNode, { entity, node, layers }: Innermost): Opened {
  const settled = settleVerdicts(layers);
  const inner = entity === message ? { message, leftOut: [] } : innerMessage(outer.fields, entity);
  const notes = [...announcementNotes(settled), ...notesOn(node, inner.leftOut, settled.at(-1)?.kind === 'certs-only')];
  return { message: inner.message, entity, layers: settled, ok: allGood(settled), header: undefined, notes };
}

/** `mismatch`: why the header around the message names another sender than the protected one. Then no signature makes the message good. */
function openedProtected(
  outer: MimeNode,
  { entity, node, layers }: Innermost,
  header: PayloadHeader,
  mismatch: string | undefined,
): Opened {
  const settled = settleVerdicts(mismatch === undefined ? layers : layers.map((layer) => distrusted(layer, mismatch)));
  const judged = judgeHeader(header, outer.fields, settled);
  const faults = [...(mismatch === undefined ? [] : [mismatch]), ...judged.faults];
  // RFC 9788 §4.4.3: a protected From that differs is shown only if a signature proves it; the outer one may at least have been checked on the way.
  const proven = mismatch === undefined || isSigned(settleVerdicts(layers));
  const from = proven && hasFrom(header) ? undefined : fieldsNamed(outer.fields, 'From')[0];
  return {
    message: renderedMessage(entity, node, header, outer.fields, from),
    entity,
    layers: settled,
    ok: allGood(settled) && faults.length === 0,
    header: { ...judged, faults },
    notes: [...announcementNotes(settled), ...notesOn(node, [], false)],
  };
}

function allGood(layers: readonly Layer[]): boolean {
  return layers.length > 0 && layers.every(({ verdict }) => verdict === 'valid' || verdict === 'authenticated');
}

/** A layer of which no signature counts; nor does what it announces. */
function distrusted(layer: Layer, reason: string): Layer {
  if (layer.kind !== 'signed' || layer.verdict !== 'valid') return layer;
  const signers = layer.signers.map(({ announced: _announced, ...signer }) =>
    signer.verdict === 'valid' ? { ...signer, verdict: 'untrusted' as const, reason } : signer,
  );
  return { ...layer, verdict: 'untrusted', reason, signers };
}

function hasFrom({ inside }: PayloadHeader): boolean {
  return fieldsNamed(inside, 'From').length > 0;
}

/** A triple wrap with compression has four. */
const MAX_LAYERS = 10;
const MAX_INFLATED_BYTES = 128 * 1024 * 1024;

/** A bare CR ends a line for some programs: what one takes for a part of the Subject is a From field for another. */
function refuseControls({ fields }: MimeNode, whose: string): void {
  const field = fields.find(({ raw }) => /\r(?!\n)|\0/.test(raw.toString('latin1')));
  if (field !== undefined) throw ambiguousHeader(`in ${whose} the field ${printable(field.name)} contains a bare CR or a NUL`);
}

function openLayer(entity: Buffer, node: MimeNode, context: OpenContext): OpenedLayer | undefined {
  for (const name of ['Content-Type', 'Content-Transfer-Encoding']) {
    if (fieldsNamed(node.fields, name).length > 1) throw ambiguousHeader(`an entity of the message has more than one ${name} field`);
  }
  const form = smimeForm(node);
  if (form === 'cms') return openCms(decodedBody(entity, node), context);
  return form === 'multipart-signed' ? openDetached(entity, node, context.trust) : undefined;
}

function openContext(sender: readonly HeaderField[], keys: OpenKeys): OpenContext {
  return {
    keys: keys.decryption.map(({ certificate, privateKey }) => ({ certificate: usable(certificate, 'a decryption key'), privateKey })),
    trust: {
      anchors: keys.trustAnchors.map((der) => usable(der, 'a trusted CA')),
      claimed: claimedSender(sender),
      now: keys.now,
    },
    inflateBudget: { bytesLeft: MAX_INFLATED_BYTES },
  };
}

function usable(der: Buffer, whose: string): Certificate {
  try {
    return readCertificate(der);
  } catch (error) {
    if (!(error instanceof BerError)) throw error;
    throw new SealdropError('unusable-certificate', `the certificate of ${whose} cannot be read: ${error.message}`, {
      disposition: 'quarantine',
      cure: 'Give an X.509 certificate in PEM or DER form.',
    });
  }
}

function ambiguousHeader(what: string): SealdropError {
  return new SealdropError('ambiguous-header', `${what}: programs would read it differently`, {
    disposition: 'quarantine',
    cure: 'Ask the sender for the message again; if it arrives like this again, ask for the program that wrote it to be repaired.',
  });
}

function announcementNotes(layers: readonly Layer[]): string[] {
  return layers.flatMap(({ signers }) => signers.flatMap(({ announced }) => announced?.notes ?? []));
}

function notesOn(innermost: MimeNode, leftOut: readonly string[], certsOnly: boolean): string[] {
  const notes = partialEntities(innermost, certsOnly).map(
    (path) => `part ${path} is an S/MIME entity of its own; it was not opened, and nothing it says holds for the whole message`,
  );
  if (leftOut.length > 0)
    notes.push(`header fields inside the protected part were left out of the message: ${printable([...new Set(leftOut)].join(', '))}`);
  return notes;
}

/** Paths of S/MIME entities beneath the innermost one, in order; the first hundred. */
function partialEntities(node: MimeNode, isLayer: boolean): string[] {
  const paths: string[] = [];
  const pending = isLayer ? [] : node.children.toReversed();
  for (let next = pending.pop(); next !== undefined && paths.length < 100; next = pending.pop()) {
    if (smimeForm(next) === undefined) pending.push(...next.children.toReversed());
    else paths.push(next.path);
  }
  return paths;
}
