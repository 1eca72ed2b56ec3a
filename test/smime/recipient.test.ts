import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { prepareRecipient } from '../../src/smime/recipient.js';
import { openssl } from '../kit/openssl-cli.js';
import { asFile, cmsOf, ENTITY, encrypt, issue, refusal, selfSigned } from './writing-kit.js';

const EC = (curve: string) => ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`];

describe('prepareRecipient', () => {
  it('names the certificate by subject and by the SHA-256 of its DER', () => {
    const { certificate } = issue('p-256', 'bob@example.net');
    const prepared = prepareRecipient(certificate);
    expect(prepared.subject).toBe('CN=bob@example.net');
    expect(prepared.fingerprint).toBe(createHash('sha256').update(certificate).digest('hex'));
  });

  it.each([
    ['rsa-2048', 'rsa'],
    ['p-256', 'p256'],
    ['p-384', 'p384'],
    ['p-521', 'p521'],
    ['x25519', 'x25519'],
  ] as const)('lets the key type of %s decide the key management', (kind, expected) => {
    const { key } = prepareRecipient(issue(kind, 'bob@example.net').certificate);
    expect(key.kind === 'rsa' ? 'rsa' : key.group).toBe(expected);
  });

  it.each([
    ['an RSA key of 1024 bits', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'], /1024 bits/],
    ['an RSA key of 2047 bits', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2047'], /2047 bits/],
    ['a key restricted to RSASSA-PSS', ['-algorithm', 'RSA-PSS', '-pkeyopt', 'rsa_keygen_bits:2048'], /rsa-pss\) only signs/],
    ['Ed25519', ['-algorithm', 'ED25519'], /ed25519\) only signs/],
    ['a curve that is not a NIST one', EC('brainpoolP256r1'), /brainpoolP256r1/],
  ])('refuses %s, naming the subject and why', (_what, key, why) => {
    const error = refusal(() => prepareRecipient(selfSigned(key, '/O=Example/CN=Weak Bob').certificate));
    expect(error).toMatchObject({ code: 'unusable-certificate', disposition: 'quarantine' });
    expect(error.message).toContain('O=Example, CN=Weak Bob');
    expect(error.message).toMatch(why);
    expect(error.cure).toMatch(/2048/);
  });

  it('repeats a multi-valued issuer byte for byte, so that openssl finds its RecipientInfo', () => {
    const { certificate, privateKey } = selfSigned(
      ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
      '/C=DE/O=Lab+OU=Mail+CN=Müller',
    );
    const sealed = encrypt(ENTITY, [prepareRecipient(certificate)], { content: 'aes-256-cbc', keyTransport: 'rsa-pkcs1' });
    const keyFile = asFile(Buffer.from(privateKey.export({ format: 'pem', type: 'pkcs8' })));
    const args = ['cms', '-decrypt', '-binary', '-inform', 'DER', '-recip', asFile(certificate), '-inkey', keyFile];
    expect(openssl(args, cmsOf(sealed))).toEqual(ENTITY);
  });
});
