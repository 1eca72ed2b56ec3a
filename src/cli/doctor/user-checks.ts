import { existsSync, statSync } from 'node:fs';
import { becomeOwnerOf } from '../service-user.js';
import { userName } from '../unix-names.js';
import { type Finding, noteThat, ok, warn } from './finding.js';

/**
 * Root may do everything, so what root finds says little of what the service will find. Root therefore becomes the spool's owner for the
 * rest of this process, with that user's groups, before anything else is looked at.
 */
export function becomeServiceUser(spool: string): Finding[] {
  const us = process.geteuid?.();
  if (us === undefined || !existsSync(spool)) return us === 0 ? [runsAsRoot()] : [];
  const { uid } = statSync(spool);
  if (uid === us) return us === 0 ? [runsAsRoot()] : [ok('user', `you are ${userName(us)}, to whom the spool belongs`)];
  const owner = userName(uid);
  if (us !== 0) {
    const cure = `Run "sudo -u ${owner} sealdrop doctor".`;
    return [warn('user', `the spool belongs to ${owner} and you are ${userName(us)}: what ${owner} will find is not known`, cure)];
  }
  becomeOwnerOf(spool);
  return [noteThat('user', `looked at as ${owner}, to whom the spool belongs`)];
}

function runsAsRoot(): Finding {
  return warn(
    'user',
    'sealdrop would run as root, and needs no root',
    'Make a user for it, and the spool with "sealdrop init DIR --user USER".',
  );
}
