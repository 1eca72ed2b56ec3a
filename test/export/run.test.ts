import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ExportFormat } from '../../src/export/container.js';
import type { ExportReport, ExportRequest } from '../../src/export/request.js';
import { exportMessages } from '../../src/export/run.js';
import { describeWith } from '../kit/tools.js';
import { Archived, headFor, sha256 } from './archived.js';

const letters = [
  'From: steve@example.com\r\nSubject: one\r\n\r\nFrom here\r\n',
  'From: steve@example.com\nSubject: =?utf-8?q?zw=C3=B6lf?=\n\n\xe9\n',
  'From: steve@example.com\nSubject: =cmd|"/c calc"!A1; "=cmd|calc!A2; -1-2\n\nthree',
].map((text) => Buffer.from(text, 'latin1'));

let made: Archived;
let out: string;
beforeEach(async () => {
  made = await Archived.of(letters.map((bytes, n) => ({ bytes, sealed: `sealed ${n}` })));
  out = join(made.root, 'out');
});

function run(format: ExportFormat, more: Partial<ExportRequest> = {}, recorded: object[] = []): Promise<ExportReport> {
  const { ids, archive, audit } = made;
  const head = headFor({ format, asked: ids.length });
  return exportMessages(
    { ids, format, out, force: false, archive, audit, open: undefined, asStored: false, prover: undefined, head, ...more },
    { progress: () => {}, record: async (report) => void recorded.push(report) },
  );
}

interface ReadManifest {
  readonly messages: readonly { readonly id: string; readonly file?: string; readonly sha256: string; readonly [name: string]: unknown }[];
  readonly notIncluded: readonly { readonly id: string; readonly kind: string }[];
  readonly totals: { readonly count: number; readonly sizeBytes: number };
}

const manifestAt = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as ReadManifest;

