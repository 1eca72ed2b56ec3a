import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { writeAuditIdentity } from '../audit/checkpoint/kit.js';
import { runOnce, sealdrop, startDaemon } from '../kit/daemon.js';
import { testPki } from '../kit/pki.js';
import { Random } from '../kit/random.js';
import { Site } from '../kit/site.js';
import { waitFor } from '../kit/wait-for.js';
import { PickupReader } from './pickup-reader.js';

// The long form (50 kills, 2,000 messages) is `npm run lab:crash`.
const kills = Number(process.env.SEALDROP_CRASH_KILLS ?? 12);
const perLife = 40;
const seed = Number(process.env.SEALDROP_CRASH_SEED ?? 1);

const pki = testPki();
const sender = pki.issue({ address: 'steve@example.com' });
const recipients = ['bob@example.net', 'carol@example.org', 'dave@example.net'].map((address) => pki.issue({ address }));

describe('a daemon killed at random moments', () => {
  const site = new Site({
    senders: [sender],
    recipients,
    config: 'http: { listen: off }\nlog: { format: text }\naudit: { identity: audit.pem, checkpointRecords: 30 }',
  });
  writeAuditIdentity(site.directory);
  afterAll(() => site.remove());

  it(`delivers every copy exactly once over ${kills} kills, archives every original, and keeps its audit trail whole`, {
    timeout: 600_000,
  }, async () => {
    const random = new Random(seed);
    const reader = new PickupReader(site.pickup, join(site.directory, 'taken'));
    const expected = new Set<string>();
    const originals = new Map<string, string>();
    for (let life = 0; life < kills; life++) {
      for (let n = 0; n < perLife; n++) drop(life * perLife + n);
      const daemon = startDaemon(site);
      // Some die while they start and recover, most while messages are under way.
      if (random.chance(0.8))
        await waitFor('a claim', () => daemon.hasEnded || newFiles() < perLife || reader.taken.length === expected.size);
      await new Promise((resolve) => setTimeout(resolve, random.between(0, 250)));
      await daemon.kill();
    }
    const last = await runOnce(site, { deadlineMs: 120_000 });
    reader.stop();
    expect(last.stderr).not.toMatch(/ error /);
    expect(last.status).toBe(0);

    const delivered = reader.files().flatMap(({ bytes }) => pairsOf(bytes));
    expect(duplicatesIn(delivered)).toEqual([]);
    expect([...expected].filter((pair) => !delivered.includes(pair))).toEqual([]);
    expect(delivered.length).toBe(expected.size);
    expect(duplicatesIn(reader.taken)).toEqual([]);

    const archived = [...site.archived().values()].map((bytes) => bytes.toString());
    expect(archived.length).toBe(originals.size);
    expect(new Set(archived)).toEqual(new Set(originals.values()));
    expect(readdirSync(site.staging).filter((name) => name.endsWith('.eml'))).toEqual([]);
    expect(readdirSync(join(site.spool, 'work')).filter((name) => name.endsWith('.eml'))).toEqual([]);
    expect(readdirSync(join(site.spool, 'work', 'in'))).toEqual([]);
    const verified = await sealdrop(['audit', 'verify', '-c', site.configFile]);
    expect(verified.stdout).toMatch(/^consistent/m);
    // Every life made some; what a kill left between a checkpoint and its record was completed by the next.
    expect(Number(/^(\d+) checkpoints? that the chain fits/m.exec(verified.stderr)?.[1])).toBeGreaterThan(kills);

    function newFiles(): number {
      return readdirSync(join(site.spool, 'outbox', 'new')).length;
    }

    /** One to three copies: the blind recipients get one each. */
    function drop(number: number): void {
      const [to, ...blind] = recipients.slice(0, 1 + (number % 3)).map(({ address }) => address);
      const text =
        `From: ${sender.address}\r\nTo: ${to}\r\nBcc: ${blind.join(', ')}\r\nSubject: message ${number}\r\n\r\ntext ${number}\r\n`.replace(
          'Bcc: \r\n',
          '',
        );
      for (const address of [to, ...blind]) expected.add(`${number} ${address}`);
      originals.set(String(number), text);
      site.drop(`${number}.eml`, text);
    }
  });
});

/** `number recipient` for every recipient of a pickup file. */
function pairsOf(file: Buffer): string[] {
  const text = file.toString('latin1');
  const number = /^Subject: message (\d+)\r$/m.exec(text)?.[1] ?? '?';
  return [...text.matchAll(/^x-receiver: (.*)\r$/gm)].map((match) => `${number} ${match[1]}`);
}

function duplicatesIn(items: readonly string[]): string[] {
  const seen = new Set<string>();
  return items.filter((item) => seen.size === seen.add(item).size);
}
