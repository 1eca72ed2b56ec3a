import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { syncDirectory } from '../disk/durable.js';
import { diskFault } from '../disk/faults.js';
import { isVolatile } from '../disk/volatile.js';
import { SealdropError } from '../errors.js';
import type { SpoolLayout } from './layout.js';

export interface SpoolOwnership {
  /** Group whose members may drop mail; undefined: nobody but us. */
  readonly submitGid: number | undefined;
  /** Group that may read archive and audit trail; undefined: nobody but us. */
  readonly auditGid: number | undefined;
  /** User the directories are for, when root makes them; undefined: us. */
  readonly uid?: number | undefined;
}

/**
 * Makes the spool's directories where they are missing, with the modes of docs/security.md: applications can create and rename their own
 * files in the outbox, and nothing else. Directories that are there are not changed, only judged by `checkOutbox`.
 */
export function prepareSpool(layout: SpoolLayout, { submitGid, auditGid, uid }: SpoolOwnership): void {
  makeRoot(layout.root, uid);
  const submit = submitGid === undefined ? 0o700 : 0o3730;
  for (const path of [layout.outbox, layout.outboxTmp, layout.outboxNew]) {
    if (make(path, submit, uid, submitGid) && submitGid !== undefined) readableUnderAnyUmask(path, submit, uid);
  }
  const ours = [layout.work, layout.claimed, layout.sealed, layout.again, layout.retry, layout.quarantine, layout.refused];
  for (const path of ours) make(path, 0o700, uid, undefined);
  // Set-group-ID: what is made in them belongs to the auditors' group by itself.
  for (const path of [layout.archive, layout.audit, layout.index]) make(path, auditGid === undefined ? 0o700 : 0o2750, uid, auditGid);
  syncDirectory(layout.root);
}

/**
 * Refuses an outbox in which others could replace or delete what somebody else dropped: it must be ours, and sticky if others may write
 * (a sticky directory's owner is who may rename foreign files out of it).
 */
export function checkOutbox(layout: SpoolLayout, hasSenders: boolean): void {
  const us = process.geteuid?.() ?? 0;
  for (const path of [layout.outbox, layout.outboxTmp, layout.outboxNew]) {
    const { uid, mode } = statSync(path);
    if (uid !== us)
      throw refuse('outbox-not-ours', `${path} belongs to uid ${uid}, sealdrop runs as uid ${us}`, `Run "chown ${us} ${path}".`);
    const shared = (mode & 0o022) !== 0;
    if (shared && (mode & 0o1000) === 0) {
      throw refuse(
        'outbox-not-sticky',
        `others may write to ${path} and it is not sticky, so they could replace or delete each other's mail`,
        `Run "chmod 3730 ${path}".`,
      );
    }
    if (shared && !hasSenders) {
      const cure = 'Add `senders:` to the configuration to say which user may send as which address, or "chmod 700" the outbox.';
      throw refuse('senders-missing', `others may write to ${path}, and nothing says who may send as whom`, cure);
    }
  }
}

/** Mail accepted onto a RAM disk is gone with the power (I2). */
export function checkVolatile(path: string, allowed: boolean): void {
  if (allowed || !isVolatile(path)) return;
  throw refuse(
    'volatile-directory',
    `${path} is on a file system that lives in memory`,
    'Move it to a disk, or set "allowVolatile: true" if losing mail on a power failure is acceptable.',
  );
}

/** The gid of a group name, or undefined if there is no such group. Asked from getent(1), which knows what NSS knows. */
export function gidOf(group: string): number | undefined {
  const run = spawnSync('getent', ['group', group], { encoding: 'utf8' });
  const gid = run.status === 0 ? run.stdout.split(':')[2] : undefined;
  return gid === undefined ? undefined : Number(gid);
}

/**
 * A default ACL that lets us read what is created in the directory, whatever the creator's umask: with one, the kernel does not apply
 * the umask at all (acl(5)). It cannot help where a program asks for 0600 itself. Without setfacl, health names files we cannot read.
 */
function readableUnderAnyUmask(path: string, mode: number, uid: number | undefined): void {
  const us = uid ?? process.geteuid?.() ?? 0;
  // A door in the outbox has inherited the outbox's default ACL as its own, which would keep the group out whatever its mode says.
  spawnSync('setfacl', ['-b', path], { stdio: 'ignore' });
  chmodSync(path, mode);
  spawnSync('setfacl', ['-d', '-m', `u::rw,u:${us}:r,g::-,o::-,m::rwx`, path], { stdio: 'ignore' });
}

function makeRoot(path: string, uid: number | undefined): void {
  if (existsSync(path)) return;
  try {
    mkdirSync(path, { recursive: true, mode: 0o711 });
    if (uid !== undefined) chownSync(path, uid, -1);
    chmodSync(path, 0o711);
  } catch (error) {
    throw diskFault(error, 'make', path);
  }
}

function make(path: string, mode: number, uid: number | undefined, gid: number | undefined): boolean {
  if (existsSync(path)) return false;
  try {
    mkdirSync(path, { mode: 0o700 });
    if (uid !== undefined || gid !== undefined) chownSync(path, uid ?? -1, gid ?? -1);
    chmodSync(path, mode);
    return true;
  } catch (error) {
    throw diskFault(error, 'make', path);
  }
}

function refuse(code: string, message: string, cure: string): SealdropError {
  return new SealdropError(code, message, { disposition: 'fatal', cure });
}
