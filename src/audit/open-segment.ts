import { chmodSync, closeSync, constants, fdatasync, fstatSync, ftruncateSync, openSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { syncDescriptor, syncDirectory, writeAll } from '../disk/durable.js';
import { diskFault, errnoOf, fsyncFault } from '../disk/faults.js';
import { chainName, detailsName } from './files.js';

/** The two files that are appended to. */
export interface OpenSegment {
  readonly segment: string;
  readonly chain: number;
  readonly details: number;
  chainBytes: number;
  detailsBytes: number;
}

/** Makes the two files where they are not there, durably. */
export function openSegment(directory: string, segment: string): OpenSegment {
  const details = openForAppend(`${directory}/${detailsName(segment)}`);
  try {
    const chain = openForAppend(`${directory}/${chainName(segment)}`);
    syncDirectory(directory);
    return { segment, chain, details, chainBytes: fstatSync(chain).size, detailsBytes: fstatSync(details).size };
  } catch (error) {
    closeSync(details);
    throw error;
  }
}

/**
 * Adds to details and chain, then makes both durable. Killed in between: the tail is cut back at the next start, for nothing of it was
 * acknowledged. Refused by the disk (full): both files are shortened to what they were.
 */
export async function addDurably(directory: string, file: OpenSegment, chain: Buffer, details: Buffer): Promise<void> {
  const paths = { chain: `${directory}/${chainName(file.segment)}`, details: `${directory}/${detailsName(file.segment)}` };
  try {
    writeAll(file.details, details, paths.details);
    writeAll(file.chain, chain, paths.chain);
  } catch (error) {
    ftruncateSync(file.details, file.detailsBytes);
    ftruncateSync(file.chain, file.chainBytes);
    throw error;
  }
  await Promise.all(
    (['details', 'chain'] as const).map((each) =>
      datasync(file[each]).catch((error: unknown) => Promise.reject(fsyncFault(error, paths[each]))),
    ),
  );
  file.chainBytes += chain.length;
  file.detailsBytes += details.length;
}

const datasync = promisify(fdatasync);

/** All records are durable; that a refused write was taken back may not be yet. */
export function closeSegment(file: OpenSegment): void {
  syncDescriptor(file.details, detailsName(file.segment));
  syncDescriptor(file.chain, chainName(file.segment));
  letGo(file);
}

/** After a failed fsync: without another one. */
export function letGo(file: OpenSegment): void {
  closeSync(file.chain);
  closeSync(file.details);
}

/**
 * Nothing is added to it any more. Not yet done when the process died: done at the next start. What cannot be closed (`chattr +a`, a file put
 * back by root) stays as it is: it guards against mistakes, and is no reason to record nothing more. `doctor` looks at modes.
 */
export function closeForGood(directory: string, segment: string): void {
  for (const path of [`${directory}/${chainName(segment)}`, `${directory}/${detailsName(segment)}`]) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined || (found.mode & 0o222) === 0) continue;
    try {
      chmodSync(path, 0o440);
    } catch (error) {
      if (!['EPERM', 'EROFS'].includes(errnoOf(error) ?? '')) throw diskFault(error, 'change the mode of', path);
    }
  }
}

/** Octets of its two files together. */
export function sizesIn(directory: string, segment: string): number {
  return [chainName(segment), detailsName(segment)]
    .map((name) => statSync(`${directory}/${name}`, { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
}

function openForAppend(path: string): number {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW, 0o640);
  } catch (error) {
    throw diskFault(error, 'open', path);
  }
}
