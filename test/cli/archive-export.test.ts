import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { archivePath } from '../../src/archive/path.js';
import { expectWholeTrail } from '../daemon/site.js';
import { runOnce, sealdrop, startDaemon } from '../kit/daemon.js';
import { Site } from '../kit/site.js';
import { describeWith } from '../kit/tools.js';
import { bob, carol, steve, succeeded, toBob, write } from './people.js';

const hostile = '<script>alert(1)</script> \x1b]0;owned\x07';
const letters = ['one', 'two', hostile].map((subject) => toBob.replace('Subject: one', `Subject: ${subject}`));

let site: Site;
let ids: string[];
beforeAll(async () => {
  site = new Site({ senders: [steve], recipients: [bob, carol], config: 'http: { listen: off }\nlog: { format: text }' });
  letters.forEach((letter, n) => {
    site.drop(`${n}.eml`, n === 1 ? letter.replace('bob@example.net', 'carol@example.org') : letter);
  });
  succeeded(await runOnce(site));
  ids = [...site.archived().keys()].toSorted();
});
afterAll(() => site.remove());

const run = (...args: string[]) => sealdrop(['archive', 'export', ...args, '-c', site.configFile]);
const place = (name: string) => join(site.directory, name);
const subjectIn = (bytes: Buffer) => /^Subject: (.*)\r$/m.exec(bytes.toString('latin1'))?.[1];

