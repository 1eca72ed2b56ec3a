import { spawnSync } from 'node:child_process';
import { existsSync, statfsSync, statSync } from 'node:fs';
import type { Config } from '../../config/schema.js';
import type { SpoolLayout } from '../../spool/layout.js';
import { checkOutbox, checkVolatile, gidOf } from '../../spool/prepare.js';
import { attempt, type Finding, fail, noteThat, ok, warn } from './finding.js';

const lowBytes = 1024 ** 3;

/** Directories, modes and room of the spool. */
export function spoolChecks(config: Config, layout: SpoolLayout): Finding[] {
  if (!existsSync(layout.outboxNew)) {
    return [noteThat('spool', `${layout.root} is not made yet`, 'Nothing to do: "sealdrop run" makes it, and "sealdrop init" too.')];
  }
  const shared = (statSync(layout.outboxNew).mode & 0o022) !== 0;
  return [
    attempt(
      'outbox',
      `${layout.outbox} is ours${shared ? ', sticky, and senders: says who may send as whom' : ', and nobody else may write to it'}`,
      () => checkOutbox(layout, config.senders !== null),
    ),
    ...(shared ? [aclCheck(layout)] : []),
    ...modeChecks(layout),
    attempt('spool', `${layout.root} is on a disk`, () => checkVolatile(layout.root, config.allowVolatile)),
    roomCheck(layout.root),
    ...groupChecks(config),
    noteThat(
      'outbox',
      `a file put straight into ${layout.outbox} is taken when it was quiet for ${config.outbox.settleMs} ms, which is a guess`,
      `Let applications write to ${layout.outboxTmp} and rename into ${layout.outboxNew}.`,
    ),
  ];
}

/** What no submitter may see or change. */
function modeChecks(layout: SpoolLayout): Finding[] {
  const findings = [layout.work, layout.retry, layout.quarantine, layout.audit]
    .filter((path) => existsSync(path) && (statSync(path).mode & 0o077) !== 0)
    .map((path) => fail('modes', `others may look into ${path}`, `Run "chmod 700 ${path}".`));
  if (existsSync(layout.archive) && (statSync(layout.archive).mode & 0o027) !== 0) {
    findings.push(fail('modes', `others may look into or change ${layout.archive}`, `Run "chmod 2750 ${layout.archive}".`));
  }
  return findings.length > 0 ? findings : [ok('modes', 'work, retry, quarantine, audit and archive are closed to others')];
}

/** Without a default ACL a program with umask 077 drops files that sealdrop cannot read. */
function aclCheck(layout: SpoolLayout): Finding {
  const run = spawnSync('getfacl', ['-dcn', layout.outboxNew], { encoding: 'utf8' });
  if (run.status === 0 && /^user:\d+:r/m.test(run.stdout))
    return ok('outbox', 'a default ACL lets sealdrop read what is dropped, whatever the umask');
  const us = process.geteuid?.() ?? 0;
  return warn(
    'outbox',
    'there is no default ACL: files of programs with umask 077 cannot be read',
    `Install the package acl and run "setfacl -d -m u::rw,u:${us}:r,g::-,o::-,m::rwx ${layout.outbox} ${layout.outboxTmp} ${layout.outboxNew}".`,
  );
}

function roomCheck(path: string): Finding {
  const { bavail, bsize, ffree, files } = statfsSync(path);
  const free = bavail * bsize;
  if (free < lowBytes)
    return warn(
      'disk',
      `only ${Math.round(free / 1024 ** 2)} MiB are free for ${path}`,
      'Free space; intake pauses when the disk is full, and nothing is lost.',
    );
  if (files > 0 && ffree / files < 0.02)
    return warn('disk', `only ${ffree} inodes are free for ${path}`, 'Remove small files, or make the file system with more inodes.');
  return ok('disk', `${(free / 1024 ** 3).toFixed(1)} GiB are free for ${path}`);
}

function groupChecks(config: Config): Finding[] {
  const findings: Finding[] = [];
  if (config.senders !== null && gidOf(config.outbox.group) === undefined) {
    findings.push(
      warn(
        'groups',
        `there is no group ${config.outbox.group}: nobody but sealdrop's own user can drop mail`,
        `Run "groupadd --system ${config.outbox.group}" before the spool is made.`,
      ),
    );
  }
  if (gidOf(config.archive.group) === undefined) {
    findings.push(
      noteThat(
        'groups',
        `there is no group ${config.archive.group}: only sealdrop's own user can read the archive`,
        `Run "groupadd --system ${config.archive.group}" before the spool is made, if auditors shall read it.`,
      ),
    );
  }
  return findings;
}
