import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeAuditIdentity } from '../audit/checkpoint/kit.js';
import { bob, letter, pki, steve } from '../daemon/site.js';
import { runOnce, sealdrop, startDaemon } from '../kit/daemon.js';
import { Site } from '../kit/site.js';
import { makeTemp } from '../kit/temp.js';
import { waitFor } from '../kit/wait-for.js';

const compliance = pki.issue({ address: 'compliance@example.com' });
/** Signed mail to so many people fills a segment of 1 MiB with few messages. */
const crowd = Array.from({ length: 300 }, (_, n) => `somebody-with-a-long-name-${n}@list.example`).join(',\r\n ');

/** What somebody attacks: where things lie in a copy of the whole installation. */
export interface Place {
  readonly directory: string;
  readonly config: string;
  readonly audit: string;
  readonly archive: string;
  readonly second: string;
  readonly auditSecond: string;
}

/** A whole trail, made by the real daemon, with all that belongs to it. */
export interface Trail extends Place {
  /** Held by somebody else: the heads of the chain, printed after each run. */
  readonly anchor: string;
  /** As everything was after the first run. */
  readonly yesterday: Place;
  /** Another history, invented by who has stolen the audit identity. */
  readonly invented: Place;
}

/**
 * Segments, checkpoints, a second location of archive and audit trail; originals in clear at first, then encrypted, compressed, and with the
 * sealed copies kept; mail that was sent, held and dropped.
 */
export async function makeTrail(): Promise<Trail> {
  const identity = makeTemp('identity');
  writeAuditIdentity(identity);
  const outside = makeTemp('anchor');
  const anchor = join(outside, 'heads.txt');
  const site = await newHistory(identity, 'letter');
  writeFileSync(anchor, await head(site));
  const yesterday = copyOf(placeOf(site.directory));
  await goOn(site);
  writeFileSync(anchor, await head(site), { flag: 'a' });
  const invented = await newHistory(identity, 'invention');
  await goOn(invented);
  return { ...placeOf(site.directory), anchor, yesterday, invented: placeOf(invented.directory) };
}

/** A copy to be attacked, that nothing else refers to. */
export function copyOf({ directory, config }: Place): Place {
  const copy = join(makeTemp('attacked'), 'site');
  // As root with tar or cp would: modes and times stay.
  execFileSync('cp', ['-a', directory, copy]);
  const place = placeOf(copy);
  writeFileSync(place.config, readFileSync(config, 'utf8').replaceAll(directory, copy));
  return place;
}

/** Puts archive, audit trail and their second locations of `from` in the place of those that are there. */
export function replaceAll(place: Place, from: Place): void {
  for (const [to, source] of [
    [place.audit, from.audit],
    [place.archive, from.archive],
    [place.second, from.second],
    [place.auditSecond, from.auditSecond],
    [join(place.directory, 'spool', 'second-archive'), join(from.directory, 'spool', 'second-archive')],
  ] as const) {
    if (to === source) continue;
    execFileSync('rm', ['-rf', to]);
    cpSync(source, to, { recursive: true, preserveTimestamps: true });
  }
}

async function newHistory(identity: string, name: string): Promise<Site> {
  const site = new Site({ senders: [steve], recipients: [bob] });
  for (const file of readdirSync(identity)) cpSync(join(identity, file), join(site.directory, file));
  mkdirSync(join(site.directory, 'archive2'));
  mkdirSync(join(site.directory, 'audit2'));
  site.configure(config(site, 'plaintext: true'));
  await succeed('archive', 'mark-second', '-c', site.configFile);
  for (let n = 0; n < 150; n++) site.drop(`crowd ${n}.eml`, letter(`${name} to a crowd ${n}`, { to: crowd }));
  for (let n = 0; n < 10; n++) site.drop(`bob ${n}.eml`, letter(`${name} ${n}`));
  site.drop('bad.eml', 'no header here');
  await run(site, 65);
  await succeed('queue', 'drop', 'all', '-c', site.configFile);
  return site;
}

async function goOn(site: Site): Promise<void> {
  site.configure(config(site, `encryptTo: [${compliance.files.certificate}], keepSealed: full, compress: gzip`));
  for (let n = 0; n < 10; n++) site.drop(`later ${n}.eml`, letter(`later ${n}`));
  await run(site, 0);
  // Beside a daemon, which copies the trail to its second location meanwhile: only what is there can be erased there.
  const daemon = startDaemon(site);
  await daemon.untilOutput(/watching the outbox/);
  await succeed('archive', 'hold', '--reason', 'case 1', '--address', 'somebody-with-a-long-name-7@list.example', '-c', site.configFile);
  const erase = ['archive', 'erase', '--id', idOf(site, 'later 0.eml'), '--basis', 'request 1', '--confirm', '1', '-c', site.configFile];
  // It may have to wait for that copy; what is recorded is carried out there by the daemon.
  await sealdrop(erase);
  const verified = async () => (await sealdrop(['audit', 'verify', '-c', site.configFile])).status === 0;
  await waitFor('the erasure', verified, { describe: () => daemon.stderr, deadlineMs: 60_000 });
  await daemon.terminate();
  // A last run signs what these commands have recorded.
  await run(site, 0);
}

function config({ directory }: Site, archive: string): string {
  return [
    'http: { listen: off }',
    'log: { format: text }',
    'rules: [{ name: list, when: { to: "*@list.example" }, protect: { encrypt: none } }]',
    `archive: { ${archive}, second: ${directory}/archive2 }`,
    'audit:',
    '  identity: audit.pem',
    '  segmentBytes: 1MiB',
    '  checkpointRecords: 100',
    `  second: ${directory}/audit2`,
  ].join('\n');
}

function placeOf(directory: string): Place {
  const at = (name: string) => join(directory, name);
  return {
    directory,
    config: at('sealdrop.yaml'),
    audit: at('spool/audit'),
    archive: at('spool/archive'),
    second: at('archive2'),
    auditSecond: at('audit2'),
  };
}

async function run(site: Site, status: number): Promise<void> {
  const once = await runOnce(site, { deadlineMs: 120_000 });
  if (once.status !== status) throw new Error(once.stderr);
}

/** Of the message that was submitted under that name. */
function idOf({ spool }: Site, file: string): string {
  const audit = join(spool, 'audit');
  for (const name of readdirSync(audit).filter((each) => each.endsWith('.details.jsonl'))) {
    const line = readFileSync(join(audit, name), 'utf8')
      .split('\n')
      .find((each) => each.includes(`"file":"${file}"`));
    const seq = line === undefined ? undefined : /^\{"seq":(\d+),/.exec(line)?.[1];
    const chain = readFileSync(join(audit, name.replace('.details.', '.chain.')), 'utf8');
    const id = seq === undefined ? undefined : new RegExp(`^\\{"seq":${seq},.*?"id":"([0-9a-f-]{36})"`, 'm').exec(chain)?.[1];
    if (id !== undefined) return id;
  }
  throw new Error(`no record of ${file}`);
}

async function head(site: Site): Promise<string> {
  return (await succeed('audit', 'head', '-c', site.configFile)).stdout;
}

async function succeed(...args: string[]) {
  const done = await sealdrop(args);
  if (done.status !== 0) throw new Error(done.stderr);
  return done;
}
