import { existsSync } from 'node:fs';
import type { Finding } from '../../audit/finding.js';
import { trailOf } from '../../audit/trail.js';
import { timeOfMessageId } from '../../message-id.js';
import { archivePath } from '../path.js';
import { archivedFiles, isSameFile } from '../store.js';
import type { ExpectedArchive } from './expected.js';
import { fileFindings } from './file-check.js';

export interface Places {
  readonly audit: string;
  readonly archive: string;
  /** The daemon's, where a message under way still has its copy. */
  readonly work: string;
}

/** Every file in the archive against what the trail expects, and what it expects against the files. */
export function compareBothWays(expected: ExpectedArchive, places: Places): { findings: Finding[]; archived: number } {
  const findings: Finding[] = [];
  let archived = 0;
  const unknown = new Map<string, string>();
  for (const file of archivedFiles(places.archive)) {
    if (file.kind === 'stranger') {
      findings.push(withoutRecord(file.path));
      continue;
    }
    const known = expected.find(file.id);
    if (known === undefined) {
      unknown.set(file.id, file.path);
      continue;
    }
    known.seen = true;
    archived++;
    findings.push(...fileFindings(places.archive, file, known));
  }
  for (const id of expected.missing())
    findings.push({ kind: 'archive-missing', file: archivePath(id), text: 'the original that a record names is not there' });
  return { findings: [...findings, ...unknownFindings(unknown, places)], archived };
}

/**
 * A daemon at work is no finding: an entry that is still one file with the copy in `work` belongs to a message under way, whose record is
 * yet to come. `unknown`: paths by id.
 */
function unknownFindings(unknown: ReadonlyMap<string, string>, { audit, archive, work }: Places): Finding[] {
  // Asked before the trail is read again, for the copy in work goes after the record has come.
  const left = [...unknown].filter(([id, path]) => !isSameFile(`${archive}/${path}`, `${work}/${id}.eml`));
  const earliestMs = left.reduce((earliest, [id]) => Math.min(earliest, timeOfMessageId(id).getTime()), Date.now());
  const since = trailOf(audit, new Set(left.map(([id]) => id)), new Date(earliestMs));
  // Accepted since the chain was read, or taken back to be written anew.
  return left.filter(([id, path]) => !since.has(id) && existsSync(`${archive}/${path}`)).map(([, path]) => withoutRecord(path));
}

function withoutRecord(file: string): Finding {
  return { kind: 'archive-without-record', file, text: 'no record says that this file was archived' };
}
