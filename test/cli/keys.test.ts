import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sealdrop } from '../kit/daemon.js';
import { writeRecipient } from '../kit/key-files.js';
import { Site } from '../kit/site.js';
import { bob, pki, steve, succeeded, write } from './people.js';

let site: Site;
beforeEach(() => {
  site = new Site({ senders: [steve], recipients: [bob] });
});
afterEach(() => site.remove());

describe('keys list', () => {
  it('shows every address, what it can be used for, and until when', async () => {
    const { stdout } = succeeded(await sealdrop(['keys', 'list', '-c', site.configFile]));
    expect(stdout).toMatch(/^bob@example\.net +recipient +encrypts +RSA 2048 +until \d{4}-\d\d-\d\d +[0-9a-f]{16}$/m);
    expect(stdout).toMatch(/^steve@example\.com +identity +signs, encrypts +RSA 2048/m);
  });

  it('takes the directory itself, and only the addresses named', async () => {
    const { stdout } = succeeded(await sealdrop(['keys', 'list', '--keys', site.keys, 'bob@EXAMPLE.net']));
    expect(stdout).toContain('bob@example.net');
    expect(stdout).not.toContain('steve');
  });

  it('gives whole facts as JSON, and no secret', async () => {
    const { stdout } = succeeded(await sealdrop(['keys', 'list', '-c', site.configFile, '--json']));
    const entries = JSON.parse(stdout) as { address: string; fingerprint: string; fault: unknown }[];
    expect(entries.map(({ address }) => address)).toEqual(['bob@example.net', 'steve@example.com']);
    expect(entries.every(({ fingerprint, fault }) => /^[0-9a-f]{64}$/.test(fingerprint) && fault === null)).toBe(true);
    expect(stdout).not.toContain('PRIVATE KEY');
  });

  it('says for which address there is nothing, and exits 65', async () => {
    const run = await sealdrop(['keys', 'list', '-c', site.configFile, 'dave@example.net']);
    expect(run.status).toBe(65);
    expect(run.stderr).toContain('nothing for dave@example.net');
  });

  it('wants to know which directory', async () => {
    expect((await sealdrop(['keys', 'list'])).status).toBe(64);
  });
});

describe('keys check', () => {
  it('is content when everything can be used', async () => {
    const run = succeeded(await sealdrop(['keys', 'check', '-c', site.configFile]));
    expect(run.stdout).toBe('');
    expect(run.stderr).toContain('2 of 2 can be used');
  });

  it('names what cannot be used, with what to do, and exits 65', async () => {
    const key = join(site.keys, 'steve@example.com.pem');
    chmodSync(key, 0o640);
    const run = await sealdrop(['keys', 'check', '-c', site.configFile]);
    expect(run.status).toBe(65);
    expect(run.stdout).toContain(`what to do: Run: chmod 600 ${key}`);
    expect(run.stdout).not.toContain('bob');
  });

  it('warns of what soon expires, which is no failure', async () => {
    writeRecipient(site.keys, pki.issue({ address: 'soon@example.net', notAfter: new Date(Date.now() + 5.5 * 86_400_000) }));
    const run = succeeded(await sealdrop(['keys', 'check', '-c', site.configFile]));
    expect(run.stdout).toContain('soon@example.net');
    expect(run.stdout).toContain('expires in 5 days');
  });

  it('mentions files that no address names', async () => {
    write(site.keys, 'notes.txt', '');
    expect((await sealdrop(['keys', 'check', '-c', site.configFile])).stderr).toContain('not used: notes.txt');
  });
});
