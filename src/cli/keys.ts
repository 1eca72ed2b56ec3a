import { Command } from 'commander';
import { exitCodes } from '../daemon/exit-code.js';
import type { SealdropError } from '../errors.js';
import { KeyDirectory, type KeyEntry } from '../keys/key-directory.js';
import { addressKey } from '../message/address.js';
import { capabilitiesText } from './capabilities-text.js';
import { type DirectoryOptions, directoryOf } from './keys-directory.js';
import { harvestCommand } from './keys-harvest.js';
import { note, print, printJson } from './output.js';
import { coloursFor, table } from './terminal.js';

interface KeysOptions extends DirectoryOptions {
  readonly json?: boolean;
}

const dayMs = 86_400_000;
const soonDays = 30;

export function keysCommand(ended: (exitCode: number) => void): Command {
  const keys = new Command('keys').description('Identities (private keys with certificate) and recipient certificates, by address.');
  const add = (
    name: string,
    description: string,
    action: (entries: readonly KeyEntry[], unused: readonly string[], json: boolean) => number,
  ) =>
    keys
      .command(name)
      .description(description)
      .argument('[address...]', 'only these addresses')
      .option('-c, --config <file>', 'configuration file; its keys directory')
      .option('--keys <directory>', 'keys directory')
      .option('--json', 'print facts as JSON')
      .addHelpText('after', '\nNothing secret is printed. Exit 65 from "check" if a key or certificate cannot be used.')
      .action((wanted: string[], options: KeysOptions) => {
        const addresses = wanted.map(addressKey);
        const directory = new KeyDirectory(directoryOf(options));
        directory.refresh();
        const entries = directory.entries().filter(({ address }) => addresses.length === 0 || addresses.includes(address));
        const missing = addresses.filter((address) => !entries.some((entry) => entry.address === address));
        for (const address of missing) note(`There is nothing for ${address} in ${directory.directory}.`);
        const code = action(entries, addresses.length === 0 ? directory.unusedFiles() : [], options.json === true);
        ended(missing.length > 0 ? exitCodes.badMessage : code);
      });
  add('list', 'List every address: its certificate, how long it is valid, what it can be used for.', list);
  add('check', 'List only what cannot be used or soon expires, each with what to do.', check);
  return keys.addCommand(harvestCommand(ended));
}

function list(entries: readonly KeyEntry[], unused: readonly string[], json: boolean): number {
  if (json) printJson(entries.map(factsOf));
  else {
    if (entries.length === 0) note('There is no key and no certificate.');
    printEntries(entries, ({ fault, capabilitiesFault }) => [
      ...(fault === undefined ? [] : [fault.message]),
      ...(capabilitiesFault === undefined ? [] : [capabilitiesFault.message]),
    ]);
  }
  noteUnused(unused);
  return exitCodes.ok;
}

function check(entries: readonly KeyEntry[], unused: readonly string[], json: boolean): number {
  const faulty = entries.filter(({ fault }) => fault !== undefined);
  const expiring = entries.filter((entry) => entry.fault === undefined && expiresSoon(entry));
  const unlearnt = entries.filter((entry) => entry.capabilitiesFault !== undefined && !faulty.includes(entry) && !expiring.includes(entry));
  const shown = [...faulty, ...expiring, ...unlearnt];
  if (json) printJson(shown.map(factsOf));
  else {
    printEntries(shown, (entry) => [
      ...faultLines(entry.fault),
      ...(expiring.includes(entry) ? [`expires in ${daysUntil(entry.notAfter)} days`] : []),
      ...faultLines(entry.capabilitiesFault),
    ]);
    const usable = entries.length - faulty.length;
    note(
      `${usable} of ${entries.length} can be used${expiring.length === 0 ? '' : `, ${expiring.length} expire within ${soonDays} days`}.`,
    );
  }
  noteUnused(unused);
  return faulty.length === 0 ? exitCodes.ok : exitCodes.badMessage;
}

function faultLines(fault: SealdropError | undefined): string[] {
  return fault === undefined ? [] : [fault.message, `what to do: ${fault.cure}`];
}

function printEntries(entries: readonly KeyEntry[], remarksOn: (entry: KeyEntry) => string[]): void {
  const colour = coloursFor(process.stdout);
  const rows = table(entries.map(rowOf));
  entries.forEach((entry, index) => {
    print(rows[index] ?? '');
    if (entry.capabilities !== undefined) print(`    ${capabilitiesText(entry.capabilities)}`);
    const paint = entry.fault === undefined ? colour.yellow : colour.red;
    for (const remark of remarksOn(entry)) print(paint(`    ${remark}`));
    for (const path of entry.ignored) print(colour.yellow(`    not used, since another file takes precedence: ${path}`));
  });
}

function rowOf({ address, kind, uses, algorithm = '-', notAfter, fingerprint }: KeyEntry): string[] {
  const use = { 'sign+encrypt': 'signs, encrypts', sign: 'signs', encrypt: 'encrypts' }[uses.join('+')] ?? 'unusable';
  return [
    address,
    kind,
    use,
    algorithm,
    notAfter === undefined ? '-' : `until ${notAfter.toISOString().slice(0, 10)}`,
    fingerprint?.slice(0, 16) ?? '-',
  ];
}

function noteUnused(unused: readonly string[]): void {
  if (unused.length > 0) note(`Not named after an address, so not used: ${unused.join(', ')}`);
}

function expiresSoon({ notAfter }: KeyEntry): boolean {
  return notAfter !== undefined && daysUntil(notAfter) < soonDays;
}

function daysUntil(time: Date | undefined): number {
  return time === undefined ? 0 : Math.floor((time.getTime() - Date.now()) / dayMs);
}

function factsOf({ fault, capabilities, capabilitiesFault, ...facts }: KeyEntry) {
  return { ...facts, fault: plain(fault), capabilities: capabilities ?? null, capabilitiesFault: plain(capabilitiesFault) };
}

function plain(fault: SealdropError | undefined) {
  return fault === undefined ? null : { code: fault.code, message: fault.message, cure: fault.cure };
}
