import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SealOptions, seal } from '../../src/library.js';
import { testPki } from '../kit/pki.js';
import { describeWith, type Tool } from '../kit/tools.js';
import { bouncyCastleVerifier } from '../kit/verifiers/bouncycastle.js';
import { gpgsmVerifier } from '../kit/verifiers/gpgsm.js';
import { nssVerifier } from '../kit/verifiers/nss.js';
import { opensslVerifier } from '../kit/verifiers/openssl.js';
import type { Verifier, VerifierKeys } from '../kit/verifiers/verifier.js';

// Programs that do not know RFC 9788 verify such messages all the same, and find the header in the part that is signed.

const pki = testPki();
const steve = pki.issue({ address: 'steve@example.com' });
const bob = pki.issue({ address: 'bob@example.net' });

const programs: { name: string; tools: Tool[]; make: (keys: VerifierKeys) => Verifier | Promise<Verifier> }[] = [
  { name: 'openssl', tools: ['openssl'], make: opensslVerifier },
  { name: 'gpgsm', tools: ['openssl', 'gpgsm'], make: gpgsmVerifier },
  { name: 'NSS cmsutil', tools: ['openssl', 'nss'], make: nssVerifier },
  { name: 'BouncyCastle', tools: ['openssl', 'bouncycastle'], make: bouncyCastleVerifier },
];

const MESSAGE = Buffer.from(`From: Steve <steve@example.com>
To: Bob <bob@example.net>
Subject: Rechnung für März
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Fällig: 250 €
--b
Content-Type: text/html; charset=utf-8

<html><body><p>F&auml;llig</p></body></html>
--b--
`);

for (const { name, tools, make } of programs) {
  describeWith(tools, `a protected header, read by ${name}`, () => {
    let verifier: Verifier;
    beforeAll(async () => {
      verifier = await make({ recipients: [bob], root: pki.root });
    });
    afterAll(() => verifier.close());

    test.each(['opaque', 'detached'] as const)('signed %s', async (form) => {
      for (const encrypted of [true, false]) {
        const signers: NonNullable<SealOptions['sign']>['signers'] = [
          { certificate: steve.certificate, privateKey: steve.privateKeyPem, chain: [pki.intermediate.certificate] },
        ];
        const encryption = encrypted ? { encrypt: { recipients: [bob.certificate] } } : {};
        const message = seal(MESSAGE, { sign: { signers, form }, headerProtection: {}, ...encryption });
        const { entity, signerOk, fault } = await verifier.open(message);
        expect([signerOk, fault]).toEqual([true, '']);
        const text = entity.toString();
        expect(text).toContain('\r\nSubject: Rechnung =?utf-8?q?f=C3=BCr_M=C3=A4rz?=\r\n');
        expect(text).toContain(`hp="${encrypted ? 'cipher' : 'clear'}"`);
        expect(text.match(/hp-legacy-display="1"/g)?.length).toBe(encrypted ? 2 : undefined);
        expect(message.toString('latin1').includes('f=C3=BCr_M=C3=A4rz')).toBe(!encrypted);
      }
    });
  });
}
