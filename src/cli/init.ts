import { chmodSync, chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { configTemplate } from '../config/template.js';
import { diskFault } from '../disk/faults.js';
import { SealdropError } from '../errors.js';
import { spoolLayout } from '../spool/layout.js';
import { prepareSpool } from '../spool/prepare.js';
import { makeAuditIdentity } from './audit/identity.js';
import { type ArchiveWish, archiveChoice } from './init-archive.js';
import { note, print } from './output.js';
import { gidNamed, uidNamed } from './unix-names.js';

interface InitOptions extends ArchiveWish {
  readonly submitGroup?: string;
  readonly auditGroup?: string;
  readonly user?: string;
}

export function initCommand(): Command {
  return new Command('init')
    .description('Make a configuration with every default explained, a directory for keys, and the spool with the right modes.')
    .argument('<dir>', 'directory to make them in')
    .option('--submit-group <group>', 'unix group whose members may drop mail (default: nobody but the user)')
    .option('--audit-group <group>', 'unix group that may read archive and audit trail (default: nobody but the user)')
    .option('--user <user>', 'user that sealdrop will run as (default: you; another one needs root)')
    .option('--archive-encrypt-to <cert...>', 'certificates whose keys open the archive')
    .option('--archive-plaintext', 'keep the archive unencrypted')
    .addHelpText('after', help)
    .action((directory: string, options: InitOptions) => init(resolve(directory), options));
}

const help = `
Nothing that is there already is changed or overwritten. Whether the archive is
encrypted is asked on a terminal, if no option says it. The pickup directories
in the configuration are PowerMTA's usual ones: correct them. What is left to do
is said by "sealdrop doctor".

Example, as root:
  sealdrop init /etc/sealdrop --user sealdrop --submit-group sealdrop-submit \\
    --archive-encrypt-to compliance.crt`;

async function init(directory: string, { submitGroup, auditGroup, user, ...wish }: InitOptions): Promise<void> {
  const config = `${directory}/sealdrop.yaml`;
  const keys = `${directory}/keys`;
  const spool = `${directory}/spool`;
  if (existsSync(config)) throw alreadyThere(config);
  // Everything that can be wrong with the options is found before anything is made.
  const uid = user === undefined ? undefined : uidNamed(user);
  if (uid !== undefined && uid !== process.geteuid?.() && process.geteuid?.() !== 0) throw needsRoot(user ?? '');
  const submitGid = submitGroup === undefined ? undefined : gidNamed(submitGroup);
  const auditGid = auditGroup === undefined ? undefined : gidNamed(auditGroup);
  const choice = await archiveChoice(wish, new Date());

  makeDirectory(directory, 0o755, undefined);
  makeDirectory(keys, 0o700, uid);
  const audit = `${directory}/audit.pem`;
  const madeAudit = existsSync(audit) ? undefined : makeAuditIdentity(audit, { days: '3650', ...(user === undefined ? {} : { user }) });
  prepareSpool(spoolLayout(spool), { submitGid, auditGid, uid });
  const text = configTemplate({
    spool,
    keys,
    audit: { identity: audit },
    ...(submitGroup === undefined ? {} : { outbox: { group: submitGroup } }),
    archive: { ...(auditGroup === undefined ? {} : { group: auditGroup }), ...choice },
  });
  writeConfig(config, text);
  for (const made of [config, `${keys}/`, ...(madeAudit === undefined ? [] : [madeAudit.key, madeAudit.certificate]), `${spool}/`])
    print(made);
  const decided = Object.keys(choice).length > 0;
  const auditCertificate = audit.replace(/pem$/, 'crt');
  for (const line of nextSteps({ config, keys, auditCertificate, spool, submitGroup, user, decided })) note(line);
}

/** Modes are set apart from making, since the umask takes from them. A directory that is there is left as it is. */
function makeDirectory(path: string, mode: number, uid: number | undefined): void {
  if (existsSync(path)) return;
  try {
    mkdirSync(path, { recursive: true, mode });
    if (uid !== undefined) chownSync(path, uid, -1);
    chmodSync(path, mode);
  } catch (error) {
    throw diskFault(error, 'make', path);
  }
}

/** Readable by all: the user sealdrop runs as and whoever uses `send --queue` need it, and it holds no secret. */
function writeConfig(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o644 });
    chmodSync(path, 0o644);
  } catch (error) {
    throw diskFault(error, 'write', path);
  }
}

interface Made {
  readonly config: string;
  readonly keys: string;
  readonly auditCertificate: string;
  readonly spool: string;
  readonly submitGroup: string | undefined;
  readonly user: string | undefined;
  /** Whether the archive is encrypted has been said. */
  readonly decided: boolean;
}

function nextSteps({ config, keys, auditCertificate, spool, submitGroup, user, decided }: Made): string[] {
  const as = user === undefined ? '' : `sudo -u ${user} `;
  const steps = [
    `In ${config}, set the pickup directories of your MTA, or delivery.via: smtp.`,
    ...(submitGroup === undefined ? [] : ['There too, say under senders: which user or group may send as which address.']),
    `Keep a copy of ${auditCertificate} elsewhere: it verifies the checkpoints of the audit trail, which its key signs.`,
    ...(decided ? [] : ['Decide whether the archive is encrypted: archive.encryptTo, or archive.plaintext: true.']),
    `Put keys into ${keys}: <address>.p12 of senders, <address>.crt of recipients.`,
    `${as}sealdrop doctor -c ${config}    says what is left to do.`,
    `${as}sealdrop run -c ${config}    starts it; mail is dropped into ${spool}/outbox/.`,
  ];
  return ['', 'What to do next:', ...steps.map((step, index) => `  ${index + 1}. ${step}`)];
}

function alreadyThere(config: string): SealdropError {
  return new SealdropError('already-there', `${config} is there already; nothing was changed`, {
    disposition: 'fatal',
    cure: 'Edit it, or name another directory.',
  });
}

function needsRoot(user: string): SealdropError {
  return new SealdropError('no-access', `only root can make directories for ${user}`, {
    disposition: 'fatal',
    cure: `Run it as root, or as ${user} without --user.`,
  });
}
