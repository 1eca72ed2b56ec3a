import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import type { Config } from '../../config/schema.js';
import type { SpoolLayout } from '../../spool/layout.js';
import { checkOutbox, gidOf } from '../../spool/prepare.js';
import { userName } from '../unix-names.js';
import { attempt, type Finding, fail, noteThat, ok, warn } from './finding.js';
import { closedAbove } from './modes.js';

/** Whether applications can drop mail, and nothing but drop it. */
export function outboxChecks(config: Config, layout: SpoolLayout): Finding[] {
  const doors = [layout.outbox, layout.outboxTmp, layout.outboxNew];
  if (!doors.every((path) => existsSync(path))) return [];
  const shared = doors.some((path) => (statSync(path).mode & 0o022) !== 0);
  const meant = shared ? 'is ours and sticky: others can drop their own mail and touch nothing else' : 'is ours alone';
  return [
    attempt('outbox', `${layout.outbox} ${meant}`, () => checkOutbox(layout, config.senders !== null)),
    ...(shared ? sharedChecks(config, layout, doors) : privateNotes(config)),
    noteThat(
      'outbox',
      `a file put straight into ${layout.outbox} is taken after ${config.outbox.settleMs} ms of quiet: that it is whole is a guess`,
      `Let applications write to ${layout.outboxTmp} and rename into ${layout.outboxNew}.`,
    ),
  ];
}

function privateNotes({ senders, outbox }: Config): Finding[] {
  const us = userName(process.geteuid?.() ?? 0);
  if (senders === null)
    return [
      noteThat(
        'outbox',
        `nobody but ${us} can drop mail`,
        `To let others: senders: in the configuration, then chgrp ${outbox.group} and chmod 3730.`,
      ),
    ];
  return [
    warn(
      'outbox',
      `senders: lets others send, but nobody but ${us} can drop mail`,
      `Run "chgrp ${outbox.group}" and "chmod 3730" on outbox, outbox/tmp and outbox/new.`,
    ),
  ];
}

function sharedChecks(config: Config, layout: SpoolLayout, doors: readonly string[]): Finding[] {
  const gid = gidOf(config.outbox.group);
  const findings: Finding[] = [];
  if (gid === undefined)
    findings.push(
      warn(
        'outbox',
        `there is no group ${config.outbox.group}`,
        `Run "groupadd --system ${config.outbox.group}" and put the applications' users in it.`,
      ),
    );
  for (const path of doors) {
    const stats = statSync(path);
    if (gid !== undefined && stats.gid !== gid)
      findings.push(
        warn('outbox', `${path} does not belong to the group ${config.outbox.group}`, `Run "chgrp ${config.outbox.group} ${path}".`),
      );
    if (!groupMayDrop(path))
      findings.push(
        fail('outbox', `an ACL keeps the group of ${path} from dropping mail, whatever its mode says`, `Run "setfacl -m g::wx ${path}".`),
      );
    if ((stats.mode & 0o044) !== 0) findings.push(warn('outbox', `others can list what lies in ${path}`, `Run "chmod 3730 ${path}".`));
  }
  const blocked = closedAbove(layout.outbox);
  if (blocked !== undefined)
    findings.push(
      warn(
        'outbox',
        `applications cannot reach the outbox: ${blocked} is closed to them`,
        `Run "chmod o+x ${blocked}", or move the spool.`,
      ),
    );
  return [...findings, ...aclChecks(doors)];
}

/** With an ACL the group bits of the mode show its mask, not what the group may do (acl(5)). */
function groupMayDrop(path: string): boolean {
  const run = spawnSync('getfacl', ['-acnp', '--', path], { encoding: 'utf8' });
  const entry = run.status === 0 ? /^group::(...)/m.exec(run.stdout)?.[1] : undefined;
  return entry === undefined || entry.endsWith('wx');
}

/** Without a default ACL that names us, a program with umask 077 drops files that we cannot read. */
function aclChecks(doors: readonly string[]): Finding[] {
  const us = process.geteuid?.() ?? 0;
  const without = doors.filter((path) => {
    const run = spawnSync('getfacl', ['-dcnp', '--', path], { encoding: 'utf8' });
    return run.status !== 0 || !new RegExp(`^user:${us}:r`, 'm').test(run.stdout);
  });
  const limit = 'A program that creates with mode 0600 by itself still has to chmod, or to use "sealdrop send --queue".';
  if (without.length === 0) return [ok('outbox', 'a default ACL lets sealdrop read what is dropped, whatever the umask')];
  return [
    warn(
      'outbox',
      `files that programs with umask 077 drop cannot be read: ${without.join(', ')} ${without.length === 1 ? 'has' : 'have'} no default ACL for ${userName(us)}`,
      `Install the package acl and run "setfacl -d -m u::rw,u:${us}:r,g::-,o::-,m::rwx ${without.join(' ')}". ${limit}`,
    ),
  ];
}
