import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runOnce } from '../kit/daemon.js';
import { testPki } from '../kit/pki.js';
import { Site } from '../kit/site.js';
import { blocksOf, read } from './pages.js';

const pki = testPki();
const mail = Buffer.from('From: steve@example.com\nTo: bob@example.net\nSubject: Grüße\n\nBis morgen!\n');

const examples = [
  { file: 'drop.sh', program: 'sh', probe: ['-c', 'sync --version && mktemp --version'] },
  { file: 'drop.py', program: 'python3', probe: ['--version'] },
  { file: 'Drop.java', program: 'java', probe: ['-version'] },
];

describe('the dropping examples of the README', () => {
  let site: Site;
  beforeAll(() => {
    site = new Site({ senders: [pki.issue({ address: 'steve@example.com' })], recipients: [pki.issue({ address: 'bob@example.net' })] });
  });
  afterAll(() => site.remove());

  for (const { file, program, probe } of examples) {
    const missing = spawnSync(program, probe).status !== 0;
    const title = `${file} drops a mail whole and readable, which the daemon then seals`;

    test.skipIf(missing)(missing ? `${title} [skipped, missing: ${program}]` : title, async () => {
      const before = site.pickedUp().length;
      drop(file, program, site);

      const names = readdirSync(join(site.spool, 'outbox', 'new'));
      expect(names).toHaveLength(1);
      const dropped = join(site.spool, 'outbox', 'new', names[0] ?? '');
      expect(readFileSync(dropped)).toEqual(mail);
      expect(statSync(dropped).mode & 0o777, 'also under umask 077').toBe(0o640);
      expect(readdirSync(join(site.spool, 'outbox', 'tmp')), 'nothing is left behind').toEqual([]);

      expect((await runOnce(site)).status).toBe(0);
      expect(site.pickedUp()).toHaveLength(before + 1);
      expect([...site.archived().values()].at(-1)).toEqual(mail);
    });
  }

  test('are these three, each with its name in its first lines', () => {
    expect(examples.map(({ file }) => exampleNamed(file).length > 0)).toEqual([true, true, true]);
  });
});

describe('the quick start of the README', () => {
  test('is the two commands that package.json has', () => {
    const commands = [...read('README.md').matchAll(/^npm (start|test)\b/gm)].map(([, name]) => name);
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    expect(commands).toEqual(['start', 'test']);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['prestart', 'start', 'pretest', 'test', 'bench']));
  });
});

/** Runs an example as its first lines say, under a umask that would make the file unreadable for everybody else. */
function drop(file: string, program: string, site: Site): void {
  const script = join(site.directory, file);
  writeFileSync(script, exampleNamed(file));
  const run = spawnSync('sh', ['-c', `umask 077; exec ${program} "$0" "$1"`, script, join(site.spool, 'outbox')], {
    input: mail,
    encoding: 'utf8',
  });
  expect(run.stderr).toBe('');
  expect(run.status).toBe(0);
}

function exampleNamed(file: string): string {
  return (
    blocksOf('README.md').find(({ text }) =>
      text
        .split('\n')
        .slice(0, 2)
        .some((line) => line.includes(`${file}: `)),
    )?.text ?? ''
  );
}
