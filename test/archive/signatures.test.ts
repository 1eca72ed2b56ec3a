import { createHash } from 'node:crypto';
import { chmodSync, cpSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { archivePath } from '../../src/archive/path.js';
import type { TrailReport } from '../../src/archive/verify/report.js';
import { verifyTrail } from '../../src/archive/verify.js';
import { runOnce, sealdrop } from '../kit/daemon.js';
import { generateMails } from '../kit/mail.js';
import { testPki } from '../kit/pki.js';
import { Site } from '../kit/site.js';
import { makeTemp, removeTemp } from '../kit/temp.js';
import { type Rewrite, rewriteTrail } from './rewritten-trail.js';

// Every way to sign, each for mail of many shapes (charsets, line ends, BOM, mbox line, envelope lines, binary parts) from a sender of its own.
const ways = [
  { name: 'opaque', key: 'rsa-2048', protect: '' },
  { name: 'detached', key: 'rsa-2048', protect: 'sign: detached, encrypt: none' },
  { name: 'clear-opaque', key: 'rsa-3072', protect: 'sign: opaque, encrypt: none' },
  { name: 'detached-inside', key: 'p-256', protect: 'sign: detached' },
  { name: 'p384', key: 'p-384', protect: 'encrypt: none' },
  { name: 'p521', key: 'p-521', protect: '' },
  { name: 'ed25519', key: 'ed25519', protect: '' },
  { name: 'pss', key: 'rsa-2048', protect: 'signature: rsa-pss, digest: sha512' },
  { name: 'hidden', key: 'rsa-2048', protect: 'headerProtection: on, headerConfidentiality: shy' },
  { name: 'shown', key: 'rsa-2048', protect: 'headerProtection: on, encrypt: none' },
  { name: 'triple', key: 'rsa-2048', protect: 'tripleWrap: on' },
  { name: 'both-keys', key: 'rsa-2048', second: 'p-256', protect: 'signWith: allKeys, encrypt: none' },
  { name: 'unsigned', key: 'rsa-2048', protect: 'sign: none' },
] as const;
const perWay = 12;

const pki = testPki();
const recipients = ['bob@example.net', 'carol@example.org', 'dave@example.net'].map((address) => pki.issue({ address }));

let site: Site;
/** Whole, as the daemon left it; the tests work on copies. */
let whole: { audit: string; archive: string };
let spool: string;

beforeAll(async () => {
  const rules = ways
    .filter(({ protect }) => protect !== '')
    .map(({ name, protect }) => `  - { name: ${name}, when: { from: ${name}@example.com }, protect: { ${protect} } }`);
  site = new Site({
    senders: ways.map(({ name, key }) => pki.issue({ address: `${name}@example.com`, key })),
    recipients,
    config: `http: { listen: off }\nlog: { format: text }\nprotect: { fallbackCharset: iso-8859-15 }\nrules:\n${rules.join('\n')}\n`,
    pickup: ['maxWaiting: off'],
  });
  for (const way of ways) {
    const address = `${way.name}@example.com`;
    if ('second' in way) addKey(address, way.second);
    const mails = generateMails(perWay, { senders: [address], recipients: recipients.map((each) => each.address) }, 1000);
    for (const { seed, bytes } of mails) site.drop(`${way.name}-${seed}.eml`, bytes);
  }
  site.drop('bom.eml', `\uFEFFFrom: opaque@example.com\nTo: bob@example.net\n\nwith a mark\n`);
  site.drop('mbox.eml', 'From someone Tue Nov 24 10:00:00 2026\nFrom: detached@example.com\nTo: bob@example.net\n\nFrom here\n.\n');
  site.drop(
    'lines.eml',
    'x-sender: detached@example.com\nx-receiver: bob@example.net\nFrom: detached@example.com\nTo: carol@example.org\n\nx\n',
  );
  site.drop('bare.eml', Buffer.from('From: hidden@example.com\nTo: bob@example.net\nSubject: \xa4 \xe4\n\n\xa4 is the euro\n', 'latin1'));
  expect((await runOnce(site, { deadlineMs: 200_000 })).status).toBe(0);
  whole = { audit: join(site.spool, 'audit'), archive: join(site.spool, 'archive') };
}, 220_000);
afterAll(() => site.remove());

describe('an archive that nobody touched', () => {
  test('every signature of every form is proven from the original', () => {
    expect(site.quarantined()).toEqual([]);
    const report = verifyTrail(whole.audit, whole.archive, join(site.spool, 'work'));
    expect(report.findings).toEqual([]);
    const signed = (ways.length - 1) * perWay + 4;
    expect(report.signatures).toEqual({
      proven: signed,
      notSent: 0,
      notSigned: perWay,
      notKept: 0,
      notRecomputable: 0,
      noKey: 0,
      failed: 0,
    });
  });

  test('the command says the same, in threads, and can leave signatures alone', async () => {
    const run = await sealdrop(['archive', 'verify', '-c', site.configFile, '--json', '--jobs', '3']);
    expect(run.status).toBe(0);
    expect(JSON.parse(run.stdout) as TrailReport).toMatchObject({ findings: [], signatures: { notSigned: perWay, failed: 0 } });
    const hashes = await sealdrop(['archive', 'verify', '-c', site.configFile, '--hashes-only']);
    expect(hashes.stdout).toBe('consistent, completeness not proven\n');
    expect(hashes.stderr).not.toContain('Signatures');
  });

  test('the configuration of today does not matter', async () => {
    site.configure('http: { listen: off }\nprotect: { fallbackCharset: koi8-r, sign: none }\n');
    const run = await sealdrop(['archive', 'verify', '-c', site.configFile]);
    expect(run.stdout).toBe('consistent, completeness not proven\n');
  });
});

describe('who alters the archive is found out', () => {
  beforeEach(() => {
    spool = makeTemp('altered');
    for (const name of ['audit', 'archive'] as const) cpSync(whole[name], join(spool, name), { recursive: true });
    return () => removeTemp(spool);
  });

  test.each(ways.filter(({ name }) => name !== 'unsigned').map(({ name }) => name))(
    'also by rewriting original, details and chain alike: the signature is over something else (%s)',
    (name) => {
      const id = sentBy(name);
      const path = originalOf(id);
      const altered = Buffer.concat([readFileSync(path), Buffer.from('one more line\n')]);
      replace(path, altered);
      const sha256 = createHash('sha256').update(altered).digest('hex');
      rewrite((event, about, detail) => (event === 'accepted' && about === id ? { ...detail, sha256, sizeBytes: altered.length } : detail));
      expect(found()).toEqual([['signature-differs', archivePath(id)]]);
    },
  );

  test('a header that was signed with the message cannot be changed either', () => {
    const id = sentBy('shown');
    const path = originalOf(id);
    const altered = Buffer.from(
      readFileSync(path)
        .toString('latin1')
        .replace(/^(From:.*)$/im, 'X-Added: something\n$1'),
      'latin1',
    );
    replace(path, altered);
    const sha256 = createHash('sha256').update(altered).digest('hex');
    rewrite((event, about, detail) => (event === 'accepted' && about === id ? { ...detail, sha256 } : detail));
    expect(found()).toEqual([['signature-differs', archivePath(id)]]);
  });

  test('the signature of another message in place of its own', () => {
    const [one, other] = [sentBy('opaque', 0), sentBy('opaque', 1)];
    const theirs = intentOf(other).signerInfos;
    rewrite((event, id, detail) => (event === 'intent' && id === one ? { ...detail, signerInfos: theirs } : detail));
    expect(found()).toEqual([['signature-differs', archivePath(one)]]);
  });

  test('a signature with one octet changed, and one cut off', () => {
    const [one, other] = [sentBy('p521', 0), sentBy('p521', 1)];
    rewrite((event, id, detail) => {
      if (event !== 'intent' || (id !== one && id !== other)) return detail;
      const infos = (detail.signerInfos as string[]).map((info) => {
        const der = Buffer.from(info, 'base64');
        der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
        return (id === one ? der : der.subarray(0, -5)).toString('base64');
      });
      return { ...detail, signerInfos: infos };
    });
    expect(found().sort()).toEqual([one, other].sort().map((id) => ['signature-differs', archivePath(id)]));
  });

  test('a signature taken away where two keys signed', () => {
    const id = sentBy('both-keys');
    expect(intentOf(id).signerInfos).toHaveLength(2);
    const [first] = intentOf(id).signerInfos;
    rewrite((event, about, detail) => (event === 'intent' && about === id ? { ...detail, signerInfos: [first] } : detail));
    expect(found()).toEqual([['signature-differs', archivePath(id)]]);
  });

  test('a certificate that is gone, one that is replaced by another, and a file that is none', () => {
    const certs = join(spool, 'archive', 'certs');
    const [gone, replaced] = [signerOf('opaque'), signerOf('pss')];
    rmSync(join(certs, `${gone}.der`));
    replace(join(certs, `${replaced}.der`), pki.issue({ address: 'pss@example.com', edition: 2 }).certificate);
    writeFileSync(join(certs, 'notes.txt'), 'x');
    const report = verified();
    expect(report.findings.map(({ kind, file }) => [kind, file]).sort()).toEqual([
      ['archive-without-record', 'certs/notes.txt'],
      ['certificate-altered', `certs/${replaced}.der`],
      ['certificate-missing', `certs/${gone}.der`],
    ]);
    // A mark each more for the message with the byte order mark.
    expect(report.signatures).toMatchObject({ failed: 2 * perWay + 1 });
  });

  test('a link to the same bytes elsewhere, in place of an original', () => {
    const id = sentBy('opaque');
    const elsewhere = join(spool, 'elsewhere');
    renameSync(originalOf(id), elsewhere);
    symlinkSync(elsewhere, originalOf(id));
    expect(found()).toEqual([['archive-altered', archivePath(id)]]);
  });

  test('files beside the days, and a second form of an original', () => {
    const id = sentBy('opaque');
    writeFileSync(join(spool, 'archive', 'readme'), 'x');
    writeFileSync(join(spool, 'archive', '2026.txt'), 'x');
    writeFileSync(`${originalOf(id)}.gz`, 'x');
    writeFileSync(join(originalOf(id), '..', `.${id}.9.tmp`), 'x');
    expect(found().sort()).toEqual(
      [
        ['archive-without-record', '2026.txt'],
        ['archive-without-record', 'readme'],
        ['archive-without-record', `${archivePath(id)}.gz`],
        ['archive-without-record', archivePath(id).replace(/[^/]*$/, `.${id}.9.tmp`)],
      ].sort(),
    );
  });
});

describe('what cannot be recomputed is said, and is no finding', () => {
  beforeEach(() => {
    spool = makeTemp('older');
    for (const name of ['audit', 'archive'] as const) cpSync(whole[name], join(spool, name), { recursive: true });
    return () => removeTemp(spool);
  });

  test('records of a version that did not say how: what the usual settings prove is proven', () => {
    rewrite((event, _, { recipe, ...detail }) =>
      event === 'intent' ? detail : { ...detail, ...(recipe === undefined ? {} : { recipe }) },
    );
    const { findings, signatures } = verified();
    expect(findings).toEqual([]);
    expect(signatures?.proven).toBeGreaterThan(100);
    // At least the text in ISO 8859-15 that says nothing of itself.
    expect(signatures?.notRecomputable).toBeGreaterThan(0);
    expect(signatures).toMatchObject({ failed: 0, notKept: 0 });
  });

  test('signatures that are over what other rules made', () => {
    rewrite((event, _, detail) =>
      event === 'intent' && 'recipe' in detail ? { ...detail, recipe: { ...(detail.recipe as object), rules: 0 } } : detail,
    );
    expect(verified()).toMatchObject({ findings: [], signatures: { proven: 0, failed: 0 } });
  });

  test('signatures that were not kept', () => {
    rewrite((event, _, detail) => (event === 'intent' ? { ...detail, signerInfos: [] } : detail));
    expect(verified()).toMatchObject({ findings: [], signatures: { proven: 0, notSigned: perWay, failed: 0 } });
    expect(verified().signatures?.notKept).toBeGreaterThan(100);
  });
});

function verified(): TrailReport {
  return verifyTrail(join(spool, 'audit'), join(spool, 'archive'), join(site.spool, 'work'));
}

function found(): [string, string][] {
  return verified().findings.map(({ kind, file }) => [kind, file]);
}

function rewrite(change: Rewrite): void {
  rewriteTrail(join(spool, 'audit'), change);
}

interface IntentDetail {
  readonly intent: { readonly plan: { readonly from: string } };
  readonly signer: string;
  readonly signerInfos: string[];
}

function intents(): [string, IntentDetail][] {
  const all: [string, IntentDetail][] = [];
  const audit = makeTemp('read');
  cpSync(whole.audit, audit, { recursive: true });
  rewriteTrail(audit, (event, id, detail) => {
    if (event === 'intent' && id !== undefined) all.push([id, detail as unknown as IntentDetail]);
    return detail;
  });
  removeTemp(audit);
  return all;
}

function sentBy(name: string, index = 0): string {
  const [id] = intents().filter(([, { intent }]) => intent.plan.from === `${name}@example.com`)[index] ?? [];
  if (id === undefined) throw new Error(`nothing was sent by ${name}`);
  return id;
}

function intentOf(id: string): IntentDetail {
  const [, detail] = intents().find(([each]) => each === id) ?? [];
  if (detail === undefined) throw new Error(`no intent of ${id}`);
  return detail;
}

function signerOf(name: string): string {
  return intentOf(sentBy(name)).signer;
}

function originalOf(id: string): string {
  return join(spool, 'archive', archivePath(id));
}

function replace(path: string, bytes: Buffer): void {
  unlinkSync(path);
  writeFileSync(path, bytes);
}

/** A second key pair behind the first, in the same files. */
function addKey(address: string, key: 'p-256'): void {
  const more = pki.issue({ address, key });
  for (const [ending, text] of [
    ['pem', more.privateKeyPem],
    ['crt', more.certificatePem],
  ] as const) {
    const path = join(site.keys, `${address}.${ending}`);
    chmodSync(path, 0o600);
    const before = readFileSync(path, 'utf8');
    const at = ending === 'crt' ? before.indexOf('-----END CERTIFICATE-----') + 26 : before.length;
    writeFileSync(path, before.slice(0, at) + text + before.slice(at));
  }
  expect(readdirSync(site.keys)).toContain(`${address}.pem`);
}
