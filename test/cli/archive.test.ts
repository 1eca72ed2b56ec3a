import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archivePath } from '../../src/archive/path.js';
import { runOnce, sealdrop } from '../kit/daemon.js';
import { Site } from '../kit/site.js';
import { bob, steve, succeeded, toBob } from './people.js';

const submitted = Buffer.concat([Buffer.from(toBob.replaceAll('\r\n', '\n')), Buffer.from([0xe9, 0x80, 0x0a])]);
let site: Site;
let id: string;
beforeEach(async () => {
  site = new Site({ senders: [steve], recipients: [bob], config: 'http: { listen: off }' });
  site.drop('mail.eml', submitted);
  expect((await runOnce(site)).status).toBe(0);
  id = site.pickedUp()[0]?.slice(0, 36) ?? '';
});
afterEach(() => site.remove());

const archive = (...args: string[]) => sealdrop(['archive', ...args, '-c', site.configFile]);

describe('archive show', () => {
  it('writes the original, octet for octet as it was submitted', async () => {
    expect(succeeded(await archive('show', id)).stdoutBytes).toEqual(submitted);
  });

  it.each(['../../../etc/passwd', '019ab0c1-2d3e-7f40-8a51-b263c4d5e6f7'])('has nothing for %s', async (unknown) => {
    const run = await archive('show', unknown);
    expect(run.status).toBe(64);
    expect(run.stdout).toBe('');
    expect(run.stderr).toContain('sealdrop audit list');
  });
});

describe('archive verify', () => {
  it('is content with an archive that is whole', async () => {
    expect(succeeded(await archive('verify')).stdout).toMatch(/^consistent/);
  });

  it('finds an original that was altered, and exits 65', async () => {
    const path = join(site.spool, 'archive', archivePath(id));
    chmodSync(path, 0o640);
    writeFileSync(path, 'something else');
    const run = await archive('verify', '--json');
    expect(run.status).toBe(65);
    expect((JSON.parse(run.stdout) as { findings: { kind: string }[] }).findings.map(({ kind }) => kind)).toEqual(['archive-altered']);
  });

  it('finds an original that is gone', async () => {
    rmSync(join(site.spool, 'archive', archivePath(id)));
    expect((await archive('verify')).stdout).toContain('archive-missing');
  });
});
