import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { sealdrop } from '../kit/daemon.js';
import { testPki } from '../kit/pki.js';
import { makeTemp, removeTemp } from '../kit/temp.js';
import { describeWith } from '../kit/tools.js';
import { succeeded, write } from './people.js';

let home: string;
let site: string;
beforeEach(() => {
  home = makeTemp('init');
  chmodSync(home, 0o711);
  site = join(home, 'site');
});
afterEach(() => removeTemp(home));

const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);

describe('init', () => {
  it('makes a configuration that loads, keys that are ours alone, and the spool', async () => {
    const run = succeeded(await sealdrop(['init', site]));
    const config = loadConfig(join(site, 'sealdrop.yaml'), {});
    expect(config.spool).toBe(join(site, 'spool'));
    expect(config.keys).toBe(join(site, 'keys'));
    expect(modeOf(config.keys)).toBe('700');
    expect(modeOf(config.spool)).toBe('711');
    for (const name of ['outbox', 'outbox/new', 'outbox/tmp', 'work', 'retry', 'quarantine', 'audit', 'archive'])
      expect(modeOf(join(config.spool, name)), name).toBe('700');
    expect(run.stdout).toContain(join(site, 'sealdrop.yaml'));
    expect(run.stderr).toContain(`sealdrop doctor -c ${join(site, 'sealdrop.yaml')}`);
  });

  it('explains every setting in the file', async () => {
    succeeded(await sealdrop(['init', site]));
    const text = readFileSync(join(site, 'sealdrop.yaml'), 'utf8');
    for (const key of ['settleMs', 'senders', 'protect', 'rules', 'retention']) expect(text).toMatch(new RegExp(`^ *#?${key}:`, 'm'));
    expect(text.split('\n').filter((line) => line.trimStart().startsWith('# ')).length).toBeGreaterThan(40);
  });

  it('writes down what the archive is encrypted to, or that it is meant to be plain; without either it says that it is to be decided', async () => {
    const { files } = testPki().issue({ address: 'compliance-rsa@example.com' });
    succeeded(await sealdrop(['init', site, '--archive-encrypt-to', files.certificate]));
    expect(loadConfig(join(site, 'sealdrop.yaml'), {}).archive.encryptTo).toEqual([files.certificate]);
    succeeded(await sealdrop(['init', `${site}-plain`, '--archive-plaintext']));
    expect(loadConfig(join(`${site}-plain`, 'sealdrop.yaml'), {}).archive.plaintext).toBe(true);
    expect(succeeded(await sealdrop(['init', `${site}-open`])).stderr).toContain('archive.plaintext: true');
    const run = await sealdrop(['init', `${site}-none`, '--archive-encrypt-to', join(home, 'missing.crt')]);
    expect(run.status).toBe(78);
    expect(existsSync(`${site}-none`)).toBe(false);
  });

  it('overwrites nothing: with a configuration there, it changes nothing at all', async () => {
    mkdirSync(site);
    write(site, 'sealdrop.yaml', 'mine');
    const run = await sealdrop(['init', site]);
    expect(run.status).toBe(64);
    expect(run.stderr).toContain('is there already');
    expect(readFileSync(join(site, 'sealdrop.yaml'), 'utf8')).toBe('mine');
    expect(existsSync(join(site, 'spool'))).toBe(false);
  });

  it('keeps what lies in a keys directory that is there', async () => {
    mkdirSync(join(site, 'keys'), { recursive: true });
    write(join(site, 'keys'), 'alice@example.com.pem', 'a key');
    succeeded(await sealdrop(['init', site]));
    expect(readFileSync(join(site, 'keys', 'alice@example.com.pem'), 'utf8')).toBe('a key');
  });

  it.each([
    ['--submit-group', 'groupadd'],
    ['--audit-group', 'groupadd'],
    ['--user', 'useradd'],
  ])('makes nothing when the name after %s is nobody’s', async (option, program) => {
    const run = await sealdrop(['init', site, option, 'no-such-name']);
    expect(run.status).toBe(64);
    expect(run.stderr).toContain(program);
    expect(existsSync(site)).toBe(false);
  });
});

describeWith(['root'], 'init by root for a user', () => {
  it('gives keys and spool to the user, and lets the groups in as far as they need', async () => {
    succeeded(await sealdrop(['init', site, '--user', 'nobody', '--submit-group', 'games', '--audit-group', 'games']));
    const config = loadConfig(join(site, 'sealdrop.yaml'), {});
    expect(config.outbox.group).toBe('games');
    const { uid } = statSync(config.keys);
    expect(uid).not.toBe(0);
    for (const name of ['', 'outbox', 'outbox/new', 'work', 'work/in', 'quarantine', 'audit', 'archive'])
      expect(statSync(join(config.spool, name)).uid, name).toBe(uid);
    expect(modeOf(join(config.spool, 'outbox/new'))).toBe('3730');
    expect(modeOf(join(config.spool, 'archive'))).toBe('2750');
    expect(statSync(join(config.spool, 'outbox/new')).gid).toBe(statSync(join(config.spool, 'archive')).gid);
  });

  it('lets that user read the configuration even when root has umask 077', async () => {
    const main = new URL('../../dist/cli/program.js', import.meta.url).href;
    const program = write(
      home,
      'strict.mjs',
      `process.umask(0o077);\nawait (await import(${JSON.stringify(main)})).main(process.argv.slice(2));\n`,
    );
    succeeded(await sealdrop(['init', site, '--user', 'nobody'], { program }));
    expect(modeOf(site)).toBe('755');
    expect(modeOf(join(site, 'sealdrop.yaml'))).toBe('644');
  });

  it('refuses to make them for another user when it is not root', async () => {
    chmodSync(home, 0o777);
    const run = await sealdrop(['init', site, '--user', 'games'], { uid: 65_534, gid: 65_534 });
    expect(run.status).toBe(77);
    expect(run.stderr).toContain('only root');
    expect(existsSync(site)).toBe(false);
  });
});