describe('archive export', () => {
  it('says what it made, and what is in it', async () => {
    const made = succeeded(await run('--all', '--format', 'eml', '-o', place('all')));
    expect(made.stdout.trim()).toBe(place('all'));
    expect(made.stderr).toContain('3 messages');
    expect(readdirSync(place('all')).filter((name) => name.endsWith('.eml'))).toHaveLength(3);
    expect(statSync(place('all')).mode & 0o777).toBe(0o700);
  });

  it('is recorded in the audit trail, with the hash of the manifest and without what it was about', async () => {
    const made = succeeded(await run(ids[0] ?? '', '--format', 'mbox', '-o', place('recorded'), '--json'));
    const { manifestSha256 } = JSON.parse(made.stdout) as { manifestSha256: string };
    const last = site.auditRecords().at(-1);
    expect(last).toMatchObject({ event: 'exported', outcome: 'complete' });
    const details = readdirSync(join(site.spool, 'audit')).filter((name) => name.endsWith('.details.jsonl'));
    const [detail] = details
      .flatMap((name) => readFileSync(join(site.spool, 'audit', name), 'utf8').split('\n'))
      .filter((line) => line.startsWith(`{"seq":${String(last?.seq)},`));
    expect(detail).toContain(`"query":"${ids[0]}"`);
    expect(detail).toContain(`"manifest":"${manifestSha256}"`);
    expectWholeTrail(site);
  });

  it.each([
    [['--to', '*@example.org'], ['two']],
    [
      ['--from', 'steve@example.com', '--after', '2020-01-01'],
      ['one', 'two', hostile],
    ],
    [
      ['--before', '2099-01-01T00:00:00Z', '--to', 'bob@example.net'],
      ['one', hostile],
    ],
  ])('takes what is meant by %j', async (conditions, subjects) => {
    const out = place(`by-${conditions.join('-').replace(/\W/g, '_')}`);
    succeeded(await run(...conditions, '--format', 'eml', '-o', out));
    const found = readdirSync(out)
      .filter((name) => name.endsWith('.eml'))
      .map((name) => subjectIn(readFileSync(join(out, name))));
    expect(found.toSorted()).toEqual(subjects.toSorted());
  });

  it('takes ids from a list', async () => {
    const list = write(site.directory, 'ids', `${ids[0]}\n\n{"id":"${ids[2]}","from":[]}\n`);
    succeeded(await run('--ids-from', list, '--format', 'maildir', '-o', place('listed')));
    expect(readdirSync(join(place('listed'), 'new'))).toHaveLength(2);
  });

  it.each([
    [[], /nothing says which/],
    [['--all', '--to', 'bob@example.net'], /exclude each other/],
    [['--after', 'yesterday'], /--after takes a day/],
    [['../../etc/passwd'], /is not a message id/],
    [['--to', 'nobody@example.com'], /no archived message/],
    [['--all', '--as-stored', '--format', 'mbox'], /does not go with mbox/],
  ])('refuses %j', async (args, words) => {
    const format = args.includes('--format') ? [] : ['--format', 'zip'];
    const refused = await run(...args, ...format, '-o', place('refused'));
    expect(refused.status).toBe(64);
    expect(refused.stderr).toMatch(words);
    expect(existsSync(place('refused'))).toBe(false);
  });

  it('never overwrites, unless told to', async () => {
    const out = write(site.directory, 'precious', 'mine');
    const refused = await run('--all', '--format', 'zip', '-o', out);
    expect(refused.status).toBe(64);
    expect(readFileSync(out, 'utf8')).toBe('mine');
    succeeded(await run('--all', '--format', 'zip', '-o', out, '--force'));
    expect(statSync(out).mode & 0o777).toBe(0o600);
  });

  it('writes nothing of mail to the terminal that could steer it', async () => {
    const shown = succeeded(
      await sealdrop([
        'archive',
        'show',
        ids.find((id) => subjectIn(site.archived().get(id) ?? Buffer.alloc(0)) === hostile) ?? '',
        '--headers',
        '-c',
        site.configFile,
      ]),
    );
    expect(shown.stdout).toContain('Subject: <script>alert(1)</script> ?]0;owned?');
  });

  it('beside a daemon, the daemon records it', async () => {
    const daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
    succeeded(await run('--all', '--format', 'zip', '-o', place('beside.zip')));
    await daemon.terminate();
    expect(
      site
        .auditRecords()
        .map(({ event }) => event)
        .slice(-3),
    ).toEqual(['started', 'exported', 'stopped']);
    expectWholeTrail(site);
  });

  describe('with an entry that somebody changed', () => {
    const path = () => join(site.spool, 'archive', archivePath(ids[1] ?? ''));
    let before: Buffer;
    beforeAll(() => {
      before = readFileSync(path());
      chmodSync(path(), 0o640);
      writeFileSync(path(), 'From: eve@example.com\r\n\r\nother');
    });
    afterAll(() => writeFileSync(path(), before));

    it('names it, leaves it out, exports the others and exits 65', async () => {
      const made = await run('--all', '--format', 'zip', '-o', place('altered.zip'));
      expect(made.status).toBe(65);
      expect(made.stderr).toContain(`${ids[1]}  altered: `);
      expect(made.stderr).toContain('2 messages');
      expect(site.auditRecords().at(-1)).toMatchObject({ event: 'exported', outcome: 'incomplete' });
    });

    it('is said by --facts too', async () => {
      const shown = await sealdrop(['archive', 'show', ids[1] ?? '', '--facts', '-c', site.configFile]);
      expect(shown.stdout).toContain('ALTERED');
    });
  });
});

describe('archive show --facts', () => {
  /** Messages are taken in the order of the directory. */
  const forBob = () => [...site.archived()].find(([, bytes]) => bytes.includes('bob@example.net'))?.[0] ?? '';

  it('tells the message’s way', async () => {
    const shown = succeeded(await sealdrop(['archive', 'show', forBob(), '--facts', '-c', site.configFile]));
    expect(shown.stdout).toMatch(/Envelope sender +steve@example\.com/);
    expect(shown.stdout).toMatch(/bob@example\.net {2}copy 1/);
    expect(shown.stdout).toContain('handed to the MTA');
    expect(shown.stdout).toContain('octet for octet what was accepted');
    expect(shown.stdout).toMatch(/accepted\n.*intent/);
  });

  it('as JSON', async () => {
    const shown = succeeded(await sealdrop(['archive', 'show', forBob(), '--json', '-c', site.configFile]));
    expect(JSON.parse(shown.stdout)).toMatchObject({
      id: forBob(),
      envelope: { recipients: ['bob@example.net'] },
      original: { state: 'unchanged' },
    });
  });
});

