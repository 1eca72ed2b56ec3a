import { createPrivateKey } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.js';
import { Sealer } from '../../../src/daemon/worker/sealer.js';
import { KeyDirectory } from '../../../src/keys/key-directory.js';
import { joined } from '../../../src/message/octets.js';
import { newMessageId } from '../../../src/message-id.js';
import type { Plan } from '../../../src/policy/plan.js';
import { openMessage } from '../../../src/smime/open.js';
import { PGP_SIGNED_TEXT } from '../../kit/openpgp-samples.js';
import { sealWithOpenssl } from '../../kit/openssl-seal.js';
import { Site } from '../../kit/site.js';
import { bob, pki, steve } from '../site.js';

const site = new Site({ senders: [steve], recipients: [bob] });
afterAll(() => site.remove());
const now = new Date();

function sealer(protect: string): Sealer {
  site.configure(`protect: ${protect}`);
  return new Sealer(loadConfig(site.configFile, {}), new KeyDirectory(site.keys, { environment: {} }), []);
}

const TEXT = Buffer.from('Content-Type: text/plain\r\n\r\nhello\r\n');
const HEADER = Buffer.from(
  'From: steve@example.com\nTo: bob@example.net\nDate: Wed, 25 Nov 2026 15:00:00 +0000\nMessage-ID: <1@example.com>\n',
);

function recorded(plan: Plan): Plan {
  return JSON.parse(JSON.stringify(plan)) as Plan;
}

describe('a recorded plan', () => {
  const original = Buffer.concat([HEADER, sealWithOpenssl(TEXT, { signer: steve, recipients: [bob] })]);
  const id = newMessageId(now.getTime());

  test('passes again what it passed, octet for octet, whatever the configuration says by then', () => {
    const first = sealer('{ alreadyEncrypted: pass }').seal(original, id, undefined, now);
    const again = sealer('{ alreadyEncrypted: refuse }').sealAgain(original, id, recorded(first.plan), [1], now);
    expect(again.copies.map(({ sealed }) => joined(sealed))).toEqual(first.copies.map(({ sealed }) => joined(sealed)));
    expect(again.signer).toBeUndefined();
    expect(again.changes).toContain('already-encrypted smime');
  });

  test('wraps again what it wrapped', () => {
    const mail = Buffer.concat([HEADER, TEXT]);
    const first = sealer('{ tripleWrap: on }').seal(mail, id, undefined, now);
    const again = sealer('{}').sealAgain(mail, id, recorded(first.plan), [1], now);
    const message =
      again.copies.map(({ sealed }) =>
        joined(sealed)
          .toString('latin1')
          .replace(/^(x-.*\r\n)+/, ''),
      )[0] ?? '';
    const decryption = [{ certificate: bob.certificate, privateKey: createPrivateKey(bob.privateKeyPem) }];
    const opened = openMessage(Buffer.from(message, 'latin1'), { decryption, trustAnchors: [pki.root.certificate], now });
    expect(opened.layers.map(({ kind, form, verdict }) => `${kind} ${form} ${verdict}`)).toEqual([
      'signed detached valid',
      'encrypted enveloped valid',
      'signed opaque valid',
    ]);
    expect(opened.entity).toEqual(TEXT);
  });

  test('of a time before there were such copies is carried out as it was made', () => {
    const mail = Buffer.concat([HEADER, TEXT]);
    const { plan } = sealer('{}').seal(mail, id, undefined, now);
    for (const member of ['passed', 'outerSign', 'signWith']) expect(plan.copies[0]).not.toHaveProperty(member);
    const again = sealer('{ tripleWrap: on, signWith: allKeys }').sealAgain(mail, id, recorded(plan), [1], now);
    expect(joined(again.copies[0]?.sealed ?? { sizeBytes: 0, pieces: () => [] }).includes('multipart/signed')).toBe(false);
  });
});

test('a header is not hidden in what is already signed, be it in the text itself', () => {
  const mail = Buffer.concat([HEADER, Buffer.from(`Content-Type: text/plain\n\n${PGP_SIGNED_TEXT}`)]);
  const seal = (protect: string) => () => sealer(protect).seal(mail, newMessageId(now.getTime()), undefined, now);
  expect(seal('{ headerProtection: on }')).toThrow(expect.objectContaining({ code: 'header-protection-impossible' }));
  expect(seal('{}')).not.toThrow();
});
