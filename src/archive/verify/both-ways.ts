import { existsSync } from 'node:fs';
import type { Finding } from '../../audit/finding.js';
import { type TrailRecord, trailOf } from '../../audit/trail.js';
import { timeOfMessageId } from '../../message-id.js';
import { archivePath } from '../path.js';
import type { SecondPlace } from '../second.js';
import { archivedFiles } from '../store.js';
import { archivedFacts } from './claim.js';
import type { ExpectedArchive } from './expected.js';
import { fileFindings, keptFindings } from './file-check.js';
import { secondFindings } from './second.js';
import { isUnderWay } from './under-way.js';

export interface Places {
  readonly audit: string;
  readonly archive: string;
  /** The daemon's, where a message under way still has its copy. */
  readonly work: string;
  readonly second: SecondPlace | undefined;
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
    if (file.kind === 'sealed') {
      const kept = known?.kept?.get(file.path);
      if (kept === undefined) unknown.set(file.path, file.id);
      else {
        kept.seen = true;
        findings.push(...keptFindings(places.archive, file.path, kept.sha256));
      }
      continue;
    }
    if (known === undefined || (known.form !== undefined && archivePath(file.id) + known.form !== file.path)) {
      unknown.set(file.path, file.id);
      continue;
    }
    known.seen = true;
    archived++;
    findings.push(...fileFindings(places.archive, file, known));
  }
  for (const file of expected.missing()) findings.push({ kind: 'archive-missing', file, text: 'what a record names is not there' });
  findings.push(...unknownFindings(unknown, places));
  if (places.second !== undefined) findings.push(...secondFindings(expected, places.archive, places.second));
  return { findings, archived };
}

/**
 * A daemon at work is no finding: an entry whose message still has its copy in `work` belongs to one under way, whose record is yet to come.
 * `unknown`: ids by path.
 */
function unknownFindings(unknown: ReadonlyMap<string, string>, { audit, archive, work }: Places): Finding[] {
  // Asked before the trail is read again, for the copy in work goes after the record has come.
  const left = [...unknown].filter(([path, id]) => !isUnderWay(id, `${archive}/${path}`, `${work}/${id}.eml`, Date.now()));
  const earliestMs = left.reduce((earliest, [, id]) => Math.min(earliest, timeOfMessageId(id).getTime()), Date.now());
  const since = trailOf(audit, new Set(left.map(([, id]) => id)), new Date(earliestMs));
  // Archived since the chain was read, or taken back to be written anew.
  return left
    .filter(([path, id]) => !namesFile(since.get(id) ?? [], path) && existsSync(`${archive}/${path}`))
    .map(([path]) => withoutRecord(path));
}

function namesFile(records: readonly TrailRecord[], path: string): boolean {
  return records.some(({ detail }) => {
    const facts = archivedFacts(detail);
    return facts.file === path || facts.kept.has(path);
  });
}

function withoutRecord(file: string): Finding {
  return { kind: 'archive-without-record', file, text: 'no record says that this file was archived' };
}
