import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { configTemplate } from '../config/template.js';
import { SealdropError } from '../errors.js';
import { spoolLayout } from '../spool/layout.js';
import { gidOf, prepareSpool } from '../spool/prepare.js';
import { note, print } from './output.js';

interface InitFlags {
  readonly submitGroup?: string;
  readonly auditGroup?: string;
  readonly user?: string;
}

export function initCommand(): Command {
  return new Command('init')
    .description('Make a configuration file with every default explained, a keys directory, and the spool with the right modes.')
    .argument('<dir>', 'directory to make them in')
    .option('--submit-group <group>', 'unix group whose members may drop mail (default: nobody but you)')
    .option('--audit-group <group>', 'unix group that may read the archive (default: nobody but you)')
    .option('--user <user>', 'user that sealdrop will run as; needs root')
    .addHelpText('after', '\nNothing that is there already is changed.')
    .action((directory: string, flags: InitFlags) => init(resolve(directory), flags));
}

function init(directory: string, { submitGroup, auditGroup, user }: InitFlags): void {
  const config = `${directory}/sealdrop.yaml`;
  const paths = { keys: `${directory}/keys`, spool: `${directory}/spool` };
  if (existsSync(config))
    throw new SealdropError('already-there', `${config} is there already`, {
      disposition: 'fatal',
      cure: 'Edit it, or name another directory.',
    });
  const uid = uidOf(user);
  const submitGid = groupNamed(submitGroup);
  const auditGid = groupNamed(auditGroup);
  mkdirSync(directory, { recursive: true });
  mkdirSync(paths.keys, { recursive: true, mode: 0o700 });
  if (uid !== undefined) chownSync(paths.keys, uid, -1);
  prepareSpool(spoolLayout(paths.spool), { submitGid, auditGid, uid });
  writeFileSync(config, configTemplate(valuesFor(paths, { submitGroup, auditGroup })), { flag: 'wx', mode: 0o640 });
  print(`Made ${config}, ${paths.keys} and ${paths.spool}.`);
  note('Next:');
  note(
    `  1. In ${config}, set delivery.pickup to the MTA's directories (or delivery.via: smtp)${submitGroup === undefined ? '' : ', and say in senders: who may send as whom'}.`,
  );
  note(`  2. Put keys and certificates into ${paths.keys}: <address>.p12 for senders, <address>.crt for recipients.`);
  note(`  3. sealdrop doctor -c ${config}`);
  note(`  4. sealdrop run -c ${config}`);
}

function valuesFor(paths: { keys: string; spool: string }, groups: { submitGroup: string | undefined; auditGroup: string | undefined }) {
  const { submitGroup, auditGroup } = groups;
  return {
    spool: paths.spool,
    keys: paths.keys,
    ...(submitGroup === undefined ? {} : { outbox: { group: submitGroup } }),
    ...(auditGroup === undefined ? {} : { archive: { group: auditGroup } }),
  };
}

function groupNamed(name: string | undefined): number | undefined {
  if (name === undefined) return undefined;
  const gid = gidOf(name);
  if (gid !== undefined) return gid;
  throw new SealdropError('no-such-group', `there is no group ${name}`, {
    disposition: 'fatal',
    cure: `Make it with "groupadd --system ${name}".`,
  });
}

function uidOf(user: string | undefined): number | undefined {
  if (user === undefined) return undefined;
  const run = spawnSync('id', ['-u', user], { encoding: 'utf8' });
  if (run.status === 0) return Number(run.stdout);
  throw new SealdropError('no-such-user', `there is no user ${user}`, {
    disposition: 'fatal',
    cure: `Make it with "useradd --system ${user}".`,
  });
}
