import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import fsExtra from 'fs-extra';
import { checkpointNames, checkpointPath } from '../audit/checkpoint/files.js';
import { loadConfig } from '../config/load.js';
import { Daemon } from '../daemon/daemon.js';
import { openLog } from '../daemon/log.js';
import type { Done } from '../daemon/protocol.js';
import { canonicalise } from '../message/canonical.js';
import { envelopeOf, identityAddressOf, subjectOf } from '../message/envelope.js';
import { openMessage } from '../smime/open.js';
import { makeAuditIdentity } from './audit/identity.js';
import { type DemoAuthority, demoAuthority } from './demo-pki.js';
import { note, print } from './output.js';

const samples = fileURLToPath(new URL('../../samples', import.meta.url));

export function demoCommand(ended: (exitCode: number) => void): Command {
  return new Command('demo')
    .description('See it work: a throwaway CA, identities and spool under DIR, the sample mails sealed, one opened again.')
    .argument('[dir]', 'where to make the demo', './demo')
    .option('--once', 'end when the samples are done, instead of watching for more')
    .action(async (directory: string, options: { once?: boolean }) => {
      ended(await demo(resolve(directory), options.once === true));
    });
}

interface Paths {
  readonly root: string;
  readonly config: string;
  readonly keys: string;
  readonly recipientKeys: string;
  readonly spool: string;
  readonly pickup: string;
}

