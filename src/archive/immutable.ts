import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { removeIfThere, writeNewFile } from '../disk/durable.js';
import { errnoOf } from '../disk/faults.js';
import { SealdropError } from '../errors.js';

const run = promisify(execFile);

/** Of some 120 octets each: far below what the kernel takes as arguments. */
const filesPerCall = 200;

/**
 * Sets the immutable attribute (ioctl_iflags(2), FS_IMMUTABLE_FL) of these files: nobody can then change, rename, link or unlink them, not
 * even root, before it is taken off. Files that are gone are passed over. Node cannot ask for the ioctl, so chattr(1) does, many files a
 * call. Throws SealdropError `archive-immutable` (wait).
 */
export function makeImmutable(paths: readonly string[]): Promise<void> {
  return change('+i', paths);
}

/** Takes the immutable attribute off again: before files are purged. As `makeImmutable`. */
export function makeMutable(paths: readonly string[]): Promise<void> {
  return change('-i', paths);
}

/**
 * Tries both with a file in the archive. Throws `archive-immutable` (fatal): no such attribute there, no right, no chattr. Killed in
 * between: the file is left, and the next call takes it away.
 */
export async function proveImmutable(archive: string): Promise<void> {
  const probe = `${archive}/.sealdrop-immutable`;
  try {
    if (existsSync(probe)) await makeMutable([probe]);
    removeIfThere(probe);
    writeNewFile(probe, [], { mode: 0o400 });
    await makeImmutable([probe]);
    await makeMutable([probe]);
    removeIfThere(probe);
  } catch (error) {
    if (!(error instanceof SealdropError) || error.code !== 'archive-immutable') throw error;
    removeIfThere(probe);
    throw new SealdropError('archive-immutable', error.message, { disposition: 'fatal', cure: error.cure, cause: error });
  }
}

async function change(how: '+i' | '-i', paths: readonly string[]): Promise<void> {
  for (let start = 0; start < paths.length; start += filesPerCall) {
    const some = paths.slice(start, start + filesPerCall);
    try {
      await run('chattr', [how, ...some], { env: { ...process.env, LC_ALL: 'C' } });
    } catch (error) {
      // It does all it can before it fails, so only what is still there and was refused counts.
      const refused = wordsOf(error).filter((line) => !line.includes('No such file or directory'));
      if (refused.length > 0 || errnoOf(error) === 'ENOENT') throw failed(how, refused[0] ?? 'there is no program chattr', error);
    }
  }
}

function wordsOf(error: unknown): string[] {
  if (typeof error !== 'object' || error === null || !('stderr' in error)) return [];
  return String(error.stderr)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('chattr 1.'));
}

function failed(how: string, said: string, cause: unknown): SealdropError {
  return new SealdropError('archive-immutable', `chattr ${how} does not work on files of the archive: ${said}`, {
    disposition: 'wait',
    cure: 'It needs ext4, xfs, btrfs or another file system with this attribute, chattr (e2fsprogs), and the capability CAP_LINUX_IMMUTABLE (AmbientCapabilities= in the unit). Without them set archive.immutable to off.',
    cause,
  });
}
