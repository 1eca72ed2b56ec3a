import { expect, test } from 'vitest';
import { runOnce } from './daemon.js';
import { generateMails } from './mail.js';
import { compareLeaves } from './mail-reader.js';
import { testPki } from './pki.js';
import { Site } from './site.js';
import { bouncyCastleVerifier } from './verifiers/bouncycastle.js';
import { certtoolVerifier } from './verifiers/certtool.js';
import { gpgsmVerifier } from './verifiers/gpgsm.js';
import { nssVerifier } from './verifiers/nss.js';
import { opensslVerifier } from './verifiers/openssl.js';
test('end', async () => {
  const pki = testPki();
  const issue = (address: string) => pki.issue({ address });
  const senders = ['steve@example.com', 'alice@example.com'].map(issue);
  const recipients = ['bob@example.net', 'carol@example.org', 'dave@example.net'].map(issue);
  const site = new Site({ senders, recipients });
  const mails = generateMails(60, { senders: senders.map((s) => s.address), recipients: recipients.map((s) => s.address) });
  for (const m of mails) site.drop(`${m.seed}.eml`, m.bytes);
  const r = await runOnce(site);
  console.log(r.status, r.stderr.slice(-1500));
  for (const q of site.quarantined()) console.log('QUAR', JSON.stringify(q.facts), mails.find((m) => m.bytes.equals(q.original))?.traits);
  const sealed = site.sealed();
  console.log('sealed', sealed.size, [...sealed.keys()].slice(0, 3));
  const byId = site.archived();
  const names = [...sealed.keys()];
  const keys = { recipients, root: pki.root };
  for (const v of [opensslVerifier(keys), certtoolVerifier(keys), await gpgsmVerifier(keys), nssVerifier(keys), bouncyCastleVerifier(keys)]) {
    const t = performance.now();
    const verdicts = await v.openAll([...sealed.values()]);
    console.log('VER', v.name, Math.round(performance.now() - t), verdicts.filter((x) => x.signerOk).length);
    for (const [n, verdict] of verdicts.entries()) {
      const id = [...byId.keys()].find((k) => names[n]?.startsWith(k));
      const original = byId.get(id ?? '') ?? Buffer.alloc(0);
      const d = await compareLeaves(original, verdict.entity);
      const mail = mails.find((m) => m.bytes.equals(original));
      if (d.length > 0 || !verdict.signerOk) console.log('  DIFF', names[n], mail?.seed, mail?.traits, d, verdict.fault);
    }
    await v.close();
  }
  console.log(site.auditRecords()[0]);
  expect(1).toBe(1);
}, 280000);
