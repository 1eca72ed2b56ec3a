import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { prepareSigner } from '../../src/smime/signer.js';
import { freshKeys } from '../kit/fresh-keys.js';
import { issue, pki, refusal, selfSigned, signerOf } from './writing-kit.js';

const EC = (curve: string) => ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`];

describe('prepareSigner', () => {
  it('names the certificate by subject and by the SHA-256 of its DER', () => {
    const prepared = prepareSigner(signerOf(issue('p-256')));
    expect(prepared.subject).toBe('CN=alice@example.com');
    expect(prepared.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['an RSA key of 1024 bits', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'], /1024 bits/],
    ['a curve that is not a NIST one', EC('secp256k1'), /secp256k1/],
    ['Ed448', ['-algorithm', 'ED448'], /ed448/],
  ])('refuses %s, naming the subject and why', (_what, key, why) => {
    const error = refusal(() => prepareSigner(selfSigned(key, '/CN=Weak Alice')));
    expect(error).toMatchObject({ code: 'unusable-identity', disposition: 'quarantine' });
    expect(error.message).toContain('Weak Alice');
    expect(error.message).toMatch(why);
    expect(error.cure).toMatch(/2048/);
  });

  it.each([
    ['of the same type', () => freshKeys({ ec: 'prime256v1' }).privateKey],
    ['of another type', () => generateKeyPairSync('ed25519').privateKey],
    ['that is only the public half', () => createPublicKey(issue('p-256').certificatePem)],
  ])('refuses a key %s that does not belong to the certificate', (_what, key) => {
    const error = refusal(() => prepareSigner({ ...signerOf(issue('p-256')), privateKey: key() }));
    expect(error.code).toBe('unusable-identity');
    expect(error.message).toContain('alice@example.com');
  });

  it('says which certificate of the chain cannot be read', () => {
    const error = refusal(() => prepareSigner(signerOf(issue('p-256'), { chain: [pki.intermediate.certificate, Buffer.from('junk')] })));
    expect(error.code).toBe('unusable-identity');
    expect(error.message).toContain('Certificate 2 of the chain');
  });

  it('never puts key material into an error', () => {
    const stranger = freshKeys({ rsa: 2048 }).privateKey;
    const error = refusal(() => prepareSigner({ ...signerOf(issue('p-256')), privateKey: stranger }));
    const secret = stranger.export({ format: 'jwk' }).d ?? '';
    expect(secret.length).toBeGreaterThan(100);
    expect(JSON.stringify([error.message, error.cure, String(error.cause), error.stack])).not.toContain(secret.slice(0, 20));
  });

  it('accepts keys of 4096 bits and certificates without a subject', () => {
    expect(prepareSigner(signerOf(issue('rsa-4096'))).signingKey).toEqual({ kind: 'rsa' });
    const nameless = pki.issue({ address: 'alice@example.com', key: 'p-256', subject: '/' });
    const prepared = prepareSigner({ ...signerOf(nameless), privateKey: createPrivateKey(nameless.privateKeyPem) });
    expect(prepared.subject).toBe('email:alice@example.com');
  });
});
