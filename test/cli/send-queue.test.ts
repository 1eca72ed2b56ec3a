import { chmodSync, chownSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runOnce, sealdrop } from '../kit/daemon.js';
import { Site } from '../kit/site.js';
import { describeWith } from '../kit/tools.js';
import { bob, steve, succeeded, toBob, write } from './people.js';

let site: Site;
let outbox: string;
beforeEach(() => {
  site = new Site({ senders: [steve], recipients: [bob], config: 'http: { listen: off }' });
  outbox = join(site.spool, 'outbox');
});
afterEach(() => site.remove());

describe('send --queue', () => {
  it('puts the message, its bytes untouched, behind the sure door, and the daemon takes it', async () => {
    const odd = toBob.replaceAll('\r\n', '\n');
    const run = succeeded(await sealdrop(['send', write(site.directory, 'odd.eml', odd), '--queue', '-c', site.configFile]));
    const path = run.stdout.trim();
    expect(path).toMatch(new RegExp(`^${outbox}/new/odd-[0-9a-f-]{36}\\.eml$`));
    expect(readFileSync(path, 'utf8')).toBe(odd);
    expect(readdirSync(join(outbox, 'tmp'))).toEqual([]);
    expect((await runOnce(site)).status).toBe(0);
    expect(site.pickedUp()).toHaveLength(1);
  });

  it('never takes a name that is taken, and none that the door ignores', async () => {
    const file = write(site.directory, '.hidden draft.tmp', toBob);
    for (let n = 0; n < 2; n++) succeeded(await sealdrop(['send', file, '--queue', '-c', site.configFile]));
    const names = readdirSync(join(outbox, 'new'));
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name).toMatch(/^hidden_draft\.tmp-[0-9a-f-]{36}\.eml$/);
  });

  it('takes standard input', async () => {
    const run = succeeded(await sealdrop(['send', '-', '--queue', '-c', site.configFile, '--json'], { input: toBob }));
    const { file } = JSON.parse(run.stdout) as { file: string };
    expect(readFileSync(file, 'utf8')).toBe(toBob);
  });

  it('refuses an empty message, and one over the limit, before it is queued', async () => {
    site.configure('outbox: { maxMessageBytes: 1KiB }');
    for (const [name, bytes, words] of [
      ['empty.eml', '', 'is empty'],
      ['large.eml', toBob + 'x'.repeat(2000), 'more than the 1024 bytes'],
    ] as const) {
      const run = await sealdrop(['send', write(site.directory, name, bytes), '--queue', '-c', site.configFile]);
      expect(run.status).toBe(65);
      expect(run.stderr).toContain(words);
    }
    expect(readdirSync(join(outbox, 'new'))).toEqual([]);
  });

  it('says so when there is no outbox', async () => {
    rmSync(outbox, { recursive: true });
    const run = await sealdrop(['send', '-', '--queue', '-c', site.configFile], { input: toBob });
    expect(run.status).toBe(75);
    expect(run.stderr).toContain('the directory is not there');
  });
});

describeWith(['root'], 'send --queue by other users', () => {
  const [daemonUid, group, member, stranger] = [61_001, 61_100, 61_002, 61_003];

  beforeEach(() => {
    // As prepareSpool makes it for a group, without an ACL.
    for (const path of [outbox, join(outbox, 'tmp'), join(outbox, 'new')]) {
      chownSync(path, daemonUid, group);
      chmodSync(path, 0o3730);
    }
    chmodSync(site.configFile, 0o644);
  });

  it('lets a member of the group drop a file that the daemon can read, whatever the umask', async () => {
    const run = succeeded(
      await sealdrop(['send', '-', '--queue', '-c', site.configFile], { input: toBob, uid: member, gid: group, program: underUmask077() }),
    );
    const { uid, mode } = statSync(run.stdout.trim());
    expect(uid).toBe(member);
    expect(mode & 0o777).toBe(0o644);
  });

  it('refuses others, and says which group to join', async () => {
    const run = await sealdrop(['send', '-', '--queue', '-c', site.configFile], { input: toBob, uid: stranger, gid: stranger });
    expect(run.status).toBe(77);
    expect(run.stderr).toContain('group sealdrop-submit');
    expect(readdirSync(join(outbox, 'new'))).toEqual([]);
    expect(readdirSync(join(outbox, 'tmp'))).toEqual([]);
  });

  /** The program, started by one that has set umask 077. */
  function underUmask077(): string {
    const main = new URL('../../dist/cli/program.js', import.meta.url).href;
    const text = `process.umask(0o077);\nconst { main } = await import(${JSON.stringify(main)});\nprocess.exitCode = await main(process.argv.slice(2));\n`;
    return write(site.directory, 'strict.mjs', text);
  }
});
