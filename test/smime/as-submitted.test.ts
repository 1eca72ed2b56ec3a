import { describe, expect, test } from 'vitest';
import { PGP_MESSAGE, PGP_SIGNED_TEXT, pgpEncrypted, pgpSigned } from '../kit/openpgp-samples.js';
import { openssl } from '../kit/openssl-cli.js';
import { sealWithOpenssl } from '../kit/openssl-seal.js';
import { alice, bob, carol, look, TEXT } from './already-kit.js';

describe('a signed message', () => {
  test.each([true, false])('may leave if its signature fits and is the sender’s (detached: %s)', (detached) => {
    expect(look(sealWithOpenssl(TEXT, { signer: alice, detached })).fault).toBeUndefined();
  });

  test('may leave when it was stored with the line ends of a file system', () => {
    const stored = sealWithOpenssl(TEXT, { signer: alice, detached: true }).toString('latin1').replaceAll('\r\n', '\n');
    expect(look(stored).fault).toBeUndefined();
  });

  test('may not when it was signed by another than it is from', () => {
    const { fault } = look(sealWithOpenssl(TEXT, { signer: bob, detached: true }));
    expect(fault).toBe("the message is from alice@example.com, the signer's certificate has bob@example.net");
  });

  test('may with OpenPGP, where the signature is only seen', () => {
    expect(look(pgpSigned('\nhello')).fault).toBeUndefined();
    expect(look(`Content-Type: text/plain\n\n${PGP_SIGNED_TEXT}`).fault).toBeUndefined();
  });
});

describe('an encrypted message', () => {
  test.each(['aes-128-cbc', 'aes-256-cbc', 'aes-256-gcm'])('with %s may leave, and tells to whom it is encrypted', (cipher) => {
    const { fault, isEncryptedTo } = look(sealWithOpenssl(TEXT, { signer: alice, recipients: [bob, carol], cipher }));
    expect(fault).toBeUndefined();
    expect([bob, carol, alice].map(({ certificate }) => isEncryptedTo(certificate))).toEqual([true, true, false]);
  });

  test('may in BER as it is streamed', () => {
    const sealed = openssl(['cms', '-encrypt', '-aes-256-cbc', '-stream', '-outform', 'SMIME', bob.files.certificate], TEXT);
    const { fault, isEncryptedTo } = look(sealed);
    expect(fault).toBeUndefined();
    expect(isEncryptedTo(bob.certificate)).toBe(true);
  });

  test('may when its recipients are named by key identifiers', () => {
    const sealed = openssl(['cms', '-encrypt', '-aes-256-cbc', '-keyid', '-outform', 'SMIME', bob.files.certificate], TEXT);
    expect(look(sealed).isEncryptedTo(bob.certificate)).toBe(true);
    expect(look(sealed).isEncryptedTo(carol.certificate)).toBe(false);
  });

  test('may with OpenPGP, whose keys are others than certificates', () => {
    for (const message of [
      pgpEncrypted(),
      pgpEncrypted(PGP_MESSAGE, { preamble: 'This is an OpenPGP/MIME encrypted message (RFC 4880 and 3156)\n' }),
      `Content-Type: text/plain\n\n${PGP_MESSAGE}`,
    ]) {
      const { fault, isEncryptedTo } = look(message);
      expect(fault).toBeUndefined();
      expect(isEncryptedTo(bob.certificate)).toBe(false);
    }
  });
});
