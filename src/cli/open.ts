import { Command } from 'commander';
import { exitCodes } from '../daemon/exit-code.js';
import { printable } from '../delivery/printable.js';
import { type HeaderProtection, type Layer, type Opened, openMessage } from '../smime/open.js';
import { readInput } from './input.js';
import { plainLayer } from './layer-json.js';
import { anchorsIn, keysIn } from './open-keys.js';
import { note, printJson, writeBytes } from './output.js';
import { type Colours, coloursFor } from './terminal.js';

interface OpenOptions {
  readonly key: readonly string[];
  readonly ca: readonly string[];
  readonly force?: boolean;
  readonly json?: boolean;
}

export function openCommand(ended: (exitCode: number) => void): Command {
  const collect = (value: string, before: readonly string[]) => [...before, value];
  return new Command('open')
    .description('Decrypt a message and verify its signatures, all layers of it. Writes the message inside if everything is right.')
    .argument('<file>', 'the message, - for standard input')
    .option('--key <file>', "a recipient's private key, PEM or PKCS#12; may be given more than once", collect, [])
    .option('--ca <file>', 'certificate of an authority to trust, PEM or DER; may be given more than once', collect, [])
    .option('--force', 'write the message inside even if something is wrong with it')
    .option('--json', 'print the findings as JSON, and not the message')
    .addHelpText('after', help)
    .action(async (file: string, options: OpenOptions) => ended(await open(file, options)));
}

const help = `
The message inside goes to standard output, the findings to standard error.
Nothing is written before every layer has been checked, and nothing at all
(exit 65) unless every signature is valid, made by somebody whom a --ca vouches
for, and by the address the message says it is from.

A header that was protected (RFC 9788) is written in place of the one around the
message, with the Subject the sender wrote; what does not fit between the two is
said. If they name different senders, that is an error.

The certificate of a PEM key stands in the same file, or beside it: bob.crt for
bob.pem. The passphrase of an encrypted key is read from bob.pass or from
SEALDROP_PASSPHRASE.

Example:
  sealdrop open sealed.eml --key bob@example.net.pem --ca ca.crt > mail.eml`;

async function open(file: string, { key, ca, force = false, json = false }: OpenOptions): Promise<number> {
  const decryption = key.flatMap(keysIn);
  const trustAnchors = ca.flatMap(anchorsIn);
  const opened = openMessage(await readInput(file), { decryption, trustAnchors, now: new Date() });
  const exitCode = opened.ok ? exitCodes.ok : exitCodes.badMessage;
  if (json) {
    printJson({ ok: opened.ok, layers: opened.layers.map(plainLayer), header: opened.header ?? null, notes: opened.notes });
    return exitCode;
  }
  const colour = coloursFor(process.stderr);
  for (const line of findingLines(opened, colour)) note(line);
  if (!opened.ok) {
    if (!force) {
      const what = opened.layers.length === 0 ? 'Nothing proves who wrote it' : 'Not everything is right';
      note(colour.red(`${what}, so nothing was written${whatToDo(opened, ca)}.`));
      return exitCode;
    }
    note(colour.red('WARNING: not everything is right. What follows may not be what the sender wrote.'));
  }
  await writeBytes(opened.message);
  return exitCode;
}

function findingLines({ layers, header, notes }: Opened, colour: Colours): string[] {
  if (layers.length === 0) return ['The message as a whole is neither signed nor encrypted.', ...notes];
  return [
    ...layers.flatMap((layer) => layerLines(layer, colour)),
    ...(header === undefined ? [] : headerLines(header, colour)),
    ...notes.map((each) => `note: ${printable(each)}`),
  ];
}

function headerLines({ hp, fields, altered, unprotected, faults, notes }: HeaderProtection, colour: Colours): string[] {
  const named = (list: readonly string[]) => printable([...new Set(list)].slice(0, MAX_NAMES).join(', '));
  const states = [...new Set(fields.map(({ protection }) => protection))];
  return [
    `header: protected (hp=${hp})`,
    ...states.map((state) => {
      const those = fields.filter(({ protection }) => protection === state);
      return `    ${state.replaceAll('-', ' ')}: ${named(those.map(({ name }) => name))}`;
    }),
    ...faults.map((fault) => colour.red(`    wrong: ${printable(fault)}`)),
    ...notes.map((each) => `    note: ${printable(each)}`),
    ...(altered.length === 0 ? [] : [`    note: outside the protection not as the sender wrote it: ${named(altered)}`]),
    ...(unprotected.length === 0 ? [] : [`    note: outside the protection only, and left out: ${named(unprotected)}`]),
  ];
}

const MAX_RECIPIENTS = 10;
const MAX_NAMES = 50;
const good: ReadonlySet<string> = new Set(['valid', 'authenticated']);

function layerLines({ kind, form, verdict, reason, algorithms, signers, recipients }: Layer, colour: Colours): string[] {
  const word = good.has(verdict) ? colour.green(verdict) : colour.red(verdict);
  const how = form === kind ? '' : ` (${form})`;
  return [
    `${kind}${how}: ${word}${reason === '' ? '' : ` - ${printable(reason)}`}`,
    ...(algorithms.length === 0 ? [] : [`    ${algorithms.join(', ')}`]),
    ...signers.map(({ subject, signingTime }) => {
      const when = signingTime === undefined ? '' : `, at ${signingTime.toISOString()}`;
      return `    by ${printable(subject)}${when}`;
    }),
    ...recipients.slice(0, MAX_RECIPIENTS).map((recipient) => `    for ${printable(recipient)}`),
    ...(recipients.length > MAX_RECIPIENTS ? [`    and ${recipients.length - MAX_RECIPIENTS} more`] : []),
  ];
}

function whatToDo({ layers }: Opened, ca: readonly string[]): string {
  const untrusted = ca.length === 0 && layers.some(({ verdict }) => verdict === 'untrusted');
  if (layers.length === 0) return '; --force writes it as it is';
  return untrusted ? '; name the authority that you trust with --ca, or use --force' : '; --force writes it all the same';
}
