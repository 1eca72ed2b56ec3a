import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SealdropError } from '../../src/errors.js';
import { loadIdentity } from '../../src/keys/identity.js';
import { loadRecipient } from '../../src/keys/recipient.js';
import { element, explicit, integer, octetString, oid, sequence } from '../../src/smime/cms/der.js';
import { pkcs12, writeIdentity, writeRecipient } from '../kit/key-files.js';
import { openssl } from '../kit/openssl-cli.js';
import { testPki } from '../kit/pki.js';
import { codeOf, emptyDirectory, faultOf, now, open, put } from './support.js';

const pki = testPki();
const alice = pki.issue({ address: 'alice@example.com' });

/** What comes of `content` under each name a key or certificate may have. */
function codesFor(content: Buffer | string): Record<string, string> {
  const codes: Record<string, string> = {};
  for (const ending of ['p12', 'pfx', 'pem', 'crt', 'cer']) {
    const directory = emptyDirectory();
    put(directory, `alice@example.com.${ending}`, content);
    const keys = open(directory);
    const isCertificate = ending.startsWith('c');
    codes[ending] = codeOf(() => (isCertificate ? keys.recipient('alice@example.com', now) : keys.identity('alice@example.com', now)));
  }
  return codes;
}

const ALL_DAMAGED = {
  p12: 'key-file-damaged',
  pfx: 'key-file-damaged',
  pem: 'key-file-damaged',
  crt: 'key-file-damaged',
  cer: 'key-file-damaged',
};

