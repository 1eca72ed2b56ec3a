import { describe, expect, it } from 'vitest';
import { WrongPassphrase } from '../../src/keys/password-based.js';
import { pemBlocks } from '../../src/keys/pem.js';
import { readPrivateKey } from '../../src/keys/private-key.js';
import { openssl } from '../kit/openssl-cli.js';
import { testPki } from '../kit/pki.js';
import { codeOf } from './support.js';

const alice = testPki().issue({ address: 'alice@example.com' });
const LEGACY = ['-provider', 'legacy', '-provider', 'default', '-passout', 'pass:secret'];

function read(pem: Buffer, passphrase: string): ReturnType<typeof readPrivateKey> {
  const [block] = pemBlocks(pem, 'alice.pem');
  if (block === undefined) throw new Error('no block');
  return readPrivateKey(block, passphrase, 'alice.pem');
}

describe('a private key in an encryption that OpenSSL 3 no longer knows', () => {
  it('says wrong passphrase also where that decrypts to good padding, as one in 256 does', () => {
    const pem = openssl(['pkcs8', '-topk8', '-in', alice.files.privateKey, '-v1', 'PBE-SHA1-RC2-40', '-iter', '1', ...LEGACY]);
    expect(read(pem, 'secret').asymmetricKeyType).toBe('rsa');
    for (let n = 0; n < 1000; n += 1) expect(() => read(pem, `wrong ${n}`)).toThrow(WrongPassphrase);
  });

  it.each([
    ['PKCS#8 under MD5 and DES', ['pkcs8', '-topk8', '-v1', 'PBE-MD5-DES']],
    ['traditional DES', ['rsa', '-traditional', '-des']],
  ])('that nobody reads any more is unsupported: %s', (_, command) => {
    const pem = openssl([...command, '-in', alice.files.privateKey, ...LEGACY]);
    expect(codeOf(() => read(pem, 'secret'))).toBe('key-file-unsupported');
  });
});

it('a key under scrypt is read', () => {
  const pem = openssl(['pkcs8', '-topk8', '-scrypt', '-in', alice.files.privateKey, '-passout', 'pass:secret']);
  expect(read(pem, 'secret').asymmetricKeyType).toBe('rsa');
});