describeWith(['unzip', 'openssl'], 'the zip in the hands of a third party', () => {
  let inside: string;
  beforeAll(async () => {
    succeeded(await run('--all', '--format', 'zip', '-o', place('evidence.zip')));
    inside = place('unpacked');
    expect(spawnSync('unzip', ['-q', place('evidence.zip'), '-d', inside]).status).toBe(0);
  });

  it('is checked as its cover sheet says', () => {
    expect(sh('sha256sum -c --quiet --strict SHA256SUMS')).toBe('');
    const cover = readFileSync(join(inside, 'cover.html'), 'utf8');
    expect(cover).toContain(sh('sha256sum manifest.json').slice(0, 64));
    const [command = ''] =
      /head -n 1 records\.chain\.jsonl[^<]*/.exec(cover.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))) ?? [];
    expect(sh('head -n 1 records.chain.jsonl')).toContain(`"hash":"${sh(command).slice(0, 64)}"`);
  });

  it('has the certificates that were used, for OpenSSL to read', () => {
    const names = readdirSync(join(inside, 'certificates'));
    expect(names.length).toBe(3);
    for (const name of names) {
      const printed = sh(`openssl x509 -inform DER -noout -fingerprint -sha256 -in certificates/${name}`);
      expect(printed.trim().replace(/^.*=/, '').replaceAll(':', '').toLowerCase()).toBe(name.slice(0, 64));
    }
  });

  it('has the originals', () => {
    expect(readdirSync(join(inside, 'originals')).map((name) => readFileSync(join(inside, 'originals', name)))).toEqual([
      ...site.archived().values(),
    ]);
  });

  function sh(command: string): string {
    const ran = spawnSync('sh', ['-euc', command], { cwd: inside, encoding: 'utf8' });
    expect(ran.status, ran.stderr).toBe(0);
    return ran.stdout;
  }
});

describeWith(['chromium', 'pdftotext'], 'the cover sheet, printed by a browser', () => {
  it('is A4, holds its facts and the hostile subject as text', { timeout: 120_000 }, async () => {
    succeeded(await run('--all', '--format', 'eml', '-o', place('printed')));
    const pdf = place('cover.pdf');
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${place('browser')}`, '--no-pdf-header-footer'];
    spawnSync('chromium', [...flags, `--print-to-pdf=${pdf}`, `file://${place('printed')}/cover.html`], { timeout: 100_000 });
    const text = spawnSync('pdftotext', ['-layout', pdf, '-'], { encoding: 'utf8' }).stdout;
    expect(text).toContain('Export of archived mail');
    expect(text).toContain('<script>alert(1)</script>');
    expect(text).toContain('U+001B');
    expect(spawnSync('pdfinfo', [pdf], { encoding: 'utf8' }).stdout).toMatch(/Page size: +59\d(\.\d+)? x 84\d(\.\d+)? pts \(A4\)/);
  });
});

describeWith(['root'], 'an auditor who may read archive and trail, and not write', () => {
  it('exports, and is told that it is not recorded', async () => {
    const auditor = 61_004;
    chmodSync(join(site.spool, 'audit'), 0o755);
    for (const name of readdirSync(join(site.spool, 'audit'))) chmodSync(join(site.spool, 'audit', name), 0o644);
    for (const path of ['', ...readdirSync(join(site.spool, 'archive'), { recursive: true, encoding: 'utf8' })]) {
      const full = join(site.spool, 'archive', path);
      chmodSync(full, statSync(full).isDirectory() ? 0o755 : 0o644);
    }
    chmodSync(site.configFile, 0o644);
    const home = place('auditor');
    spawnSync('install', ['-d', '-m', '700', '-o', String(auditor), '-g', String(auditor), home]);
    const before = site.auditRecords().length;
    const made = succeeded(
      await sealdrop(['archive', 'export', '--all', '--format', 'zip', '-o', join(home, 'all.zip'), '-c', site.configFile], {
        uid: auditor,
        gid: auditor,
      }),
    );
    expect(made.stderr).toContain('not recorded in the audit trail');
    expect(site.auditRecords().length).toBe(before);
    rmSync(home, { recursive: true });
  });
});
