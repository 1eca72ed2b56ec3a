import { Command } from 'commander';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { exitCodes } from '../daemon/exit-code.js';
import { plainFault } from '../daemon/protocol.js';
import { type SealedMessage, Sealer } from '../daemon/sealer.js';
import { Submitters } from '../daemon/submitter.js';
import { KeyDirectory } from '../keys/key-directory.js';
import { newMessageId } from '../message-id.js';
import { readMessageFile } from './message-file.js';
import { note, print, printJson } from './output.js';

export function explainCommand(ended: (exitCode: number) => void): Command {
  return new Command('explain')
    .description(
      'Dry run: what would become of a message - who gets which copy, by which rule, sealed how, sent which way - or why it is refused.',
    )
    .argument('<file>', 'message file, or - for standard input')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--uid <uid>', 'the user who would submit it, for senders: (default: you)', Number)
    .option('--json', 'print facts as JSON')
    .action((file: string, options: { config: string; uid?: number; json?: boolean }) => {
      ended(explain(file, loadConfig(options.config), options));
    });
}

interface CopyFacts {
  readonly recipients: readonly string[];
  readonly blind: boolean;
  readonly rule: string | null;
  readonly via: string;
  readonly sign: string;
  readonly encryptTo: readonly string[];
  readonly content: string | null;
  readonly sizeBytes: number;
  /** The envelope lines of the pickup file. */
  readonly head: string | null;
}

function explain(file: string, config: Config, options: { uid?: number; json?: boolean }): number {
  const keys = new KeyDirectory(config.keys);
  const sealer = new Sealer(config, keys);
  const now = new Date();
  let sealed: SealedMessage;
  try {
    keys.refresh();
    const submitter = config.senders === null ? undefined : new Submitters().namesOf(options.uid ?? process.getuid?.() ?? 0, now.getTime());
    sealed = sealer.seal(readMessageFile(file), newMessageId(now.getTime()), submitter, now);
  } catch (error) {
    const { code, message, disposition, cure } = plainFault(error);
    if (options.json === true) printJson({ refused: { code, message, disposition, cure } });
    else print(`${disposition === 'quarantine' ? 'Would be held' : 'Would wait'}: ${code}\n  ${message}\n  ${cure}`);
    return disposition === 'quarantine' ? exitCodes.badMessage : exitCodes.tryLater;
  }
  const { plan, changes, algorithms } = sealed;
  const copies = sealed.copies.map(({ plan: copy, seal }): CopyFacts => {
    const chunks = seal();
    return {
      recipients: copy.recipients,
      blind: copy.blind,
      rule: copy.rule,
      via: copy.via,
      sign: copy.sign,
      encryptTo: copy.encryptTo,
      content: copy.encryptTo.length > 0 ? copy.content : null,
      sizeBytes: chunks.reduce((sum, chunk) => sum + chunk.length, 0),
      head: copy.via === 'pickup' ? (chunks[0]?.toString('latin1') ?? null) : null,
    };
  });
  if (options.json === true) {
    printJson({ sender: plan.sender, identity: plan.from, decisions: plan.decisions, copies, changes, dropped: plan.dropped, algorithms });
    return exitCodes.ok;
  }
  print(`Envelope sender  ${plan.sender === '' ? '<> (the null sender)' : plan.sender}`);
  print(`Identity         ${plan.from}${sealed.signer === undefined ? '' : `  (certificate ${sealed.signer.slice(0, 16)}…)`}`);
  print(`Algorithms       ${algorithms === '' ? 'none' : algorithms}`);
  print('\nRecipients');
  for (const { address, visible, why } of plan.decisions) print(`  ${address}${visible ? '' : '  (blind)'}: ${why}`);
  for (const [index, copy] of copies.entries()) printCopy(copy, index + 1);
  print(`\nChanges to the submitted bytes: ${changes.length === 0 ? 'none' : ''}`);
  for (const change of changes) print(`  ${change}`);
  note('Nothing was written or sent.');
  return exitCodes.ok;
}

function printCopy(copy: CopyFacts, number: number): void {
  const sealing = [
    copy.sign === 'none' ? 'not signed' : `signed (${copy.sign})`,
    copy.content === null ? 'not encrypted' : `encrypted (${copy.content})`,
  ];
  print(`\nCopy ${number}, by ${copy.via}: ${sealing.join(', ')}, ${copy.sizeBytes} bytes`);
  if (copy.head === null) print(`  to ${copy.recipients.join(', ')}`);
  else for (const line of copy.head.trimEnd().split('\r\n')) print(`  ${line}`);
}
