import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runOnce, sealdrop, startDaemon } from '../kit/daemon.js';
import { PickupRefusal } from '../kit/mta/pickup-mail.js';
import { PickupMta } from '../kit/mta/pickup-reader.js';
import { testPki } from '../kit/pki.js';
import { Random } from '../kit/random.js';
import { Site } from '../kit/site.js';

// The long form is `npm run lab:crash`.
const kills = Number(process.env.SEALDROP_CRASH_KILLS ?? 10);
const perLife = 6;
const seed = Number(process.env.SEALDROP_CRASH_SEED ?? 1);

const pki = testPki();
const sender = pki.issue({ address: 'steve@example.com' });
const recipient = pki.issue({ address: 'bob@example.net' });

describe('a daemon killed at random moments, beside an MTA that refuses every other file', () => {
  const site = new Site({
    senders: [sender],
    recipients: [recipient],
    config: 'http: { listen: off }\nlog: { format: text }',
    pickup: ['settleBadMs: 100ms'],
  });
  afterAll(() => site.remove());

  it(`loses none and hands over none twice over ${kills} kills: each is taken once, or held until a person releases it`, {
    timeout: 600_000,
  }, async () => {
    const random = new Random(seed);
    let choosy = true;
    const mta = new PickupMta({
      pickup: site.pickup,
      bad: site.bad,
      everyMs: 3,
      take: () => {
        if (choosy && random.chance(0.5)) throw new PickupRefusal('suppressed');
        return undefined;
      },
    });
    const held = () => readdirSync(join(site.spool, 'quarantine', 'sealed')).flatMap((name) => /^(.*)\.eml$/.exec(name)?.[1] ?? []);
    for (let life = 0; life < kills; life++) {
      for (let n = 0; n < perLife; n++) drop(life * perLife + n);
      const daemon = startDaemon(site);
      await daemon.untilOutput(/watching the outbox/);
      // A release on its way is killed with the rest.
      const released =
        life > 0 && held().length > 0 ? sealdrop(['queue', 'release', ...held().slice(0, 3), '-c', site.configFile]) : undefined;
      await new Promise((resolve) => setTimeout(resolve, random.between(0, 900)));
      await daemon.kill();
      await released;
    }
    choosy = false;
    for (let round = 0; round < 5; round++) {
      await runOnce(site, { deadlineMs: 120_000 });
      if (held().length > 0) await sealdrop(['queue', 'release', ...held(), '-c', site.configFile]);
      else if (round > 1 && readdirSync(join(site.spool, 'work', 'again')).length === 0) break;
    }
    await mta.stop();
    const subjects = mta.taken.map(({ message }) => /^Subject: (.*)\r$/m.exec(message.toString('latin1'))?.[1] ?? '?');
    const expected = Array.from({ length: kills * perLife }, (_, n) => `message ${n}`);
    expect(subjects.toSorted()).toEqual(expected.toSorted());
    expect([held(), readdirSync(site.bad), readdirSync(site.staging).filter((name) => name.endsWith('.eml'))]).toEqual([[], [], []]);
    expect(mta.refused.size).toBeGreaterThan(kills);
    const verified = await sealdrop(['audit', 'verify', '-c', site.configFile]);
    expect(verified.stdout).toMatch(/^consistent/m);

    function drop(number: number): void {
      site.drop(`${number}.eml`, `From: ${sender.address}\r\nTo: ${recipient.address}\r\nSubject: message ${number}\r\n\r\ntext\r\n`);
    }
  });
});
