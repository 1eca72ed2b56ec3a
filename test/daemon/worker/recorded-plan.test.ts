import { createPrivateKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.js';
import { type ReadyCopy, Sealer } from '../../../src/daemon/worker/sealer.js';
import { capabilitiesFileText } from '../../../src/keys/capabilities-file.js';
import { KeyDirectory } from '../../../src/keys/key-directory.js';
import { joined } from '../../../src/message/octets.js';
import { newMessageId } from '../../../src/message-id.js';
import type { Plan } from '../../../src/policy/plan.js';
import { envelopeOfPlan } from '../../../src/policy/retention/message.js';
import { openMessage } from '../../../src/smime/open.js';
import { takePickupFile } from '../../e2e/pickup-file.js';
import { writeRecipient } from '../../kit/key-files.js';
import type { Issued } from '../../kit/pki.js';
import type { Site } from '../../kit/site.js';
import { bob, letter, newSite, pki } from '../site.js';

const now = new Date();
const id = newMessageId(now.getTime());
const original = Buffer.from(letter('one'));
const erin = pki.issue({ address: 'erin@example.net', key: 'p-256' });

describe('a plan that was recorded', () => {
  let site: Site;
  let keys: KeyDirectory;
  let sealer: Sealer;
  beforeEach(() => {
    site = newSite('protect: { content: auto }');
    keys = new KeyDirectory(site.keys, { environment: {} });
    sealer = new Sealer(loadConfig(site.configFile, {}), keys, []);
  });
  afterEach(() => site.remove());

  test('keeps its cipher, whatever is learnt before the next attempt', () => {
    const { plan } = sealer.seal(original, id, undefined, now);
    expect(plan.copies).toMatchObject([{ content: 'aes-256-cbc' }]);
    const fingerprint = keys.recipient(bob.address, now).fingerprint;
    const learnt = { fingerprint, signingTime: now.toISOString(), ciphers: ['aes-256-gcm'], others: [] } as const;
    writeFileSync(join(site.keys, `${bob.address}.capabilities.json`), capabilitiesFileText(learnt));
    keys.refresh();
    expect(sealer.plan(sealer.canonical(original), undefined, now).copies).toMatchObject([{ content: 'aes-256-gcm' }]);

    const again = sealer.sealAgain(original, id, asRead(plan), [1], now);
    expect(cipherFor(bob, again.copies[0])).toBe('aes-256-cbc');
  });

  test('names all whom the visible From names, where somebody else sends: a hold or a rule of retention may be about any of them', () => {
    expect(sealer.seal(original, id, undefined, now).plan).not.toHaveProperty('authors');
    const from = /^From: .*$/m.exec(original.toString())?.[0] ?? '';
    const joint = original
      .toString()
      .replace(from, `${from.trimEnd()}, "The CEO" <CEO@example.org>\r\nSender:${from.slice('From:'.length)}`);
    const { plan } = sealer.seal(Buffer.from(joint), id, undefined, now);
    expect(plan.authors).toEqual([plan.from, 'CEO@example.org']);
    expect(envelopeOfPlan(JSON.parse(JSON.stringify(plan)))?.senders).toContain('CEO@example.org');
  });

  test('by an earlier version is carried out as it stands: without a reason, RSA and elliptic curve keys in one copy', () => {
    writeRecipient(site.keys, erin);
    keys.refresh();
    const { plan } = sealer.seal(original, id, undefined, now);
    const [copy] = plan.copies;
    if (copy === undefined) throw new Error('there is a copy');
    const { contentWhy: _, ...before } = copy;
    const both = [bob, erin].map(({ address }) => ({ address, fingerprint: keys.recipient(address, now).fingerprint }));
    const earlier: Plan = {
      ...plan,
      copies: [
        {
          ...before,
          recipients: both.map(({ address }) => address),
          encryptAddresses: both.map(({ address }) => address),
          encryptTo: both.map(({ fingerprint }) => fingerprint),
          content: 'aes-128-cbc',
        },
      ],
    };
    const { copies } = sealer.sealAgain(original, id, asRead(earlier), [1], now);
    expect(copies).toHaveLength(1);
    expect([bob, erin].map((reader) => cipherFor(reader, copies[0]))).toEqual(['aes-128-cbc', 'aes-128-cbc']);
  });
});

function asRead(plan: Plan): Plan {
  return JSON.parse(JSON.stringify(plan)) as Plan;
}

function cipherFor({ certificate, privateKeyPem }: Issued, copy: ReadyCopy | undefined): string | undefined {
  const { message } = takePickupFile(`${id}-1.eml`, copy === undefined ? Buffer.alloc(0) : joined(copy.sealed));
  const decryption = [{ certificate, privateKey: createPrivateKey(privateKeyPem) }];
  return openMessage(message, { decryption, trustAnchors: [pki.root.certificate], now: new Date() }).layers[0]?.algorithms[0];
}
