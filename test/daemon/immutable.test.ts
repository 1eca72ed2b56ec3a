import { execFileSync } from 'node:child_process';
import { readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { makeMutable, proveImmutable } from '../../src/archive/immutable.js';
import { runOnce, sealdrop, startDaemon } from '../kit/daemon.js';
import type { Site } from '../kit/site.js';
import { makeTemp } from '../kit/temp.js';
import { expectWholeTrail, letter, newSite, underWay } from './site.js';

const possible = await proveImmutable(makeTemp('immutable-probe')).then(
  () => true,
  () => false,
);

let site: Site;
afterEach(async () => {
  await makeMutable(entries());
  site.remove();
});

const archive = () => join(site.spool, 'archive');

function entries(): string[] {
  const names = readdirSync(archive(), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => /\.(eml|gz|p7m)$/.test(name)).map((name) => join(archive(), name));
}

const isImmutable = (path: string) => /^-+i/.test(execFileSync('lsattr', [path]).toString());

describe.skipIf(!possible)(
  `archive.immutable: attribute${possible ? '' : ' [skipped, missing: CAP_LINUX_IMMUTABLE or a file system that has it]'}`,
  () => {
    test('entries and kept copies become immutable when their message is done, and nothing of ours is left in work', async () => {
      site = newSite('archive: { immutable: attribute, keepSealed: full }\n');
      for (const name of ['a', 'b', 'c']) site.drop(`${name}.eml`, letter(name));
      expect((await runOnce(site)).status).toBe(0);
      expect(entries()).toHaveLength(6);
      expect(entries().filter((path) => !isImmutable(path))).toEqual([]);
      expect(() => unlinkSync(entries()[0] ?? '')).toThrow(/EPERM/);
      expect(underWay(site)).toEqual([]);
      expectWholeTrail(site);
    });

    test('what a kill left without it gets it from the next start, and what is held is left alone', async () => {
      site = newSite('archive: { immutable: attribute }\n');
      site.drop('held.eml', letter('held', { to: 'nobody@example.net' }));
      const daemon = startDaemon(site);
      await daemon.until('the first message held', () => site.quarantined().length === 1);
      for (let number = 0; number < 20; number++) site.drop(`${number}.eml`, letter(String(number)));
      await daemon.until('messages picked up', () => site.pickedUp().length > 10);
      await daemon.kill();
      expect((await runOnce(site)).status).toBe(0);
      expect(entries()).toHaveLength(20);
      expect(entries().filter((path) => !isImmutable(path))).toEqual([]);
      expect(underWay(site)).toEqual([]);
      const [{ id = '' } = {}] = site.quarantined();
      expect((await sealdrop(['queue', 'drop', id, '-c', site.configFile])).status).toBe(0);
      expect((await runOnce(site)).status).toBe(0);
      expect(entries().filter((path) => !isImmutable(path))).toEqual([]);
      expectWholeTrail(site);
    });
  },
);