async function demo(root: string, once: boolean): Promise<number> {
  const paths = await prepare(root);
  const authority = demoAuthority(paths.root);
  const files = (await fsExtra.readdir(samples)).filter((name) => name.endsWith('.eml')).sort();
  const subjects = new Map<string, Told>();
  for (const name of files) {
    const original = await fsExtra.readFile(`${samples}/${name}`);
    const told = tellOf(original);
    subjects.set(name, told);
    authority.issue(paths.keys, told.from);
    for (const address of told.to) if (address !== told.from) authority.issueApart(paths.keys, paths.recipientKeys, address);
  }
  note(`sealdrop demo in ${shown(root)}: a mail directory, keys and certificates made just now, ${files.length} sample mails.`);
  note('');

  let left = files.length;
  let opened: Promise<void> | undefined;
  const log = openLog({ level: 'warn', format: 'text' });
  const daemon = new Daemon(loadConfig(paths.config), {
    configPath: paths.config,
    once,
    log,
    onReady: () => {
      for (const name of files) drop(paths, name, `${samples}/${name}`);
    },
    onDone: (done) => {
      print(lineOf(done, subjects.get(done.file) ?? tellFrom(paths, done), paths));
      left--;
      if (left === 0) opened = Promise.resolve().then(() => showOpened(paths, authority, subjects, once));
    },
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => daemon.stop(signal));
  const { exitCode } = await daemon.run();
  await opened;
  if (once) for (const line of checkpointLines(paths)) print(line);
  await log.flush();
  return exitCode;
}

async function prepare(root: string): Promise<Paths> {
  const paths = {
    root,
    config: `${root}/sealdrop.yaml`,
    keys: `${root}/keys`,
    recipientKeys: `${root}/recipients`,
    spool: `${root}/spool`,
    pickup: `${root}/mta/pickup`,
  };
  for (const path of [paths.keys, paths.recipientKeys, paths.pickup, `${root}/mta/staging`, `${root}/mta/badmail`])
    await fsExtra.ensureDir(path, 0o700);
  if (!existsSync(`${root}/audit.pem`)) makeAuditIdentity(`${root}/audit.pem`, { days: '3650', name: 'sealdrop demo audit' });
  if (!existsSync(paths.config)) await fsExtra.writeFile(paths.config, configText);
  return paths;
}

const configText = `# The smallest configuration that works, here with paths beside this file.
spool: spool
keys: keys
archive: { plaintext: true }      # or encryptTo: [FILE.crt]: then only its key opens the originals
audit: { identity: audit.pem }    # signs checkpoints of the audit trail
allowVolatile: true               # this is a demo: losing its mail is no loss
http: { listen: off }
delivery:
  via: pickup
  pickup:
    profile: powermta
    directory: mta/pickup
    staging: mta/staging
    bad: mta/badmail
    maxWaiting: off               # no MTA takes the demo's mail away
    maxAge: off
`;

/** As every application should: write beside the door, then rename into it. */
function drop(paths: Paths, name: string, source: string): void {
  const beside = `${paths.spool}/outbox/tmp/${name}`;
  fsExtra.copyFileSync(source, beside);
  fsExtra.renameSync(beside, `${paths.spool}/outbox/new/${name}`);
}

interface Told {
  readonly subject: string;
  readonly from: string;
  readonly to: readonly string[];
}

function tellOf(original: Buffer): Told {
  const message = canonicalise(original, { fallbackCharset: 'windows-1252' });
  return { subject: subjectOf(message), from: identityAddressOf(message), to: envelopeOf(message).recipients };
}

/** For a file that the person trying this out dropped. */
function tellFrom(paths: Paths, done: Done): Told {
  const [copy] = done.copies;
  const path = `${paths.pickup}/${copy?.name ?? ''}`;
  const to = done.copies.flatMap(({ recipients }) => recipients);
  if (copy === undefined || !existsSync(path)) return { subject: done.file, from: '?', to };
  const told = tellOf(readFileSync(path));
  return { ...told, to };
}

function lineOf(done: Done, { subject, from, to }: Told, paths: Paths): string {
  const head = `${subject}  ${from} → ${to.join(', ')}`;
  if (done.fault !== undefined) return `${head}  held: ${done.fault.message} ${done.fault.cure}`;
  const [first, ...others] = done.copies;
  const more = others.length === 0 ? '' : ` and ${others.length} more for blind recipients`;
  return `${head}\n    signed and encrypted  ${done.milliseconds.toFixed(1)} ms  ${shown(`${paths.pickup}/${first?.name ?? ''}`)}${more}`;
}

/** The proof: what lies in the pickup directory opens with the recipient's key, and is what was dropped. */
function showOpened(paths: Paths, authority: DemoAuthority, subjects: ReadonlyMap<string, Told>, once: boolean): void {
  const [name, told] = [...subjects].find(([file]) => file === 'plain.eml') ?? [...subjects][0] ?? [];
  const recipient = told?.to[0];
  const pickupFile = fsExtra
    .readdirSync(paths.pickup)
    .map((file) => `${paths.pickup}/${file}`)
    .find((path) => recipient !== undefined && isFor(path, recipient, told?.subject ?? ''));
  if (recipient === undefined || pickupFile === undefined) return;
  const certificate = new X509Certificate(readFileSync(`${paths.keys}/${recipient}.crt`)).raw;
  const privateKey = createPrivateKey(readFileSync(keyOf(paths, recipient)));
  const opened = openMessage(readFileSync(pickupFile), {
    decryption: [{ certificate, privateKey }],
    trustAnchors: [new X509Certificate(authority.rootPem).raw],
    now: new Date(),
  });
  print('');
  print(`Opened ${basename(pickupFile)} (${name ?? ''}) with the key of ${recipient}:`);
  for (const layer of opened.layers)
    print(`    ${layer.kind}: ${layer.verdict}${layer.reason === '' ? '' : ` - ${layer.reason}`} (${layer.algorithms.join(', ')})`);
  const text = opened.entity.toString('utf8');
  const body = text.slice(text.indexOf('\r\n\r\n') + 4).trimEnd();
  for (const line of body.split('\r\n').slice(0, 8)) print(`    | ${line}`);
  print('');
  print(
    `Open it yourself:   node dist/main.js open ${shown(pickupFile)} --key ${shown(keyOf(paths, recipient))} --ca ${shown(`${paths.root}/ca.crt`)}`,
  );
  print(
    `Drop your own mail: cp FILE.eml ${shown(`${paths.spool}/outbox/tmp/`)} && mv ${shown(`${paths.spool}/outbox/tmp`)}/FILE.eml ${shown(`${paths.spool}/outbox/new/`)}   (From and To as in the samples)`,
  );
  // A run to the end makes its checkpoint at the end.
  if (!once) for (const line of checkpointLines(paths)) print(line);
  if (!once) print('Watching. Ctrl-C ends.');
}

/** The audit trail signs where it stands; it can be held against it later. */
function checkpointLines({ root, config, spool }: Paths): string[] {
  const audit = `${spool}/audit`;
  const newest = checkpointNames(audit).checkpoints.at(-1);
  if (newest === undefined) return [];
  const file = shown(checkpointPath(audit, newest));
  return [
    '',
    'The originals lie in the archive, and the audit trail says what became of each:',
    `Find one:      node dist/main.js archive find --from billing@example.com -c ${shown(config)}`,
    `All about one: node dist/main.js archive show ID --facts -c ${shown(config)}`,
    `For auditors:  node dist/main.js archive export --all --format zip -o evidence.zip -c ${shown(config)}`,
    `Prove them:    node dist/main.js archive verify -c ${shown(config)}`,
    `A checkpoint:  openssl cms -verify -inform DER -purpose any -CAfile ${shown(`${root}/audit.crt`)} -in ${file}`,
  ];
}

function isFor(path: string, recipient: string, subject: string): boolean {
  const message = readFileSync(path);
  return message.includes(`x-receiver: ${recipient}\r\n`) && tellOf(message).subject === subject;
}

function keyOf(paths: Paths, address: string): string {
  const apart = `${paths.recipientKeys}/${address}.pem`;
  return existsSync(apart) ? apart : `${paths.keys}/${address}.pem`;
}

function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') || short === '' ? path : short;
}
