import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archivePath } from '../../src/archive/path.js';
import { expectWholeTrail } from '../daemon/site.js';
import { runOnce, sealdrop } from '../kit/daemon.js';
import { Site } from '../kit/site.js';
import { bob, steve, succeeded, toBob } from './people.js';

let site: Site;
let id: string;
beforeEach(async () => {
  site = new Site({ senders: [steve], recipients: [bob], config: 'http: { listen: off }\nlog: { format: text }' });
  site.drop('mail.eml', toBob);
  succeeded(await runOnce(site));
  id = [...site.archived().keys()][0] ?? '';
});
afterEach(() => site.remove());

const restore = (...args: string[]) => sealdrop(['archive', 'restore', ...args, '-c', site.configFile]);
const eventsOf = (about: string) =>
  site
    .auditRecords()
    .filter((each) => each.id === about)
    .map(({ event }) => event);

describe('archive restore', () => {
  it('sends the message again as a new one, whose records name the old; no copy that leaves does', async () => {
    const run = succeeded(await restore(id, '--yes'));
    expect(run.stdout).toContain('bob@example.net');
    expect(run.stdout).toMatch(new RegExp(`outbox/new/restored-${id}-[0-9a-f-]{36}\\.eml$`, 'm'));
    expect(eventsOf(id).at(-1)).toBe('restored');
    succeeded(await runOnce(site));
    const newer = [...site.archived().keys()].find((each) => each !== id) ?? '';
    expect(site.archived().get(newer)?.toString()).toBe(`x-sealdrop-restored: ${id}\r\n${toBob}`);
    for (const sealed of site.sealed().values()) expect(sealed.toString('latin1')).not.toMatch(/restored/i);
    const shown = succeeded(await sealdrop(['archive', 'show', newer, '--json', '-c', site.configFile]));
    expect(JSON.parse(shown.stdout)).toMatchObject({ restored: id, envelope: { recipients: ['bob@example.net'] } });
    const opened = site.pickedUp().filter((name) => name.startsWith(newer));
    expect(opened).toHaveLength(1);
    expectWholeTrail(site);
  });

  it('shows what would go to whom, and sends nothing, with --dry-run', async () => {
    const before = site.auditRecords().length;
    const run = succeeded(await restore(id, '--dry-run'));
    expect(run.stdout).toMatch(/bob@example\.net[\s\S]*Copy 1 of 1/);
    expect(run.stderr).toContain('Nothing was written or sent.');
    expect(readdirSync(join(site.spool, 'outbox', 'new'))).toEqual([]);
    expect(site.auditRecords().length).toBe(before);
  });

  it('asks, and where nobody is to be asked, sends nothing', async () => {
    const run = await restore(id);
    expect(run.status).toBe(64);
    expect(run.stderr).toContain('--yes');
    expect(readdirSync(join(site.spool, 'outbox', 'new'))).toEqual([]);
  });

  it('goes by the rules of today: what would be held is not sent', async () => {
    site.configure('http: { listen: off }\nsenders: { "*@example.com": [somebody-else] }');
    const run = await restore(id, '--yes');
    expect(run.status).toBe(65);
    expect(run.stdout).toContain('sender-not-allowed');
    expect(readdirSync(join(site.spool, 'outbox', 'new'))).toEqual([]);
  });

  it('does not send an original that was altered', async () => {
    const path = join(site.spool, 'archive', archivePath(id));
    chmodSync(path, 0o640);
    writeFileSync(path, toBob.replace('text', 'pay eve'));
    const run = await restore(id, '--yes');
    expect(run.status).toBe(65);
    expect(run.stderr).toContain('is not what was accepted');
    expect(readdirSync(join(site.spool, 'outbox', 'new'))).toEqual([]);
  });

  it.each(['019ab0c1-2d3e-7f40-8a51-b263c4d5e6f7', 'nonsense'])('has nothing for %s', async (unknown) => {
    expect((await restore(unknown, '--yes')).status).toBe(64);
  });

  it('does not let a forged line reach the records as anything but an id', async () => {
    site.drop('forged.eml', `x-sealdrop-restored: "};evil\r\n${toBob}`);
    succeeded(await runOnce(site));
    const newer = [...site.archived().keys()].find((each) => each !== id) ?? '';
    const shown = succeeded(await sealdrop(['archive', 'show', newer, '--json', '-c', site.configFile]));
    expect(JSON.parse(shown.stdout)).not.toHaveProperty('restored');
  });
});
