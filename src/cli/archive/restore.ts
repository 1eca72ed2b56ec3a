import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { complianceRecipients, readComplianceCertificates } from '../../archive/compliance.js';
import type { OpenEntry } from '../../archive/decrypt.js';
import { LocatedRecords } from '../../audit/located.js';
import { announcedBy } from '../../config/announced.js';
import { loadConfig } from '../../config/load.js';
import type { Config } from '../../config/schema.js';
import { exitCodeOf, exitCodes } from '../../daemon/exit-code.js';
import { revivedFault } from '../../daemon/protocol.js';
import { Sealer } from '../../daemon/worker/sealer.js';
import { Submitters } from '../../daemon/worker/submitter.js';
import { SealdropError } from '../../errors.js';
import { readExhibit } from '../../export/exhibit.js';
import { isTrailReadable } from '../../export/survey.js';
import { KeyDirectory } from '../../keys/key-directory.js';
import { withRestoredLine } from '../../message/restored.js';
import { isMessageId, timeOfMessageId } from '../../message-id.js';
import { type SpoolLayout, spoolLayout } from '../../spool/layout.js';
import { type ExplainWorld, type Explanation, explain } from '../explain-facts.js';
import { explanationLines } from '../explain-text.js';
import { note, print, printJson } from '../output.js';
import { queueMessage, queueName } from '../send-queue.js';
import { keyHelp, keyOption, opener } from './key.js';
import { mayRecord, record } from './recorder.js';

interface RestoreOptions {
  readonly config: string;
  readonly key?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function archiveRestore(ended: (exitCode: number) => void): Command {
  return new Command('restore')
    .description('Send archived messages again: each goes back into the outbox, as a new message that refers to the old one.')
    .argument('<id...>', 'message ids')
    .requiredOption('-c, --config <file>', 'configuration file')
    .addOption(keyOption())
    .option('--dry-run', 'show what would go to whom, and end')
    .option('--yes', 'do not ask')
    .option('--json', 'print facts as JSON')
    .addHelpText('after', help)
    .action(async (ids: string[], options: RestoreOptions) => ended(await run(ids, options)));
}

const help = `
Shows first what would go to whom, by today's rules, keys and certificates, and
asks. The original is held against what was recorded; one that was altered is
not sent. The new message is yours: senders: is held against your user.

It carries a line x-sealdrop-restored with the old id, which never leaves this
host and stands in the new message's records. Recorded in the audit trail.
${keyHelp}
Example:
  sealdrop archive restore 019ab0c1-2d3e-7f40-8a51-b263c4d5e6f7 --dry-run -c sealdrop.yaml`;

interface Restorable {
  readonly id: string;
  readonly bytes: Buffer;
  readonly explanation: Explanation;
}

async function run(ids: readonly string[], options: RestoreOptions): Promise<number> {
  const config = loadConfig(options.config);
  const layout = spoolLayout(config.spool);
  const open = opener(options.key);
  const world = explainWorld(config);
  const messages = [...new Set(ids)].map((id) => restorable(id, layout, open, world));
  if (options.json !== true) {
    for (const { id, explanation } of messages) for (const line of [...explanationLines(`${id} restored`, explanation), '']) print(line);
  }
  const refused = messages.find(({ explanation }) => explanation.refused !== undefined)?.explanation.refused;
  const files: string[] = [];
  if (refused !== undefined) note('Nothing is sent: a message would be held or wait.');
  else if (options.dryRun === true) note('Nothing was written or sent.');
  else if (await isWanted(messages, options.yes === true)) {
    for (const message of messages) files.push(await restore(message, config, layout));
  } else note('Nothing was written or sent.');
  if (options.json === true) printJson(messages.map(({ id, explanation }, index) => ({ id, file: files[index] ?? null, ...explanation })));
  else for (const file of files) print(file);
  return refused === undefined ? exitCodes.ok : exitCodeOf(revivedFault(refused));
}

/** Recorded first: killed in between, a record says that it was to be, and the outbox has nothing. */
async function restore({ id, bytes }: Restorable, config: Config, layout: SpoolLayout): Promise<string> {
  const name = queueName(`restored-${id}.eml`);
  if (mayRecord(layout)) await record(layout, { event: 'restored', id, detail: { by: process.getuid?.() ?? 0, file: name } });
  else note(`${id}: not recorded as restored, for you may not write into the audit trail; the new message's records name it.`);
  return queueMessage(bytes, name, config, name);
}

function restorable(id: string, layout: SpoolLayout, open: OpenEntry | undefined, world: ExplainWorld): Restorable {
  if (!isMessageId(id)) throw noMessage(id, 'it is not a message id');
  const trail = isTrailReadable(layout.audit) ? new LocatedRecords(layout.audit, new Set([id]), timeOfMessageId(id)) : undefined;
  const found = readExhibit(id, trail?.of(id) ?? [], { archive: layout.archive, open, asStored: false });
  trail?.close();
  if ('problem' in found) throw found.problem.kind === 'altered' ? altered(id, found.problem.text) : noMessage(id, found.problem.text);
  const bytes = withRestoredLine(found.exhibit.bytes, id);
  return { id, bytes, explanation: explain(bytes, world) };
}

/** The person who runs this is who submits. */
function explainWorld(config: Config): ExplainWorld {
  const now = new Date();
  const keys = new KeyDirectory(config.keys, { announced: announcedBy(config) });
  const archive = complianceRecipients(readComplianceCertificates(config.archive.encryptTo, now));
  const submitter = config.senders === null ? undefined : new Submitters().namesOf(process.getuid?.() ?? 0, now.getTime());
  return { config, keys, sealer: new Sealer(config, keys, archive), submitter, now };
}

async function isWanted(messages: readonly Restorable[], yes: boolean): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) throw needsYes();
  const recipients = new Set(messages.flatMap(({ explanation }) => explanation.envelope?.recipients ?? []));
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asking.question(
    `Send ${messages.length === 1 ? 'this message' : `these ${messages.length} messages`} again, to ${recipients.size} recipient${recipients.size === 1 ? '' : 's'}? [y/N] `,
  );
  asking.close();
  return /^y(es)?$/i.test(answer.trim());
}

function needsYes(): SealdropError {
  return new SealdropError('usage', 'to restore means to send mail again, and nobody is there to be asked', {
    disposition: 'fatal',
    cure: 'Look with --dry-run, then say --yes.',
  });
}

function altered(id: string, text: string): SealdropError {
  return new SealdropError('archive-altered', `${id}: ${text}`, {
    disposition: 'quarantine',
    cure: 'Run `sealdrop audit verify`, and take the file from the second location or from a backup.',
  });
}

function noMessage(id: string, why: string): SealdropError {
  return new SealdropError('no-such-message', `${JSON.stringify(id.slice(0, 60))} cannot be restored: ${why}`, {
    disposition: 'fatal',
    cure: 'Look the id up with "sealdrop audit list"; it looks like 019ab0c1-2d3e-7f40-8a51-b263c4d5e6f7.',
  });
}
