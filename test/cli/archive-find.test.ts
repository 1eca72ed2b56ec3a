import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeAsNobody, nobody } from '../e2e/users.js';
import { runOnce, sealdrop } from '../kit/daemon.js';
import { Site } from '../kit/site.js';
import { blindToCarol, bob, carol, steve, succeeded, toBob } from './people.js';

const site = new Site({ senders: [steve], recipients: [bob, carol], config: 'http: { listen: off }' });
const indexDirectory = join(site.spool, 'index');
const file = join(indexDirectory, 'messages.sqlite');
const find = (...args: string[]) => sealdrop(['archive', 'find', '-c', site.configFile, ...args]);
/** Moves the cursor, turns text around, ends the line, rings. */
const hostile = 'Re: \x1b[2J\x9b1mred\u202etxet\x07 \u2028 end';

beforeAll(async () => {
  site.drop('plain.eml', toBob);
  site.drop('blind.eml', blindToCarol.replace('one', `=?utf-8?b?${Buffer.from(hostile).toString('base64')}?=`));
  site.drop('held.eml', toBob.replaceAll('bob@', 'nobody@'));
  expect((await runOnce(site)).status).toBe(65);
});
afterAll(() => site.remove());

describe('sealdrop archive find', () => {
  it('finds what the daemon sealed, newest first, and says how to read it', async () => {
    const run = succeeded(await find('--state', 'handed-to-mta'));
    expect(run.stdout).toMatch(/^[0-9a-f-]{36} {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}handed-to-mta\n {2}steve@example.com > /m);
    expect(run.stdout.match(/^[0-9a-f-]{36}/gm)).toHaveLength(2);
    expect(run.stderr).toContain('sealdrop archive show ID');
    const id = run.stdout.slice(0, 36);
    expect(succeeded(await sealdrop(['archive', 'show', id, '-c', site.configFile])).stdout).toContain('Subject:');
  });

  it('shows the full envelope, blind recipients too, and the copies by name and hash', async () => {
    const [found] = jsonLines(succeeded(await find('--to', 'carol@example.org', '--json')).stdout);
    expect(found).toMatchObject({
      sender: 'steve@example.com',
      from: ['steve@example.com'],
      recipients: [
        { address: 'bob@example.net', blind: false },
        { address: 'carol@example.org', blind: true },
      ],
      file: 'blind.eml',
      state: 'handed-to-mta',
      subject: hostile,
    });
    const copies = found?.copies as { name: string; sha256: string }[];
    expect(copies.map(({ name }) => name).toSorted()).toEqual(
      site
        .pickedUp()
        .filter((name) => name.startsWith(String(found?.id)))
        .toSorted(),
    );
    const [copy] = copies;
    const byFile = succeeded(await find('--file', join(site.pickup, copy?.name ?? ''), '--json'));
    expect(jsonLines(byFile.stdout)).toEqual([found]);
    expect(jsonLines(succeeded(await find('--hash', String(found?.sha256), '--json')).stdout)).toEqual([found]);
    expect(succeeded(await find('--to', 'carol@example.org', '--long')).stdout).toMatch(/^ {2}Blind: +carol@example.org$/m);
  });

  it.each([[], ['--long']])('lets no control character of a subject reach the terminal (%j)', async (...args) => {
    const { stdout } = succeeded(await find('--subject', 'red', ...args));
    expect(stdout).toContain('Re: ?[2J?1mred?txet');
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]/);
  });

  it('knows of messages that are held, which the archive does not have', async () => {
    const [held] = jsonLines(succeeded(await find('--state', 'quarantined', '--json')).stdout);
    expect(held).toMatchObject({ file: 'held.eml', archive: null });
  });

  it('ends with exit 0 and a word when nothing is found, and with 64 when the question is none', async () => {
    const nothing = succeeded(await find('--subject', 'no such subject'));
    expect([nothing.stdout, nothing.stderr]).toEqual(['', 'Nothing was found.\n']);
    for (const args of [
      ['--from', 'bob'],
      ['--after', 'today'],
      ['--hash', 'ab', '--file', 'x'],
      ['--state', 'lost'],
      ['--limit', 'x'],
    ]) {
      expect((await find(...args)).status).toBe(64);
    }
  });

  it('says when there are more than it shows', async () => {
    const run = succeeded(await find('--limit', '1'));
    expect(run.stderr).toContain('There are more than 1');
    expect(
      succeeded(await find('--limit', '0', '--json'))
        .stdout.trim()
        .split('\n'),
    ).toHaveLength(3);
  });

  it('makes the index anew when it is gone or damaged, and still answers', async () => {
    rmSync(indexDirectory, { recursive: true });
    expect(jsonLines(succeeded(await find('--json')).stdout)).toHaveLength(3);
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0xff, 8192));
    const run = succeeded(await find('--json'));
    expect(run.stderr).toContain('damaged; a new one is made');
    expect(jsonLines(run.stdout)).toHaveLength(3);
  });
});

describe('sealdrop archive index', () => {
  it('says how far the index reaches', async () => {
    const facts = JSON.parse(succeeded(await sealdrop(['archive', 'index', '--rebuild', '--json', '-c', site.configFile])).stdout);
    expect(facts).toMatchObject({ rebuilt: true, messages: 3, reaches: { seq: expect.any(Number) } });
    expect(succeeded(await sealdrop(['archive', 'index', '-c', site.configFile])).stdout).toContain('the index reaches record');
  });
});

it('shows the file of a message that was held before its envelope was decided', async () => {
  expect(succeeded(await find('--state', 'quarantined')).stdout).toMatch(/quarantined\n {2}envelope not known {2}held\.eml\n$/);
});

it('says why a subject is not found where originals are encrypted', async () => {
  expect((await find('--subject', 'one')).stderr).not.toContain('encrypted');
  const encrypted = new Site({
    senders: [steve],
    recipients: [bob, carol],
    config: `http: { listen: off }\narchive: { encryptTo: [${bob.files.certificate}] }`,
  });
  try {
    encrypted.drop('plain.eml', toBob);
    expect((await runOnce(encrypted)).status).toBe(0);
    const run = succeeded(await sealdrop(['archive', 'find', '-c', encrypted.configFile, '--subject', 'one']));
    expect(run.stdout).toBe('');
    expect(run.stderr).toContain('Subjects of originals that are encrypted in the archive are not known');
  } finally {
    encrypted.remove();
  }
});

describeAsNobody('somebody who may only read the index', () => {
  it('searches it, and is told how far it reaches', async () => {
    succeeded(await find());
    chmodSync(site.spool, 0o711);
    chmodSync(indexDirectory, 0o755);
    chmodSync(file, 0o644);
    const before = statSync(file).mtimeMs;
    const asNobody = () => sealdrop(['archive', 'find', '-c', site.configFile, '--subject', 'ONE', '--json'], { uid: nobody, gid: nobody });
    const run = succeeded(await asNobody());
    expect(jsonLines(run.stdout)).toMatchObject([{ subject: 'one' }]);
    expect(run.stderr).toMatch(/^The index reaches record \d+ of 20/);
    expect(statSync(file).mtimeMs).toBe(before);

    rmSync(file);
    const missing = await asNobody();
    expect(missing.status).toBe(75);
    expect(missing.stderr).toContain('is not there');
    expect(existsSync(file)).toBe(false);
  });
});

function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
