import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContentCipher, KeyTransport, SignatureScheme } from '../../src/smime/algorithms.js';
import { type Opened, openMessage } from '../../src/smime/open.js';
import { prepareRecipient } from '../../src/smime/recipient.js';
import { prepareSigner } from '../../src/smime/signer.js';
import { asMessage, EC, ENTITY, Kit, type Party, RSA } from './read/kit.js';
import { encrypt, signDetached, signOpaque } from './writing-kit.js';

const CIPHERS: ContentCipher[] = ['aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc', 'aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305'];
const SIGNING_KEYS = { rsa: RSA(), 'p-256': EC('P-256'), 'p-384': EC('P-384'), 'p-521': EC('P-521'), ed25519: ['-algorithm', 'ED25519'] };
const ENCRYPTION_KEYS = { rsa: RSA(), 'p-256': EC('P-256'), 'p-384': EC('P-384'), 'p-521': EC('P-521') };

let kit: Kit;
let signers: Map<string, Party>;
let recipients: Map<string, Party>;
beforeAll(() => {
  kit = new Kit();
  signers = new Map(Object.entries(SIGNING_KEYS).map(([name, key]) => [name, kit.user('alice@example.com', key)]));
  recipients = new Map(Object.entries(ENCRYPTION_KEYS).map(([name, key]) => [name, kit.user('bob@example.net', key)]));
  recipients.set('x25519', kit.agreementUser('bob@example.net', 'X25519'));
});
afterAll(() => kit.dispose());

function party(parties: Map<string, Party>, name: string): Party {
  const found = parties.get(name);
  if (found === undefined) throw new Error(`no party ${name}`);
  return found;
}

function signer(name: string) {
  const { certificate, privateKey } = party(signers, name);
  return prepareSigner({ certificate, privateKey, chain: [kit.intermediate.certificate, kit.root.certificate] });
}

function open(entity: Buffer, ...decryption: Party[]): Opened {
  return openMessage(asMessage(entity), { decryption, trustAnchors: [kit.root.certificate], now: new Date() });
}

const options = (scheme: SignatureScheme = 'auto', digest: 'sha256' | 'sha384' | 'sha512' = 'sha256') => ({
  scheme,
  digest,
  signingTime: new Date(),
});

describe('what is sealed opens again', () => {
  it.each(Object.keys(SIGNING_KEYS).flatMap((key) => [true, false].map((opaque) => [key, opaque ? 'opaque' : 'detached'] as const)))(
    'signed with %s, %s',
    (key, form) => {
      const { entity } = (form === 'opaque' ? signOpaque : signDetached)(ENTITY, signer(key), options());
      const opened = open(entity);
      expect(opened.layers).toMatchObject([{ kind: 'signed', form, verdict: 'valid' }]);
      expect(opened.ok).toBe(true);
      expect(opened.entity).toEqual(ENTITY);
    },
  );

  it.each(['sha256', 'sha384', 'sha512'] as const)('signed RSASSA-PSS with %s', (digest) => {
    const opened = open(signOpaque(ENTITY, signer('rsa'), options('rsa-pss', digest)).entity);
    expect(opened.layers[0]).toMatchObject({ verdict: 'valid', algorithms: [digest, 'rsa-pss'] });
  });

  it.each([...Object.keys(ENCRYPTION_KEYS), 'x25519'].flatMap((key) => CIPHERS.map((cipher) => [key, cipher] as const)))(
    'signed, and encrypted to %s with %s',
    (key, content) => {
      const { entity } = signOpaque(ENTITY, signer('p-256'), options());
      const recipient = party(recipients, key);
      const opened = open(encrypt(entity, [prepareRecipient(recipient.certificate)], { content, keyTransport: 'rsa-pkcs1' }), recipient);
      expect(opened.layers[0]).toMatchObject({ kind: 'encrypted', verdict: content.endsWith('cbc') ? 'valid' : 'authenticated' });
      expect(opened.layers[0]?.algorithms[0]).toBe(content);
      expect(opened.ok).toBe(true);
      expect(opened.entity).toEqual(ENTITY);
    },
  );

  it('encrypted with RSA-OAEP', () => {
    const recipient = party(recipients, 'rsa');
    const sealed = encrypt(ENTITY, [prepareRecipient(recipient.certificate)], { content: 'aes-256-gcm', keyTransport: 'rsa-oaep' });
    expect(open(sealed, recipient).layers[0]?.algorithms).toEqual(['aes-256-gcm', 'rsa-oaep-sha256']);
  });

  it('whatever the content, cipher and recipients', () => {
    const names = [...Object.keys(ENCRYPTION_KEYS), 'x25519'];
    const shape = fc.record({
      body: fc.uint8Array({ maxLength: 500 }),
      content: fc.constantFrom(...CIPHERS),
      keyTransport: fc.constantFrom<KeyTransport>('rsa-pkcs1', 'rsa-oaep'),
      to: fc.subarray(names, { minLength: 1 }),
      reader: fc.nat(),
    });
    fc.assert(
      fc.property(shape, ({ body, content, keyTransport, to, reader }) => {
        const entity = Buffer.concat([
          Buffer.from('Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n'),
          body,
        ]);
        const prepared = to.map((name) => prepareRecipient(party(recipients, name).certificate));
        const sealed = encrypt(signOpaque(entity, signer('p-256'), options()).entity, prepared, { content, keyTransport });
        const opened = open(sealed, party(recipients, to[reader % to.length] ?? ''));
        expect(opened.ok).toBe(true);
        expect(opened.entity).toEqual(entity);
      }),
      { numRuns: 60 },
    );
  });
});
