import { Command } from 'commander';
import { loadConfig } from '../config/load.js';
import { exitCodes } from '../daemon/exit-code.js';
import { KeyDirectory, type KeyEntry } from '../keys/key-directory.js';
import { print, printJson } from './output.js';

export function keysCommand(ended: (exitCode: number) => void): Command {
  const keys = new Command('keys').description('Identities and recipient certificates in the keys directory.');
  keys
    .command('list')
    .description('List every address with its certificate, how long it is valid and what it can be used for.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--json', 'print facts as JSON')
    .action((options: { config: string; json?: boolean }) => {
      const entries = entriesOf(options.config);
      if (options.json === true) printJson(entries.map(factsOf));
      else for (const entry of entries) printEntry(entry);
    });
  keys
    .command('check')
    .description('List only what cannot be used, with the cure. Exit 65 if there is any.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .action((options: { config: string }) => {
      const faulty = entriesOf(options.config).filter(({ fault }) => fault !== undefined);
      for (const entry of faulty) printEntry(entry);
      if (faulty.length === 0) print('Every key and certificate can be used.');
      ended(faulty.length === 0 ? exitCodes.ok : exitCodes.badMessage);
    });
  return keys;
}

function entriesOf(config: string): KeyEntry[] {
  const directory = new KeyDirectory(loadConfig(config).keys);
  directory.refresh();
  return directory.entries();
}

function printEntry({ address, kind, uses, algorithm, notAfter, fingerprint, fault, files }: KeyEntry): void {
  const until = notAfter === undefined ? '' : `until ${notAfter.toISOString().slice(0, 10)}`;
  print(
    [address, kind, uses.join('+') || 'unusable', algorithm ?? '', until, fingerprint?.slice(0, 16) ?? '']
      .filter((part) => part !== '')
      .join('  '),
  );
  if (fault === undefined) return;
  print(`    ${fault.code}: ${fault.message}`);
  print(`    ${fault.cure}`);
  print(`    ${files.join(', ')}`);
}

function factsOf({ fault, ...facts }: KeyEntry) {
  return { ...facts, fault: fault === undefined ? null : { code: fault.code, message: fault.message, cure: fault.cure } };
}
