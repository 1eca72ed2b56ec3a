import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { checkpointDirectory } from '../../audit/checkpoint/files.js';
import type { Config } from '../../config/schema.js';
import { mayGiveTo } from '../../spool/group-membership.js';
import type { SpoolLayout } from '../../spool/layout.js';
import { isLocked } from '../../spool/lock.js';
import { gidOf } from '../../spool/prepare.js';
import { userName } from '../unix-names.js';
import { groupsOfDaemon } from './daemon-process.js';
import { type Finding, fail, noteThat, ok, warn } from './finding.js';
import { aclRights, closedAbove, groupMay, modeText, ownedOf } from './modes.js';

/**
 * Separation of duties: who reads archive and audit trail cannot change them, does not read the keys, and is nobody who drops mail. Modes are
 * judged, never changed.
 */
export function dutiesChecks(config: Config, layout: SpoolLayout, configPath: string): Finding[] {
  const { group } = config.archive;
  const gid = gidOf(group);
  if (gid === undefined) return [noGroup(group, layout)];
  const auditors = { group, gid };
  const findings = [
    ...membershipChecks(auditors, layout),
    ...submitterChecks(auditors, config),
    ...writeChecks(auditors, config, layout, configPath),
    ...keyChecks(auditors, config),
  ];
  const separated = ok('duties', `members of ${group} can change nothing of sealdrop's, and do not read its keys`);
  return [...(findings.length === 0 ? [separated] : findings), ...readChecks(auditors, layout, configPath)];
}

interface Auditors {
  readonly group: string;
  readonly gid: number;
}

function noGroup(group: string, { archive, audit }: SpoolLayout): Finding {
  return noteThat(
    'duties',
    `there is no group ${group}: nobody but the service reads archive and audit trail`,
    `If auditors are to: groupadd --system ${group}, put the service's user and theirs in it, and ${openingOf(group, archive, audit)}`,
  );
}

/** sealdrop gives what it archives to the group, and does not start where it may not. */
function membershipChecks({ group, gid }: Auditors, { lockFile }: SpoolLayout): Finding[] {
  if (mayGiveTo(gid) || (isLocked(lockFile) && groupsOfDaemon(lockFile).includes(gid))) return [];
  const us = userName(process.geteuid?.() ?? 0);
  return [
    fail(
      'duties',
      `${us} is not in the group ${group}: unless its unit says so, sealdrop does not start (archive-group-not-ours)`,
      `Name ${group} in SupplementaryGroups= of the unit, or run "usermod --append --groups ${group} ${us}".`,
    ),
  ];
}

function submitterChecks({ group, gid }: Auditors, { senders, outbox }: Config): Finding[] {
  const submitGid = gidOf(outbox.group);
  if (senders === null || submitGid === undefined) return [];
  if (submitGid === gid) {
    const cure = `Use two groups: outbox.group for who drops mail, archive.group for who reads what became of it.`;
    return [
      fail('duties', `${group} is both outbox.group and archive.group: applications could read everybody's mail in the archive`, cure),
    ];
  }
  const us = userName(process.geteuid?.() ?? 0);
  const both = membersOf(outbox.group).filter((name) => name !== us && membersOf(group).includes(name));
  if (both.length === 0) return [];
  const text = `${both.join(', ')} can drop mail (${outbox.group}) and read everybody's in the archive (${group})`;
  return [warn('duties', text, `If an application runs so: gpasswd --delete ${both[0]} ${group}`)];
}

/** Members by their account's group list; those whose primary group it is are not told. */
function membersOf(group: string): string[] {
  const run = spawnSync('getent', ['group', group], { encoding: 'utf8' });
  const list = run.status === 0 ? run.stdout.trim().split(':')[3] : undefined;
  return list === undefined || list === '' ? [] : list.split(',');
}

