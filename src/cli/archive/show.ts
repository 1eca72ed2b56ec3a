import { createHash } from 'node:crypto';
import { Command, Option } from 'commander';
import type { OpenEntry } from '../../archive/decrypt.js';
import { findEntry, readOriginal } from '../../archive/entry.js';
import { LocatedRecords } from '../../audit/located.js';
import { loadConfig } from '../../config/load.js';
import { printable } from '../../delivery/printable.js';
import { SealdropError } from '../../errors.js';
import { accountOf, type MessageAccount } from '../../export/account.js';
import { findHeader } from '../../message/message-start.js';
import { isMessageId, timeOfMessageId } from '../../message-id.js';
import { type SpoolLayout, spoolLayout } from '../../spool/layout.js';
import { print, printJson, writeBytes } from '../output.js';
import { destroyedMessage } from './destroyed-message.js';
import { factsLines } from './facts-text.js';
import { keyHelp, keyOption, opener } from './key.js';

interface ShowOptions {
  readonly config: string;
  readonly key?: string;
  readonly headers?: boolean;
  readonly facts?: boolean;
  readonly json?: boolean;
}

export function archiveShow(): Command {
  return new Command('show')
    .description('Write an original to standard output, octet for octet as it was submitted; or what is known of it.')
    .argument('<id>', 'message id: in the name of the pickup file, in x-envid, in "sealdrop audit list"')
    .requiredOption('-c, --config <file>', 'configuration file')
    .addOption(keyOption())
    .option('--headers', 'its header alone, made safe for a terminal')
    .addOption(new Option('--facts', 'what trail and archive tell of it').conflicts('headers'))
    .option('--json', 'with --facts: as JSON')
    .addHelpText('after', help)
    .action(async (id: string, options: ShowOptions) => {
      const layout = spoolLayout(loadConfig(options.config).spool);
      if (!isMessageId(id)) throw unknown(id, 'is not a message id');
      const open = opener(options.key);
      if (options.facts === true || options.json === true) showFacts(layout, id, open, options.json === true);
      else if (options.headers === true) for (const line of headerLines(original(layout, id, open))) print(line);
      else await writeBytes(original(layout, id, open));
    });
}

const help = `
--facts shows who submitted it, the envelope, for every recipient the rule that
decided and the certificate, the copies with their algorithms, how they were
handed over and what servers said, where the original is and whether it is
what was accepted, and its records by number.
${keyHelp}
Examples:
  sealdrop archive show 019ab0c1-2d3e-7f40-8a51-b263c4d5e6f7 --facts -c sealdrop.yaml
  sealdrop archive show 019ab0c1-2d3e-7f40-8a51-b263c4d5e6f7 -c sealdrop.yaml --key compliance.p12 > original.eml

Exit codes: 0 written, 64 there is no such message, 65 the key does not open it.`;

function showFacts(layout: SpoolLayout, id: string, open: OpenEntry | undefined, json: boolean): void {
  const records = new LocatedRecords(layout.audit, new Set([id]), timeOfMessageId(id));
  const account = accountOf(id, records.of(id));
  records.close();
  const found = judged(layout.archive, account, open);
  if (account.records.length === 0 && found.state === 'missing') throw unknown(id, 'is neither in the archive nor in the audit trail');
  if (json) printJson({ ...account, original: found });
  else for (const line of factsLines(account, { text: found.text, good: found.state === 'unchanged' })) print(line);
}

interface Judged {
  readonly state: 'unchanged' | 'altered' | 'missing' | 'encrypted' | 'unreadable' | 'no-record';
  readonly text: string;
  readonly sizeBytes?: number;
  readonly sha256?: string;
}

/** The original as it is now, held against what was recorded. */
function judged(archive: string, { id, accepted }: MessageAccount, open: OpenEntry | undefined): Judged {
  const entry = findEntry(archive, id);
  if (entry === undefined) return { state: 'missing', text: 'not in the archive' };
  let bytes: Buffer;
  try {
    bytes = readOriginal(archive, entry, open);
  } catch (error) {
    if (!(error instanceof SealdropError) || !error.code.startsWith('archive-')) throw error;
    return { state: error.code === 'archive-encrypted' ? 'encrypted' : 'unreadable', text: error.message };
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const facts = { sizeBytes: bytes.length, sha256 };
  if (accepted === undefined)
    return { state: 'no-record', text: `in the archive, ${bytes.length} bytes; no record of its hash is left`, ...facts };
  return sha256 === accepted.sha256
    ? { state: 'unchanged', text: 'in the archive, octet for octet what was accepted', ...facts }
    : { state: 'altered', text: `ALTERED: its SHA-256 is ${sha256}`, ...facts };
}

function original({ archive, audit }: SpoolLayout, id: string, open: OpenEntry | undefined): Buffer {
  const entry = findEntry(archive, id);
  if (entry === undefined) throw destroyedMessage(audit, id) ?? unknown(id, `is not in the archive ${archive}`);
  return readOriginal(archive, entry, open);
}

function headerLines(bytes: Buffer): string[] {
  const { start, end } = findHeader(bytes);
  return bytes
    .toString('utf8', start, end)
    .split('\n')
    .map((line) => printable(line.replace(/\r$/, '')));
}

function unknown(id: string, what: string): SealdropError {
  return new SealdropError('no-such-message', `${printable(id)} ${what}`, {
    disposition: 'fatal',
    cure: 'Look the id up with "sealdrop audit list"; it looks like 019ab0c1-2d3e-7f40-8a51-b263c4d5e6f7.',
  });
}
