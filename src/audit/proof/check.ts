import { createHash, X509Certificate } from 'node:crypto';
import { nameText } from '../../smime/read/name.js';
import { readTimeStampToken } from '../../smime/timestamp/token.js';
import { type CheckpointFile, type CheckpointTrust, readCheckpoint, signerFault } from '../checkpoint/read.js';
import { leafHash } from '../merkle.js';
import { rootByInclusion } from '../merkle-proof.js';
import { commitmentTo, parseChainLine, parseDetailsLine } from '../record.js';
import type { Proof, ProofCheckpoint, ProofRecord } from './format.js';

export interface ProofChecks {
  readonly trust: CheckpointTrust;
  /** DER of the authorities that certify time-stamping authorities; without any, time-stamps are not judged. */
  readonly timestampAnchors: readonly Buffer[];
  /** SHA-256 of what is held to be the original, hexadecimal. */
  readonly original?: string;
}

export interface CheckedRecord {
  readonly seq: number;
  readonly time: string;
  readonly event: string;
  readonly id?: string | undefined;
  readonly outcome?: string | undefined;
  readonly checkpoint: number;
  /** What the record is about, as it was recorded; undefined where the proof leaves it out. */
  readonly detail: unknown;
}

export interface CheckedCheckpoint {
  readonly number: number;
  readonly time: string;
  readonly records: number;
  readonly signer: string;
  /** SHA-256 of its certificate, as openssl prints it. */
  readonly fingerprint: string;
  /** Time of its genuine time-stamp by a trusted authority. */
  readonly stamped?: string;
}

export interface ProofReport {
  readonly records: readonly CheckedRecord[];
  readonly checkpoints: readonly CheckedCheckpoint[];
  /** What is wrong; empty: everything that the proof says is proven. */
  readonly faults: readonly string[];
}

/**
 * Checks a proof that anybody may have made: each line against its hash, its details against the line, its path against the root that a checkpoint
 * signs, the checkpoint against who is believed, time-stamps, and the original against the record that it was accepted. Never throws for what
 * the proof holds.
 */
export function checkProof(proof: Proof, checks: ProofChecks): ProofReport {
  const faults: string[] = [];
  const checkpoints = new Map<number, CheckpointFile>();
  const checked = proof.checkpoints.flatMap((each) => {
    const found = checkCheckpoint(each, checks, faults);
    if (found === undefined) return [];
    checkpoints.set(each.number, found.file);
    return [found.checked];
  });
  const records = proof.records.flatMap((each) => checkRecord(each, proof.id, checkpoints, faults));
  if (checks.original !== undefined) checkOriginal(records, checks.original, faults);
  return { records, checkpoints: checked, faults };
}

function checkCheckpoint(
  { number, cms, certificate, timestamp }: ProofCheckpoint,
  { trust, timestampAnchors }: ProofChecks,
  faults: string[],
): { file: CheckpointFile; checked: CheckedCheckpoint } | undefined {
  const bytes = Buffer.from(cms, 'base64');
  const file = readCheckpoint(bytes);
  const fault = (text: string) => {
    faults.push(`checkpoint ${number}: ${text}`);
    return undefined;
  };
  if ('fault' in file) return fault(file.fault);
  const { checkpoint, signer } = file;
  if (checkpoint.number !== number) return fault(`it is number ${checkpoint.number}`);
  if (!isSameCertificate(certificate, signer.der)) fault('the certificate beside it is not that of who signed it');
  const stamped = timestamp === undefined ? undefined : checkTimestamp(bytes, Buffer.from(timestamp, 'base64'), timestampAnchors, fault);
  const untrusted = signerFault(file, trust, stamped ?? new Date(checkpoint.time));
  if (untrusted !== undefined) fault(untrusted);
  const { time, records } = checkpoint;
  const { fingerprint256: fingerprint } = new X509Certificate(signer.der);
  const checked = { number, time, records, signer: nameText(signer.subject), fingerprint };
  return { file, checked: stamped === undefined ? checked : { ...checked, stamped: stamped.toISOString() } };
}

function checkTimestamp(checkpoint: Buffer, token: Buffer, anchors: readonly Buffer[], fault: (text: string) => void): Date | undefined {
  const imprint = createHash('sha256').update(checkpoint).digest();
  const stamp = readTimeStampToken(token, { imprint, anchors });
  if ('fault' in stamp) fault(`its time-stamp: ${stamp.fault}`);
  else if (stamp.untrusted === undefined) return stamp.time;
  else if (anchors.length > 0) fault(`its time-stamp is by ${stamp.signer}, who is not trusted: ${stamp.untrusted}`);
  return undefined;
}

function isSameCertificate(pem: string, der: Buffer): boolean {
  try {
    return new X509Certificate(pem).raw.equals(der);
  } catch {
    return false;
  }
}

function checkRecord(
  { line, details, checkpoint, path }: ProofRecord,
  id: string | undefined,
  checkpoints: ReadonlyMap<number, CheckpointFile>,
  faults: string[],
): CheckedRecord[] {
  const parsed = parseChainLine(line);
  if (parsed.kind !== 'record') {
    faults.push('a line is no record of an audit chain, or does not match its own hash');
    return [];
  }
  const { seq, time, event, id: about, outcome, detail: commitment } = parsed.record;
  const fault = (text: string) => void faults.push(`record ${seq}: ${text}`);
  // Numbers become places in the tree; what JSON may hold besides does not.
  if (!Number.isSafeInteger(seq) || seq < 1) fault('its number is none');
  if (id !== undefined && about !== id) fault(`it is not about ${id}`);
  const file = checkpoints.get(checkpoint);
  if (file === undefined) fault(`the checkpoint that is said to cover it (${checkpoint}) is not among them, or not good`);
  else {
    const { records, root } = file.checkpoint;
    const found = rootByInclusion(
      leafHash(line),
      seq - 1,
      records,
      path.map((hash) => Buffer.from(hash, 'hex')),
    );
    if (found?.toString('hex') !== root) fault(`it is not under the root that checkpoint ${checkpoint} signs`);
  }
  const detail = details === undefined ? undefined : detailOf(details, seq, commitment, fault);
  return [{ seq, time, event, id: about, outcome, checkpoint, detail }];
}

function detailOf(details: string, seq: number, commitment: string, fault: (text: string) => void): unknown {
  const parsed = parseDetailsLine(details);
  if (parsed.kind === 'detail' && parsed.seq === seq && commitmentTo(parsed.text, parsed.salt) === commitment)
    return JSON.parse(parsed.text);
  fault('its details are not what it committed to');
  return undefined;
}

function checkOriginal(records: readonly CheckedRecord[], sha256: string, faults: string[]): void {
  const accepted = records.filter(({ event }) => event === 'accepted');
  const hashes = accepted.map(({ detail }) =>
    typeof detail === 'object' && detail !== null && 'sha256' in detail ? detail.sha256 : undefined,
  );
  if (accepted.length === 0) faults.push('the original: no record says that it was accepted');
  else if (hashes.every((hash) => hash === undefined)) faults.push('the original: the proof leaves out the details that tell its hash');
  else if (!hashes.every((hash) => hash === sha256)) faults.push('the original: it is not the file that was accepted');
}
