import { SealdropError } from '../errors.js';

/**
 * What a failed system call means: a resource that comes back by itself is `wait` (intake pauses, I8), anything else that the disk
 * says is `fatal` for the step, since going on could lose mail.
 */
export function diskFault(error: unknown, doing: string, path: string): SealdropError {
  const code = errnoOf(error);
  const known = code === undefined ? undefined : reading.has(doing) && code === 'EACCES' ? unreadable : waits[code];
  const text = `cannot ${doing} ${path}: ${code ?? String(error)}`;
  if (known !== undefined)
    return new SealdropError(known.code, `${text} (${known.what})`, { disposition: 'wait', cure: known.cure, cause: error });
  return new SealdropError('disk-error', text, {
    disposition: 'fatal',
    cure: 'Look at the kernel log for this file system; sealdrop recovers from what is on disk at its next start.',
    cause: error,
  });
}

/** A failed fsync is never repeated on the same descriptor: the kernel may have dropped the pages (fsync(2), NOTES). */
export function fsyncFault(error: unknown, path: string): SealdropError {
  return new SealdropError('fsync-failed', `fsync of ${path} failed: ${errnoOf(error) ?? String(error)}`, {
    disposition: 'fatal',
    cure: 'Check the disk; sealdrop recovers from what is on disk at its next start.',
    cause: error,
  });
}

/** The errno name (`ENOSPC`) of a Node system error, if it is one. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

const full = { code: 'disk-full', what: 'no space left', cure: 'Free space on this file system; sealdrop goes on by itself.' };
const descriptors = {
  code: 'too-many-files',
  what: 'no file descriptors left',
  cure: 'Raise LimitNOFILE of the service; sealdrop goes on by itself.',
};
const access = {
  code: 'no-access',
  what: 'permission denied',
  cure: 'Give the user sealdrop runs as write and search permission there; sealdrop goes on by itself.',
};
/** Commands too read: the auditor's, or somebody's who is not allowed. */
const reading: ReadonlySet<string> = new Set(['read', 'open', 'list', 'look at']);
const unreadable = {
  ...access,
  cure: 'Give the user this runs as read permission there, or run the command as the user sealdrop runs as; a daemon goes on by itself.',
};
const missing = {
  code: 'directory-missing',
  what: 'the directory is not there',
  cure: 'Mount or make the directory; sealdrop goes on by itself.',
};

const waits: Readonly<Record<string, { code: string; what: string; cure: string }>> = {
  ENOSPC: full,
  EDQUOT: { ...full, what: 'disk quota exceeded' },
  EROFS: { code: 'read-only', what: 'the file system is read-only', cure: 'Mount it read-write; sealdrop goes on by itself.' },
  EMFILE: descriptors,
  ENFILE: descriptors,
  ENOMEM: { code: 'out-of-memory', what: 'no memory', cure: 'Free memory on this host; sealdrop goes on by itself.' },
  EACCES: access,
  EPERM: access,
  ENOENT: missing,
  ENOTDIR: missing,
  ESTALE: { ...missing, what: 'stale file handle' },
  ENODEV: missing,
  EAGAIN: { code: 'try-again', what: 'the system asks to try again', cure: 'Nothing to do; sealdrop tries again.' },
};
