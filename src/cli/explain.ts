import { statSync } from 'node:fs';
import { Command } from 'commander';
import { complianceRecipients, readComplianceCertificates } from '../archive/compliance.js';
import { announcedBy } from '../config/announced.js';
import { loadConfig } from '../config/load.js';
import { exitCodeOf, exitCodes } from '../daemon/exit-code.js';
import { revivedFault } from '../daemon/protocol.js';
import { Sealer, type Submitter } from '../daemon/worker/sealer.js';
import { Submitters } from '../daemon/worker/submitter.js';
import { KeyDirectory } from '../keys/key-directory.js';
import { type Explanation, explain } from './explain-facts.js';
import { explanationLines } from './explain-text.js';
import { readInput } from './input.js';
import { note, print, printJson } from './output.js';
import { uidNamed } from './unix-names.js';

interface ExplainOptions {
  readonly config: string;
  readonly as?: string;
  readonly json?: boolean;
}

export function explainCommand(ended: (exitCode: number) => void): Command {
  return new Command('explain')
    .description('Dry run: what would become of a message, and why. Nothing is written or sent.')
    .argument('<file>', 'the message, - for standard input')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--as <user>', 'user or uid who would submit it, for senders: (default: the owner of the file)')
    .option('--json', 'print facts as JSON')
    .addHelpText('after', help)
    .action(async (file: string, options: ExplainOptions) => ended(await run(file, options)));
}

const help = `
Shows the envelope and where it comes from, the identity that signs, for every
recipient the rule that decided and the certificate, the copies with their
algorithms, what of the header they hide, and way, the head of the pickup file, what changes in the bytes and
which control headers are dropped - or why the message would be refused.

Exit codes: 0 it would go out, 65 it would be held for a person, 75 it would
wait or be tried again, 78 the configuration is not valid.`;

async function run(file: string, options: ExplainOptions): Promise<number> {
  const config = loadConfig(options.config);
  const keys = new KeyDirectory(config.keys, { announced: announcedBy(config) });
  const original = await readInput(file);
  const submitter = config.senders === null ? undefined : submitterOf(file, options.as);
  const now = new Date();
  const archive = complianceRecipients(readComplianceCertificates(config.archive.encryptTo, now));
  const found = explain(original, { config, keys, sealer: new Sealer(config, keys, archive), submitter, now });
  if (options.json === true) printJson({ file, ...found });
  else for (const line of explanationLines(file, found)) print(line);
  note('Nothing was written or sent.');
  return exitCodeFor(found);
}

function exitCodeFor({ refused }: Explanation): number {
  return refused === undefined ? exitCodes.ok : exitCodeOf(revivedFault(refused));
}

/** The daemon binds a message to the owner of the dropped file, so the owner of this one stands for it unless another is named. */
function submitterOf(file: string, user: string | undefined): Submitter {
  const uid = user === undefined ? ownerOf(file) : uidNamed(user);
  return new Submitters().namesOf(uid, Date.now());
}

function ownerOf(file: string): number {
  return file === '-' ? (process.getuid?.() ?? 0) : statSync(file).uid;
}
