import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OpensslSealOptions, sealWithOpenssl } from '../openssl-seal.js';
import { testPki } from '../pki.js';
import { describeWith, type Tool } from '../tools.js';
import { bouncyCastleVerifier } from './bouncycastle.js';
import { certtoolVerifier } from './certtool.js';
import { gpgsmVerifier } from './gpgsm.js';
import { m2cryptoVerifier } from './m2crypto.js';
import { nssVerifier } from './nss.js';
import { opensslVerifier } from './openssl.js';
import type { Verdict, Verifier, VerifierKeys } from './verifier.js';

const ENTITY = Buffer.from(
  'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nInvoice 4711: 250,00 €\r\n\tTrailing blanks  \r\n',
);

const programs: { name: string; tools: Tool[]; make: (keys: VerifierKeys) => Verifier | Promise<Verifier> }[] = [
  { name: 'openssl', tools: ['openssl'], make: opensslVerifier },
  { name: 'gpgsm', tools: ['openssl', 'gpgsm'], make: gpgsmVerifier },
  { name: 'NSS cmsutil', tools: ['openssl', 'nss'], make: nssVerifier },
  { name: 'GnuTLS certtool', tools: ['openssl', 'certtool'], make: certtoolVerifier },
  { name: 'BouncyCastle', tools: ['openssl', 'bouncycastle'], make: bouncyCastleVerifier },
  { name: 'openssl smime', tools: ['openssl'], make: (keys) => opensslVerifier(keys, 'smime') },
  { name: 'M2Crypto', tools: ['openssl', 'm2crypto'], make: m2cryptoVerifier },
];

