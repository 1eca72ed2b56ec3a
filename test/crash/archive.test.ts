import { createPrivateKey } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, it } from 'vitest';
import { openWith } from '../../src/archive/decrypt.js';
import { runOnce, sealdrop, startDaemon } from '../kit/daemon.js';
import { testPki } from '../kit/pki.js';
import { Random } from '../kit/random.js';
import { Site } from '../kit/site.js';
import { waitFor } from '../kit/wait-for.js';

// The long form: SEALDROP_CRASH_KILLS=50.
const kills = Number(process.env.SEALDROP_CRASH_KILLS ?? 8);
const perLife = 30;
const seed = Number(process.env.SEALDROP_CRASH_SEED ?? 6);

const pki = testPki();
const sender = pki.issue({ address: 'steve@example.com' });
const bob = pki.issue({ address: 'bob@example.net' });
const compliance = pki.issue({ address: 'compliance-ec@example.com', key: 'p-256' });

const site = new Site({ senders: [sender], recipients: [bob] });
afterAll(() => site.remove());

it(`an encrypted archive in two places holds exactly what the records say, whole, after ${kills} kills`, { timeout: 300_000 }, async () => {
  const [archive, second] = [join(site.spool, 'archive'), join(site.directory, 'second')];
  mkdirSync(second);
  site.configure(
    'http: { listen: off }\nlog: { format: text }\n' +
      `archive: { encryptTo: [${compliance.files.certificate}], compress: gzip, second: ${second}, keepSealed: full }\n`,
  );
  expect((await sealdrop(['archive', 'mark-second', '-c', site.configFile])).status).toBe(0);
  const random = new Random(seed);
  const originals = new Set<string>();
  for (let life = 0; life < kills; life++) {
    for (let n = 0; n < perLife; n++) {
      const text = `From: ${sender.address}\r\nTo: ${bob.address}\r\nSubject: message ${life * perLife + n}\r\n\r\nsecret ${life * perLife + n}\r\n`;
      originals.add(text);
      site.drop(`${life * perLife + n}.eml`, text);
    }
    const daemon = startDaemon(site);
    const waiting = () => readdirSync(join(site.spool, 'outbox', 'new')).length;
    if (random.chance(0.8)) await waitFor('a claim', () => daemon.hasEnded || waiting() < perLife);
    await new Promise((resolve) => setTimeout(resolve, random.between(0, 200)));
    await daemon.kill();
  }
  const last = await runOnce(site, { deadlineMs: 120_000 });
  expect(last.stderr).not.toMatch(/ error /);
  expect(last.status).toBe(0);

  const open = openWith([{ certificate: compliance.certificate, privateKey: createPrivateKey(compliance.privateKeyPem) }]);
  const files = filesIn(archive);
  const archived = files
    .filter((name) => name.endsWith('.eml.gz.p7m'))
    .map((name) => gunzipSync(open(readFileSync(join(archive, name)))).toString());
  expect(archived.length).toBe(originals.size);
  expect(new Set(archived)).toEqual(originals);
  expect(files.length).toBe(2 * originals.size);
  expect(filesIn(second)).toEqual(files);
  const unlike = files.filter((name) => !readFileSync(join(archive, name)).equals(readFileSync(join(second, name))));
  expect(unlike).toEqual([]);
  expect(files.filter((name) => readFileSync(join(archive, name)).includes('secret'))).toEqual([]);
  expect((await sealdrop(['audit', 'verify', '-c', site.configFile])).stdout).toMatch(/^consistent/m);
});

function filesIn(directory: string): string[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => /^\d{4}\/\d\d\/\d\d\/./.test(name)).sort();
}