describe('a directory of files', () => {
  test('holds each original octet for octet, and a manifest that names each with its hash', async () => {
    const recorded: object[] = [];
    const report = await run('eml', {}, recorded);
    expect(made.ids.map((id) => readFileSync(join(out, `${id}.eml`)))).toEqual(letters);
    const manifest = manifestAt(join(out, 'manifest.json'));
    expect(manifest.messages.map(({ id, file, sha256 }) => [id, file, sha256])).toEqual(
      made.ids.map((id, n) => [id, `${id}.eml`, sha256(letters[n] ?? '')]),
    );
    expect(manifest.messages[1]).toMatchObject({ subject: 'zwölf', envelope: { sender: 'steve@example.com' }, records: [5, 6, 7] });
    expect(manifest.totals).toMatchObject({ count: 3, sizeBytes: letters.reduce((sum, { length }) => sum + length, 0) });
    expect(report.manifest.sha256).toBe(sha256(readFileSync(join(out, 'manifest.json'))));
    expect(recorded).toEqual([{ totals: report.totals, manifest: report.manifest, problems: [] }]);
    expect(readFileSync(join(out, 'cover.html'), 'utf8')).toContain(report.manifest.sha256);
  });

  test('has sums that sha256sum accepts, of every file but themselves', async () => {
    await run('eml');
    expect(spawnSync('sha256sum', ['-c', '--quiet', '--strict', 'SHA256SUMS'], { cwd: out }).status).toBe(0);
    const named = readFileSync(join(out, 'SHA256SUMS'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.slice(66));
    const there = readdirSync(out, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
    expect(named.length).toBe(there.length - 1);
  });

  test('has the sealed copies that were kept, and the lines of the trail with all that is needed to check them', async () => {
    await run('eml');
    expect(readFileSync(join(out, 'sealed', `${made.id(2)}-1.eml`), 'utf8')).toBe('sealed 2');
    const chain = readFileSync(join(out, 'records.chain.jsonl'), 'utf8').trim().split('\n');
    expect(chain).toHaveLength(9);
    for (const line of chain) {
      const { hash } = JSON.parse(line) as { hash: string };
      expect(sha256(line.replace(/,"hash":"[0-9a-f]{64}"\}$/, '}'))).toBe(hash);
    }
    expect(readFileSync(join(out, 'records.details.jsonl'), 'utf8')).toContain('"salt"');
  });

  test('has a table in which a spreadsheet finds no formula', async () => {
    await run('eml');
    const rows = readFileSync(join(out, 'manifest.csv'), 'utf8').split('\r\n');
    expect(rows[3]).toContain(`"'=cmd|""/c calc""!A1; ""'=cmd|calc!A2; '-1-2"`);
  });

  test('without personal data names nobody but in the originals', async () => {
    await run('eml', { head: headFor({ personal: false }) });
    for (const name of readdirSync(out).filter((each) => /^(manifest|records|cover|SHA)/.test(each))) {
      expect(readFileSync(join(out, name), 'utf8'), name).not.toMatch(/@example|zwölf|mail-1\.eml/);
    }
    expect(readdirSync(out)).not.toContain('records.details.jsonl');
    expect(readFileSync(join(out, `${made.id(0)}.eml`))).toEqual(letters[0]);
  });
});

describe('what somebody has put there who may write the archive and the trail', () => {
  test('fingerprints and files that a forged record names become no paths, neither here nor in the export', async () => {
    const der = 'a certificate, or anything else';
    const file = 'secret.eml';
    made = await Archived.of([
      {
        bytes: letters[0] ?? '',
        forged: {
          certificates: ['../../../planted', '../../secret'],
          kept: [{ number: 1, file: `../${file}`, sizeBytes: 6, sha256: sha256('secret') }],
        },
      },
    ]);
    writeFileSync(join(made.root, file), 'secret');
    mkdirSync(join(made.archive, 'certs'));
    for (const path of ['../planted.der', '../secret.der', '../../planted.der']) writeFileSync(join(made.archive, path), der);
    out = join(made.root, 'a', 'b', 'out');
    mkdirSync(join(made.root, 'a', 'b'), { recursive: true });
    const report = await run('eml');
    expect(report.problems).toMatchObject([{ kind: 'sealed-copy-missing' }]);
    expect(readdirSync(made.root, { recursive: true }).filter((name) => /planted|secret/.test(String(name)))).toHaveLength(3);
    expect(readdirSync(join(made.root, 'a', 'b'))).toEqual(['out']);
    expect(readFileSync(join(out, 'SHA256SUMS'), 'utf8')).not.toContain('..');
    rmSync(join(made.root, '..', 'planted.der'));
  });

  test('a link in the place of an original is not followed, also where no record tells its hash', async () => {
    const secret = join(made.root, 'secret');
    writeFileSync(secret, 'From: x@example.com\n\nsecret');
    rmSync(made.pathOf(0));
    symlinkSync(secret, made.pathOf(0));
    const report = await run('eml', { audit: undefined });
    expect(report.problems).toMatchObject([{ id: made.id(0), kind: 'unreadable' }]);
    expect(readdirSync(out)).not.toContain(`${made.id(0)}.eml`);
  });
});

describe('what is not as it was recorded', () => {
  test.each([
    ['missing', 'missing', () => rmSync(made.pathOf(1))],
    ['altered', 'altered', () => rewrite(made.pathOf(1), 'From: eve@example.com\n\nother')],
    ['a sealed copy altered', 'sealed-copy-altered', () => rewrite(made.pathOf(1).replace('.eml', '-1.eml'), 'other')],
  ])('is named and left out, and the others are there: %s', async (_what, kind, attack) => {
    attack();
    const report = await run('eml');
    expect(report.problems).toMatchObject([{ id: made.id(1), kind }]);
    expect(manifestAt(join(out, 'manifest.json')).notIncluded).toMatchObject([{ id: made.id(1), kind }]);
    expect(readFileSync(join(out, 'cover.html'), 'utf8')).toContain('Not everything that was asked for is included');
    const names = readdirSync(out);
    for (const n of [0, 2]) expect(names).toContain(`${made.id(n)}.eml`);
    expect(names.includes(`${made.id(1)}.eml`)).toBe(kind === 'sealed-copy-altered');
    expect(readdirSync(join(out, 'sealed'))).toHaveLength(2);
  });

  test('an id that nobody knows is a problem too', async () => {
    const id = '019ab0c1-2d3e-7f40-8a51-b263c4d5e6f7';
    expect((await run('mbox', { ids: [id, made.id(0)] })).problems).toMatchObject([{ id, kind: 'missing' }]);
  });

  test('who may not read the trail exports what is in the archive, and is told that its hash was not checked', async () => {
    await run('eml', { audit: undefined });
    expect(manifestAt(join(out, 'manifest.json')).messages[0]).toMatchObject({ checked: 'no record of its hash is left' });
  });
});

test('nothing stands there when it cannot be recorded', async () => {
  const { ids, archive, audit } = made;
  const request: ExportRequest = {
    ids,
    format: 'zip',
    out,
    force: false,
    archive,
    audit,
    open: undefined,
    asStored: false,
    prover: undefined,
    head: headFor(),
  };
  const record = async () => Promise.reject(new Error('the chain is broken'));
  await expect(exportMessages(request, { progress: () => {}, record })).rejects.toThrow('the chain is broken');
  expect(readdirSync(made.root).sort()).toEqual(['archive', 'audit']);
});

test('nothing stands there when the disk refuses', async () => {
  mkdirSync(join(made.root, 'closed'));
  await expect(run('zip', { out: join(made.root, 'nowhere', 'out') })).rejects.toMatchObject({ code: 'directory-missing' });
});

describeWith(['python3'], 'read by Python', () => {
  test('a Maildir has every message, octet for octet', async () => {
    await run('maildir');
    const script = [
      'import mailbox, sys',
      'box = mailbox.Maildir(sys.argv[1], create=False)',
      'print(sorted(box.get_bytes(key).hex() for key in box.keys()))',
    ].join('\n');
    const read = spawnSync('python3', ['-c', script, out], { encoding: 'utf8' });
    expect(JSON.parse(read.stdout.replaceAll("'", '"'))).toEqual(letters.map((bytes) => bytes.toString('hex')).toSorted());
    const names = readdirSync(join(out, 'new'));
    expect(names.map((name) => readFileSync(join(out, 'new', name)).toString('hex')).toSorted()).toEqual(
      letters.map((bytes) => bytes.toString('hex')).toSorted(),
    );
    expect(readdirSync(join(out, 'tmp'))).toEqual([]);
    expect(manifestAt(`${out}.manifest.json`).messages[0]?.file).toMatch(/^new\/\d+\.[0-9a-f-]{36}\./);
  });

  test('an mbox has every message, and its manifest stands beside it', async () => {
    const report = await run('mbox');
    const read = spawnSync(
      'python3',
      ['-c', 'import mailbox, sys\nprint([m["subject"] for m in mailbox.mbox(sys.argv[1], create=False)])', out],
      {
        encoding: 'utf8',
      },
    );
    expect(read.stdout.trim()).toBe(`['one', '=?utf-8?q?zw=C3=B6lf?=', '=cmd|"/c calc"!A1; "=cmd|calc!A2; -1-2']`);
    expect(report.files).toEqual([`${out}.manifest.json`, out]);
  });
});

function rewrite(path: string, bytes: string): void {
  chmodSync(path, 0o640);
  writeFileSync(path, bytes);
}
