import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { verifyTrail } from '../../src/archive/verify.js';
import { type Program, startDaemon } from '../kit/daemon.js';
import type { Site } from '../kit/site.js';
import { expectWholeTrail, letter, newSite } from './site.js';

let site: Site;
let daemon: Program;
afterEach(async () => {
  await daemon.kill();
  site.remove();
});

describe('audit verify beside a daemon at work', () => {
  test('finds nothing, again and again while messages are accepted, archived and finished', { timeout: 120_000 }, async () => {
    site = newSite();
    const count = 900;
    for (let n = 0; n < count; n++) site.drop(`${n}.eml`, letter(`message ${n}`));
    daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
    let rounds = 0;
    while (site.pickedUp().length < count) {
      const { findings } = verifyTrail(join(site.spool, 'audit'), join(site.spool, 'archive'), join(site.spool, 'work'));
      expect(findings).toEqual([]);
      rounds++;
      // Its output is heard, and its end.
      await new Promise((resolve) => setTimeout(resolve, 1));
      expect(daemon.hasEnded).toBe(false);
    }
    expect(rounds).toBeGreaterThan(5);
    expect((await daemon.terminate()).status).toBe(0);
    expectWholeTrail(site);
  });
});
