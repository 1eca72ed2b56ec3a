import type { KeyObject } from 'node:crypto';
import { SealdropError } from '../errors.js';
import { fieldsNamed } from '../message/field.js';
import { type MimeNode, parseMimeTree } from '../message/mime-tree.js';
import { BerError } from './cms/ber.js';
import { type Certificate, readCertificate } from './read/certificate.js';
import { brokenCms } from './read/faults.js';
import { innerMessage } from './read/inner-message.js';
import { type Layer, type OpenedLayer, settleVerdicts } from './read/layer.js';
import { printable } from './read/name.js';
import { type OpenContext, openCms } from './read/open-cms.js';
import { openDetached } from './read/open-detached.js';
import { claimedSender } from './read/sender-addresses.js';
import { decodedBody, smimeForm } from './read/smime-entity.js';

export type { Layer } from './read/layer.js';

/** Keys to open with, and what to believe. Certificates are DER. */
export interface OpenKeys {
  readonly decryption: readonly { readonly certificate: Buffer; readonly privateKey: KeyObject }[];
  readonly trustAnchors: readonly Buffer[];
  readonly now: Date;
}

export interface Opened {
  /** Outer header fields, MIME-Version and the innermost entity. */
  readonly message: Buffer;
  /** The innermost entity, octet for octet as it was signed or encrypted. */
  readonly entity: Buffer;
  /** Outermost first; empty when the message as a whole is neither signed nor encrypted. */
  readonly layers: readonly Layer[];
  /** There are layers, and every one of them is `valid` or `authenticated`. Only then may the content be taken for genuine. */
  readonly ok: boolean;
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
  refuseControls(outer);
  const context = openContext(outer, keys);
  const layers: Layer[] = [];
  let [entity, node] = [message, outer];
  for (let next = openLayer(entity, node, context); next !== undefined; next = openLayer(entity, node, context)) {
    if (layers.length === MAX_LAYERS) throw brokenCms('the message', `it has more than ${MAX_LAYERS} S/MIME layers`);
    layers.push(next.layer);
    if (next.content === undefined) break;
    entity = next.content;
    node = parseMimeTree(entity);
  }
  const settled = settleVerdicts(layers);
  const ok = settled.length > 0 && settled.every(({ verdict }) => verdict === 'valid' || verdict === 'authenticated');
  const inner = entity === message ? { message, leftOut: [] } : innerMessage(outer.fields, entity);
  return {
    message: inner.message,
    entity,
    layers: settled,
    ok,
    notes: [...announcementNotes(settled), ...notesOn(node, inner.leftOut, settled.at(-1)?.kind === 'certs-only')],
  };
}

/** A triple wrap with compression has four. */
const MAX_LAYERS = 10;
const MAX_INFLATED_BYTES = 128 * 1024 * 1024;

/** A bare CR ends a line for some programs: what one takes for a part of the Subject is a From field for another. */
function refuseControls(outer: MimeNode): void {
  const field = outer.fields.find(({ raw }) => /\r(?!\n)|\0/.test(raw.toString('latin1')));
  if (field !== undefined) throw ambiguousHeader(`the message's ${printable(field.name)} field contains a bare CR or a NUL`);
}

function openLayer(entity: Buffer, node: MimeNode, context: OpenContext): OpenedLayer | undefined {
  for (const name of ['Content-Type', 'Content-Transfer-Encoding']) {
    if (fieldsNamed(node.fields, name).length > 1) throw ambiguousHeader(`an entity of the message has more than one ${name} field`);
  }
  const form = smimeForm(node);
  if (form === 'cms') return openCms(decodedBody(entity, node), context);
  return form === 'multipart-signed' ? openDetached(entity, node, context.trust) : undefined;
}

function openContext(outer: MimeNode, keys: OpenKeys): OpenContext {
  return {
    keys: keys.decryption.map(({ certificate, privateKey }) => ({ certificate: usable(certificate, 'a decryption key'), privateKey })),
    trust: {
      anchors: keys.trustAnchors.map((der) => usable(der, 'a trusted CA')),
      claimed: claimedSender(outer.fields),
      now: keys.now,
    },
    inflateBytesLeft: MAX_INFLATED_BYTES,
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
