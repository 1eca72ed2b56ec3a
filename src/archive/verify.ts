import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { trailOf } from '../audit/trail.js';
import { type ChainReport, type Finding, verifyChain } from '../audit/verify.js';
import { diskFault, errnoOf } from '../disk/faults.js';
import { timeOfMessageId } from '../message-id.js';
import { archivePath } from './path.js';
import { archivedFiles, isSameFile } from './store.js';

export interface TrailReport extends ChainReport {
  readonly archived: number;
  readonly verdict: string;
}

interface Expected {
  readonly sha256: string | undefined;
  /** A record says that the archive has it; before that the entry may not be there yet. */
  archived: boolean;
  seen: boolean;
}

/**
 * Verifies chain, details and archive against each other, both ways: every record is whole and committed to, every original that a record
 * says is archived is there unchanged, and every file in the archive has its record. Needs nothing of the daemon and may run beside it: an
 * entry that is still one file with the copy in `workDirectory` belongs to a message under way, whose record is yet to come.
 */
export function verifyTrail(auditDirectory: string, archiveDirectory: string, workDirectory: string): TrailReport {
  const expected = new Map<string, Expected>();
  const chain = verifyChain(auditDirectory, ({ record, detail }) => {
    if (record.id === undefined) return;
    if (record.event === 'accepted') expected.set(record.id, { sha256: sha256Of(detail), archived: false, seen: false });
    if (record.event !== 'intent' && record.event !== 'dropped') return;
    const known = expected.get(record.id) ?? { sha256: undefined, archived: true, seen: false };
    known.archived = true;
    expected.set(record.id, known);
  });
  const findings: Finding[] = [...chain.findings];
  let archived = 0;
  const unknown = new Map<string, string>();
  for (const file of archivedFiles(archiveDirectory)) {
    const known = file.kind === 'original' ? expected.get(file.id) : undefined;
    if (file.kind === 'original' && known === undefined) unknown.set(file.id, file.path);
    if (file.kind === 'stranger') findings.push(withoutRecord(file.path));
    if (known === undefined) continue;
    known.seen = true;
    archived++;
    // Without its details (erased) there is nothing left to compare with.
    if (known.sha256 !== undefined && digestOf(`${archiveDirectory}/${file.path}`) !== known.sha256) {
      findings.push({ kind: 'archive-altered', file: file.path, text: 'its bytes are not those that were accepted' });
    }
  }
  for (const [id, known] of expected) {
    if (known.archived && !known.seen)
      findings.push({ kind: 'archive-missing', file: archivePath(id), text: 'the original that a record names is not there' });
  }
  // A daemon at work is no finding. Under way: asked before the trail is read again, for the copy in work goes after the record has come.
  for (const [id, path] of unknown) if (isSameFile(`${archiveDirectory}/${path}`, `${workDirectory}/${id}.eml`)) unknown.delete(id);
  const earliestMs = [...unknown.keys()].reduce((earliest, id) => Math.min(earliest, timeOfMessageId(id).getTime()), Date.now());
  const since = trailOf(auditDirectory, new Set(unknown.keys()), new Date(earliestMs));
  for (const [id, path] of unknown) {
    // Accepted since the chain was read, or taken back to be written anew.
    if (since.has(id) || !existsSync(`${archiveDirectory}/${path}`)) continue;
    findings.push(withoutRecord(path));
  }
  const verdict =
    findings.length === 0
      ? 'consistent, completeness not proven'
      : `inconsistent: ${findings.length} finding${findings.length === 1 ? '' : 's'}`;
  return { ...chain, findings, archived, verdict };
}

function withoutRecord(file: string): Finding {
  return { kind: 'archive-without-record', file, text: 'no record says that this file was archived' };
}

function sha256Of(detail: unknown): string | undefined {
  if (typeof detail !== 'object' || detail === null || !('sha256' in detail)) return undefined;
  return typeof detail.sha256 === 'string' ? detail.sha256 : undefined;
}

function digestOf(path: string): string | undefined {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(1 << 20);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    for (let got = readSync(descriptor, piece); got > 0; got = readSync(descriptor, piece)) hash.update(piece.subarray(0, got));
    return hash.digest('hex');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw diskFault(error, 'read', path);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