describe('files that are not what their name says', () => {
  it.each([
    ['nothing', ''],
    ['garbage', 'not a key at all\n'],
    ['zeros', Buffer.alloc(5000)],
    ['an armour without contents', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n'],
    ['an armour without end', '-----BEGIN CERTIFICATE-----\nMIIB\n'],
    ['a certificate in UTF-16', Buffer.from(`\ufeff${alice.certificatePem}`, 'utf16le')],
    ['a certificate with NUL in its base64', alice.certificatePem.replace(/\n(?=.{64}\n)/, '\n\0')],
    ['DER that claims four gigabytes', Buffer.from('3084ffffffff020103', 'hex')],
    ['DER nested 100,000 deep', Buffer.alloc(200_000, '3080', 'hex')],
    ['a certificate request', openssl(['req', '-new', '-key', alice.files.privateKey, '-subj', '/CN=Alice'])],
  ])('are told to be damaged: %s', (_, content) => {
    expect(codesFor(content)).toEqual(ALL_DAMAGED);
  });

  it('are told to be damaged when something follows a DER certificate', () => {
    const directory = emptyDirectory();
    put(directory, 'alice@example.com.crt', Buffer.concat([alice.certificate, Buffer.from('x')]));
    expect(codeOf(() => open(directory).recipient('alice@example.com', now))).toBe('key-file-damaged');
  });

  it('are told to be damaged when a PKCS#12 file is cut off anywhere', () => {
    const bytes = pkcs12(alice, { passphrase: 'secret' });
    for (let length = 1; length < bytes.length; length += Math.ceil(bytes.length / 40)) {
      const directory = emptyDirectory();
      put(directory, 'alice@example.com.p12', bytes.subarray(0, length));
      put(directory, 'alice@example.com.pass', 'secret');
      expect(
        codeOf(() => open(directory).identity('alice@example.com', now)),
        `${length} bytes`,
      ).toBe('key-file-damaged');
    }
  });

  it('are told to be too large and not read', () => {
    const directory = emptyDirectory();
    const path = put(directory, 'alice@example.com.crt', alice.certificatePem);
    truncateSync(path, 1024 ** 4);
    expect(codeOf(() => open(directory).recipient('alice@example.com', now))).toBe('key-file-too-large');
  });

  it('are refused with thousands of certificates', () => {
    const directory = emptyDirectory();
    put(directory, 'alice@example.com.crt', alice.certificatePem.repeat(201));
    expect(codeOf(() => open(directory).recipient('alice@example.com', now))).toBe('key-file-damaged');
  });

  it('keep nobody waiting when they are FIFOs', () => {
    const directory = emptyDirectory();
    execFileSync('/usr/bin/mkfifo', [join(directory, 'alice@example.com.p12')]);
    expect(codeOf(() => open(directory).identity('alice@example.com', now))).toBe('key-file-not-regular');
  });

  it('are refused when they are directories or devices', () => {
    const directory = emptyDirectory();
    mkdirSync(join(directory, 'alice@example.com.crt'));
    symlinkSync('/dev/zero', join(directory, 'bob@example.com.crt'));
    expect(codeOf(() => open(directory).recipient('alice@example.com', now))).toBe('key-file-not-regular');
    expect(codeOf(() => open(directory).recipient('bob@example.com', now))).toBe('key-file-not-regular');
  });

  it('are unreadable when they are links to nothing or to themselves', () => {
    const directory = emptyDirectory();
    symlinkSync('nothing', join(directory, 'alice@example.com.crt'));
    symlinkSync('bob@example.com.crt', join(directory, 'bob@example.com.crt'));
    expect(codeOf(() => open(directory).recipient('alice@example.com', now))).toBe('key-file-unreadable');
    expect(codeOf(() => open(directory).recipient('bob@example.com', now))).toBe('key-file-unreadable');
  });

  it('are listed with their faults beside the sound ones', () => {
    const directory = emptyDirectory();
    writeRecipient(directory, alice);
    put(directory, 'a@example.com.crt', '');
    symlinkSync('nothing', join(directory, 'b@example.com.p12'));
    expect(
      open(directory)
        .entries(now)
        .map(({ address, fault }) => [address, fault?.code]),
    ).toEqual([
      ['a@example.com', 'key-file-damaged'],
      ['alice@example.com', undefined],
      ['b@example.com', 'key-file-unreadable'],
    ]);
  });
});

describe('a key directory whose files one may not read', () => {
  it.runIf(process.geteuid?.() === 0)('blames the file, not the message, when read as another user', () => {
    const directory = emptyDirectory();
    chmodSync(directory, 0o755);
    chmodSync(join(directory, '..'), 0o755);
    writeIdentity(directory, alice, { as: 'p12' });
    process.seteuid?.(54_321);
    try {
      const fault = faultOf(() => open(directory).identity('alice@example.com', now));
      expect(fault.code).toBe('key-file-unreadable');
      expect(fault.message).toContain('EACCES');
    } finally {
      process.seteuid?.(0);
    }
  });
});

describe('a file that costs too much to open', () => {
  const count = element(0x02, Buffer.from('7fffffff', 'hex'));
  const data = (content: Buffer): Buffer => sequence(oid('1.2.840.113549.1.7.1'), explicit(0, octetString(content)));
  const salt = octetString(Buffer.alloc(8));

  it.each([
    [
      'of its MAC',
      sequence(
        integer(3),
        data(sequence()),
        sequence(sequence(sequence(oid('1.3.14.3.2.26')), octetString(Buffer.alloc(20))), salt, count),
      ),
    ],
    ['of PBES2', encryptedUnder('1.2.840.113549.1.5.13', sequence(sequence(oid('1.2.840.113549.1.5.12'), sequence(salt, count)), aes()))],
    ['of 3DES', encryptedUnder('1.2.840.113549.1.12.1.3', sequence(salt, count))],
  ])('is refused by the iteration count %s, before the work is done', (_, bytes) => {
    const directory = emptyDirectory();
    put(directory, 'alice@example.com.p12', bytes);
    put(directory, 'alice@example.com.pass', 'secret');
    const fault = faultOf(() => open(directory).identity('alice@example.com', now));
    expect(fault.code).toBe('key-file-unsupported');
    expect(fault.message).toContain('2147483647');
  });

  function aes(): Buffer {
    return sequence(oid('2.16.840.1.101.3.4.1.42'), octetString(Buffer.alloc(16)));
  }

  function encryptedUnder(algorithm: string, parameters: Buffer): Buffer {
    const info = sequence(oid('1.2.840.113549.1.7.1'), sequence(oid(algorithm), parameters), element(0x80, Buffer.alloc(32)));
    const encrypted = sequence(oid('1.2.840.113549.1.7.6'), explicit(0, sequence(integer(0), info)));
    return sequence(integer(3), data(sequence(encrypted)));
  }
});

describe('any damage', () => {
  const world = { environment: { SEALDROP_PASSPHRASE: 'secret' }, credentialsDirectory: undefined, uid: process.geteuid?.() };
  const none = { keyFile: undefined, certificateFile: undefined, passFile: undefined, capabilitiesFile: undefined, ignored: [] };

  it.each([
    ['PKCS#12', 'p12', pkcs12(alice, { passphrase: 'secret', withChain: false })],
    ['a PEM identity', 'pem', Buffer.from(alice.privateKeyPem + alice.certificatePem)],
    ['a DER certificate', 'crt', alice.certificate],
  ])('to %s gives a result or a SealdropError, never anything else', (_, ending, original) => {
    const directory = emptyDirectory();
    const path = join(directory, `alice@example.com.${ending}`);
    const change = fc.record({ at: fc.nat(original.length - 1), octet: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = Buffer.from(original);
        for (const { at, octet } of changes) bytes[at] = octet;
        put(directory, `alice@example.com.${ending}`, bytes);
        const files = { ...none, address: 'alice@example.com', stem: join(directory, 'alice@example.com') };
        const { result } =
          ending === 'crt'
            ? loadRecipient(path, { ...files, certificateFile: path }, world)
            : loadIdentity(path, { ...files, keyFile: path }, world);
        expect(result instanceof SealdropError || result.address === 'alice@example.com').toBe(true);
      }),
      { numRuns: 120 },
    );
  });
});
