import { existsSync } from 'node:fs';
import type { Finding } from '../../audit/finding.js';
import { SealdropError } from '../../errors.js';
import { requireSecond, type SecondPlace } from '../second.js';
import { type ArchivedFile, archivedFiles } from '../store.js';
import type { ExpectedArchive } from './expected.js';
import { digestOf } from './file-check.js';

/** Every file in the second location against what the trail says it holds, and the other way round; after the archive itself was compared. */
export function secondFindings(expected: ExpectedArchive, archive: string, second: SecondPlace): Finding[] {
  const { directory } = second;
  try {
    requireSecond(second);
  } catch (error) {
    if (!(error instanceof SealdropError)) throw error;
    return [{ kind: 'second-unreachable', file: directory, text: error.message }];
  }
  const findings: Finding[] = [];
  for (const file of archivedFiles(directory)) {
    const wanted = seen(expected, file);
    // What has just been archived, or is under way, is in the archive too: that one was compared.
    if (wanted === undefined && !existsSync(`${archive}/${file.path}`) && existsSync(`${directory}/${file.path}`))
      findings.push({ kind: 'second-without-record', file: file.path, text: 'no record says that this file was archived' });
    // Erased details leave nothing to compare with.
    if (wanted?.sha256 !== undefined && digestOf(`${directory}/${file.path}`) !== wanted.sha256)
      findings.push({ kind: 'second-altered', file: file.path, text: 'its bytes are not those that were recorded' });
  }
  for (const file of expected.missingSecond())
    findings.push({ kind: 'second-missing', file, text: 'a record says that the second location has it, and it is not there' });
  return findings;
}

/** What the trail knows of a file; undefined if it knows nothing. */
function seen(expected: ExpectedArchive, file: ArchivedFile): { readonly sha256: string | undefined } | undefined {
  if (file.kind === 'stranger') return undefined;
  const known = expected.find(file.id);
  const found = file.kind === 'sealed' ? known?.kept?.get(file.path) : known;
  if (found === undefined) return undefined;
  found.seenSecond = true;
  if (file.kind === 'sealed' || known === undefined) return { sha256: found.sha256 };
  const plain = !file.form.compressed && !file.form.encrypted;
  return { sha256: plain ? known.sha256 : known.stored };
}
