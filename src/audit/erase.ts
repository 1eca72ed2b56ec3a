import { closeSync, existsSync, statSync } from 'node:fs';
import { openNewFile, removeIfThere, rename, syncDescriptor, syncDirectory, writeAll } from '../disk/durable.js';
import type { IdSet } from '../id-set.js';
import { chainName, detailsName } from './files.js';
import { linesOf, rawLinesOf } from './lines.js';

/** Records of their own kind: what was destroyed, by which rule and by whom is to be known ever after. */
const keptEvents: ReadonlySet<string> = new Set(['purged', 'erased']);

/** Numbers of the records in a segment that are about these messages, ascending; without those that say that they were destroyed. */
export function recordsAbout(directory: string, segment: string, ids: IdSet): number[] {
  const found: number[] = [];
  for (const { text } of linesOf(`${directory}/${chainName(segment)}`)) {
    const [, seq, event, id] = /^\{"seq":(\d+),"time":"[^"]*","event":"([^"]*)","id":"([0-9a-f-]{36})"/.exec(text) ?? [];
    if (id !== undefined && event !== undefined && !keptEvents.has(event) && ids.has(id)) found.push(Number(seq));
  }
  return found;
}

/**
 * Erases what a segment's details say of these records (numbers, ascending): their lines become `{"seq":N,"erased":true}`, all others keep
 * their bytes. The salt goes with the detail, so that the commitment in the chain cannot be guessed; the chain is not touched and still
 * verifies. Nothing may be appended to the segment any more. Returns how many lines were erased now.
 *
 * The new file is whole and durable before it takes the old one's name. Killed before: the old file is there, and a dot-file that the next
 * call replaces. After: the new one. Either is erased again without harm.
 */
export function eraseDetails(directory: string, segment: string, seqs: readonly number[]): number {
  const path = `${directory}/${detailsName(segment)}`;
  if (seqs.length === 0 || !existsSync(path)) return 0;
  const temporary = `${directory}/.${detailsName(segment)}.erasing`;
  removeIfThere(temporary);
  const { mode, gid } = statSync(path);
  const output = openNewFile(temporary, { mode: mode & 0o777, gid: gid === process.getegid?.() ? undefined : gid });
  let erased = 0;
  try {
    erased = copyErasing(path, output, temporary, seqs);
    if (erased > 0) syncDescriptor(output, temporary);
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  } finally {
    closeSync(output);
  }
  if (erased === 0) removeIfThere(temporary);
  else rename(temporary, path);
  // Also where all was erased before: a kill may have come between that rename and this.
  syncDirectory(directory);
  return erased;
}

const pieceBytes = 1 << 20;
const lineFeed = Buffer.from('\n');

/** Copies line by line, bytes as they are: what may be damaged must stay as it is found. */
function copyErasing(path: string, output: number, outputPath: string, seqs: readonly number[]): number {
  let next = 0;
  let erased = 0;
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  const put = (bytes: Uint8Array) => {
    held.push(bytes);
    heldBytes += bytes.length;
    if (heldBytes >= pieceBytes) flush();
  };
  const flush = () => {
    writeAll(output, Buffer.concat(held, heldBytes), outputPath);
    held = [];
    heldBytes = 0;
  };
  for (const { bytes, complete } of rawLinesOf(path)) {
    const start = bytes.toString('latin1', 0, 60);
    const [, digits = ''] = /^\{"seq":(\d+),/.exec(start) ?? [];
    const seq = Number(digits);
    while (next < seqs.length && (seqs[next] ?? 0) < seq) next++;
    const wanted = digits !== '' && seqs[next] === seq && !start.startsWith(`{"seq":${digits},"erased"`);
    if (wanted) erased++;
    put(wanted ? Buffer.from(`{"seq":${digits},"erased":true}`) : bytes);
    if (complete) put(lineFeed);
  }
  flush();
  return erased;
}
