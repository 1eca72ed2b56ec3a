import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { diskFault, errnoOf } from '../../disk/faults.js';
import { OID } from '../../smime/algorithms.js';
import { type Certificate, readCertificate } from '../../smime/read/certificate.js';
import { checkPath } from '../../smime/read/chain.js';
import { nameText } from '../../smime/read/name.js';
import { readSignedFile } from '../../smime/read/signed-file.js';
import { type Checkpoint, parseCheckpoint } from './format.js';

/** A checkpoint whose signature fits it. Whose signature that is, `signerFault` judges. */
export interface CheckpointFile {
  readonly checkpoint: Checkpoint;
  /** SHA-256 of the file's bytes, hexadecimal: what the next checkpoint, the chain and a time-stamp are about. */
  readonly sha256: string;
  readonly signer: Certificate;
  /** All certificates in it. */
  readonly certificates: readonly Certificate[];
}

/** Whom checkpoints are believed. */
export interface CheckpointTrust {
  /** DER of the very certificates that may sign them. */
  readonly certificates: readonly Buffer[];
  /** DER of authorities whose certificates may. */
  readonly anchors: readonly Buffer[];
}

/** Larger files are not ours: a checkpoint has a few kilobytes, of which most is certificates. */
export const maxCheckpointBytes = 1 << 20;

/** Reads the bytes of a checkpoint file: signature, form, and that its frontier folds to its root. Never throws for what the bytes are. */
export function readCheckpoint(bytes: Buffer): CheckpointFile | { readonly fault: string } {
  if (bytes.length > maxCheckpointBytes) return { fault: 'it is too large to be a checkpoint' };
  const file = readSignedFile(bytes, { contentType: OID.data });
  if ('fault' in file) return file;
  const checkpoint = parseCheckpoint(file.content);
  if ('fault' in checkpoint) return checkpoint;
  const { signer, certificates } = file;
  return { checkpoint, sha256: sha256Of(bytes), signer, certificates };
}

/**
 * Why the signer is not one of those who are believed, or undefined. A certificate is judged at the time `at`: that of a time-stamp, or else what
 * the checkpoint says. A certificate that was given itself is believed at any time: it is the key that is trusted.
 */
export function signerFault({ signer, certificates }: CheckpointFile, trust: CheckpointTrust, at: Date): string | undefined {
  if (trust.certificates.some((der) => der.equals(signer.der))) return undefined;
  const name = nameText(signer.subject);
  if (trust.anchors.length === 0) return `it is signed by ${name}, whose certificate is not one that was given`;
  const path = checkPath(signer, {
    anchors: trust.anchors.map(readCertificate),
    candidates: certificates,
    at,
    extendedUsage: 'any',
    budget: { verificationsLeft: MAX_VERIFICATIONS },
  });
  return path.trusted ? undefined : `it is signed by ${name}, and ${path.reason}`;
}

const MAX_VERIFICATIONS = 100;

/** The bytes of a file of at most so many; undefined if it is not there. A longer one is cut: then it is not what it should be. */
export function fileIfThere(path: string, maxBytes: number): Buffer | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw diskFault(error, 'open', path);
  }
  try {
    const bytes = Buffer.alloc(Math.min(maxBytes + 1, fstatSync(descriptor).size));
    return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, 0));
  } catch (error) {
    throw diskFault(error, 'read', path);
  } finally {
    closeSync(descriptor);
  }
}

export function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