for (const { name, tools, make } of programs) {
  describeWith(tools, `verifier ${name}`, () => {
    let verifier: Verifier;
    const pki = () => testPki();
    const steve = () => pki().issue({ address: 'steve@example.com' });
    const bob = () => pki().issue({ address: 'bob@example.net' });
    const carol = () => pki().issue({ address: 'carol@example.org' });
    const opened = (options: OpensslSealOptions): Promise<Verdict> => verifier.open(sealWithOpenssl(ENTITY, options));

    beforeAll(async () => {
      verifier = await make({ recipients: [carol(), bob()], root: pki().root });
    });
    afterAll(() => verifier.close());

    test('opens a message signed opaquely and encrypted', async () => {
      expect(await opened({ signer: steve(), recipients: [bob()] })).toEqual({ entity: ENTITY, signerOk: true, fault: '' });
    });

    test('opens a message signed detached and encrypted', async () => {
      const { entity, signerOk } = await opened({ signer: steve(), recipients: [bob()], detached: true });
      expect(signerOk).toBe(true);
      expect(entity.toString()).toBe(ENTITY.toString());
    });

    test.each([true, false])('verifies a message that is only signed (detached: %s)', async (detached) => {
      const verdict = await opened({ signer: steve(), detached });
      expect(verdict).toEqual({ entity: ENTITY, signerOk: true, fault: '' });
    });

    test('verifies an ECDSA signature', async () => {
      const signer = pki().issue({ address: 'alice@example.com', key: 'p-256' });
      expect((await opened({ signer, recipients: [bob()] })).signerOk).toBe(true);
    });

    test('refuses a message changed after it was signed', async () => {
      const verdict = await opened({
        signer: steve(),
        recipients: [bob()],
        detached: true,
        tamper: (bytes) => replace(bytes, '4711', '4712'),
      });
      expect(verdict.signerOk).toBe(false);
      expect(verdict.fault).not.toBe('');
    });

    test('refuses an opaque content changed after it was signed', async () => {
      const tamper = (bytes: Buffer) => replaceInBase64(bytes, '4711', '4712');
      expect((await opened({ signer: steve(), recipients: [bob()], tamper })).signerOk).toBe(false);
    });

    test('refuses a message whose encrypted octets were changed', async () => {
      const message = sealWithOpenssl(ENTITY, { signer: steve(), recipients: [bob()] });
      const tampered = Buffer.from(message);
      // A whole base64 character of the content, far behind the RecipientInfo.
      const position = Math.floor(message.length * 0.7);
      tampered[position] = message.at(position) === 0x41 ? 0x42 : 0x41;
      expect((await verifier.open(tampered)).signerOk).toBe(false);
    });

    test('refuses a signer whose certificate does not chain to the root', async () => {
      const signer = testPki('stranger').issue({ address: 'steve@example.com' });
      expect((await opened({ signer, recipients: [bob()] })).signerOk).toBe(false);
    });

    test('refuses an expired signer', async () => {
      const spec = { address: 'steve@example.com', notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') };
      expect((await opened({ signer: pki().issue(spec), recipients: [bob()] })).signerOk).toBe(false);
    });

    test('refuses a message that is encrypted but not signed', async () => {
      expect((await opened({ recipients: [bob()] })).signerOk).toBe(false);
    });

    test('refuses a message in clear', async () => {
      expect((await verifier.open(ENTITY)).signerOk).toBe(false);
    });

    test('refuses a message encrypted to somebody else', async () => {
      const dave = pki().issue({ address: 'dave@example.net' });
      expect((await opened({ signer: steve(), recipients: [dave] })).signerOk).toBe(false);
    });

    test('judges many messages in their order, bad ones among them', async () => {
      const entities = Array.from({ length: 12 }, (_, n) => Buffer.from(`Content-Type: text/plain\r\n\r\nmessage ${n}\r\n`));
      const messages = entities.map((entity, n) =>
        n % 5 === 4 ? Buffer.from('junk') : sealWithOpenssl(entity, { signer: steve(), recipients: [n % 2 === 0 ? bob() : carol()] }),
      );
      const verdicts = await verifier.openAll(messages);
      expect(verdicts.map(({ signerOk }) => signerOk)).toEqual(entities.map((_, n) => n % 5 !== 4));
      const good = verdicts.flatMap(({ signerOk, entity }, n) => (signerOk ? [[n, entity.toString()]] : []));
      expect(good).toEqual(good.map(([n]) => [n, `Content-Type: text/plain\r\n\r\nmessage ${n}\r\n`]));
    });
  });
}

describeWith(['openssl', 'bouncycastle'], 'BouncyCastle as the second reader of what most programs cannot read', () => {
  const recipients = () => [testPki().issue({ address: 'bob@example.net' }), testPki().issue({ address: 'bob@example.net', key: 'p-256' })];
  let verifier: Verifier;
  beforeAll(() => {
    verifier = bouncyCastleVerifier({ recipients: recipients(), root: testPki().root });
  });
  afterAll(() => verifier.close());

  test.each(['aes-256-gcm', 'aes-128-gcm', 'aes-256-cbc'])('opens %s for an RSA and for an elliptic curve key', async (cipher) => {
    const signer = testPki().issue({ address: 'steve@example.com' });
    for (const recipient of recipients()) {
      const message = sealWithOpenssl(ENTITY, { signer, recipients: [recipient], cipher });
      expect(await verifier.open(message)).toEqual({ entity: ENTITY, signerOk: true, fault: '' });
    }
  });
});

function replace(bytes: Buffer, from: string, to: string): Buffer {
  const changed = Buffer.from(bytes.toString('latin1').replace(from, to), 'latin1');
  if (changed.equals(bytes)) throw new Error(`no "${from}" to tamper with`);
  return changed;
}

function replaceInBase64(entity: Buffer, from: string, to: string): Buffer {
  const [header = '', body = ''] = entity.toString('latin1').split(/\r?\n\r?\n/, 2);
  const changed = replace(Buffer.from(body, 'base64'), from, to);
  return Buffer.from(`${header}\n\n${changed.toString('base64').replace(/.{64}/g, '$&\n')}\n`);
}