function writeChecks({ group, gid }: Auditors, { keys, delivery }: Config, layout: SpoolLayout, configPath: string): Finding[] {
  const { pickup } = delivery;
  const { root, work, claimed, sealed, again, retry, quarantine, refused, archive, audit } = layout;
  const ours = [root, work, claimed, sealed, again, retry, quarantine, refused, keys, configPath, dirname(configPath)];
  const mta = pickup === undefined ? [] : [pickup.directory, pickup.staging, pickup.bad];
  const kept = [...directoriesBelow(archive, 4), ...directoriesBelow(audit, 1), ...filesIn(audit)];
  return [...new Set([...ours, ...mta, ...kept])]
    .filter((path) => groupMay(path, gid, 'w'))
    .map((path) => {
      const by = aclRights(path, gid)?.includes('w') === true ? `setfacl -x g:${gid} ${path}` : `chmod g-w,o-w ${path}`;
      return fail('duties', `members of ${group} may write to ${path}${modeOf(path)}`, `Run "${by}".`);
    });
}

function keyChecks({ group, gid }: Auditors, { keys }: Config): Finding[] {
  // Every user may look into it: said where the keys are looked at.
  if (((ownedOf(keys)?.mode ?? 0) & 0o004) !== 0 || !groupMay(keys, gid, 'r')) return [];
  return [
    fail(
      'duties',
      `members of ${group} may look into ${keys}${modeOf(keys)}`,
      `Run "chgrp ${process.getegid?.() ?? 0} ${keys}" and "chmod 700 ${keys}".`,
    ),
  ];
}

/** Whether auditors can do their work: the commands need the configuration, archive and audit trail, and nothing else. */
function readChecks({ group, gid }: Auditors, { archive, audit }: SpoolLayout, configPath: string): Finding[] {
  const closed = [archive, audit, checkpointDirectory(audit)].filter(
    (path) => existsSync(path) && !(groupMay(path, gid, 'r') && groupMay(path, gid, 'x')),
  );
  const findings = closed.map((path) =>
    noteThat('duties', `members of ${group} cannot read ${path}${modeOf(path)}`, `If they are to: ${openingOf(group, archive, audit)}`),
  );
  if (!groupMay(configPath, gid, 'r')) {
    const cure = `Run "chmod a+r ${configPath}"; it holds no secret.`;
    findings.push(noteThat('duties', `members of ${group} cannot read ${configPath}, which their commands need`, cure));
  }
  const blocked = existsSync(archive) ? (closedAbove(archive, gid) ?? closedAbove(configPath, gid)) : undefined;
  if (blocked !== undefined)
    findings.push(
      noteThat('duties', `members of ${group} cannot pass through ${blocked}`, `If auditors are to read beneath: chmod o+x ${blocked}`),
    );
  return findings;
}

/** For directories and files that were made when there was no such group, or by an older version. torn/ stays closed by its own mode. */
function openingOf(group: string, archive: string, audit: string): string {
  return [
    `chgrp -R ${group} ${archive} ${audit}`,
    `find ${archive} -type d -exec chmod 2750 {} +`,
    `find ${audit} -type d ! -name torn -exec chmod 2750 {} +`,
    `find ${audit} -type f -exec chmod g+r,g-w,o= {} +`,
  ].join(' && ');
}

function modeOf(path: string): string {
  const found = ownedOf(path);
  return found === undefined ? '' : ` (mode ${modeText(found)})`;
}

/** Itself and those beneath, so many levels deep: the years, months and days of an archive are few, its files are not looked at. */
function directoriesBelow(path: string, levels: number): string[] {
  return [path, ...(levels === 0 ? [] : entries(path, true).flatMap((each) => directoriesBelow(each, levels - 1)))];
}

function filesIn(path: string): string[] {
  return entries(path, false);
}

function entries(path: string, directories: boolean): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() === directories)
      .map(({ name }) => `${path}/${name}`);
  } catch {
    return []; // Not made yet, or not ours to look into, which is said elsewhere.
  }
}
