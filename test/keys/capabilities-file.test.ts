import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capabilitiesFileText } from '../../src/keys/capabilities-file.js';
import type { LearntCapabilities } from '../../src/smime/capabilities.js';
import { openMessage } from '../../src/smime/open.js';
import { writeIdentity, writeRecipient } from '../kit/key-files.js';
import { type Issued, testPki } from '../kit/pki.js';
import { signOpaque } from '../smime/writing-kit.js';
import { emptyDirectory, now, open, put } from './support.js';

const pki = testPki();
const alice = pki.issue({ address: 'alice@example.com' });
const bob = pki.issue({ address: 'bob@example.net' });
const NAME = 'bob@example.net.capabilities.json';

function learntOf(issued: Issued, more: Partial<LearntCapabilities> = {}): LearntCapabilities {
  const fingerprint = createHash('sha256').update(issued.certificate).digest('hex');
  return { fingerprint, signingTime: '2026-11-20T10:00:00.000Z', ciphers: ['aes-256-gcm', 'aes-256-cbc'], others: ['1.2.3.4'], ...more };
}

function directoryWith(text: string | Buffer, mode?: number): string {
  const directory = emptyDirectory();
  writeRecipient(directory, bob);
  put(directory, NAME, text, mode);
  return directory;
}

const sound = capabilitiesFileText(learntOf(bob));

describe('what was learnt of a recipient', () => {
  it('is read from the file beside the certificate', () => {
    expect(open(directoryWith(sound)).recipient('bob@EXAMPLE.net', now)).toMatchObject({
      capabilities: learntOf(bob),
      capabilitiesFault: undefined,
    });
  });

  it('is nothing without a file', () => {
    const directory = emptyDirectory();
    writeRecipient(directory, bob);
    expect(open(directory).recipient('bob@example.net', now)).toMatchObject({ capabilities: undefined, capabilitiesFault: undefined });
  });

  it('is found for an identity of ours that mail is encrypted to, and listed with it', () => {
    const directory = emptyDirectory();
    writeIdentity(directory, alice);
    const path = put(directory, 'alice@example.com.capabilities.json', capabilitiesFileText(learntOf(alice)));
    const [entry, ...others] = open(directory).entries(now);
    expect(entry).toMatchObject({ kind: 'identity', uses: ['sign', 'encrypt'], capabilities: learntOf(alice) });
    expect(entry?.files).toContain(path);
    expect(others).toEqual([]);
  });

  it('takes effect at the next refresh when it is written, changed and removed', () => {
    const directory = emptyDirectory();
    writeRecipient(directory, bob);
    // As if the files had been there for long: only what stat tells makes them be read again.
    const keys = open(directory, { clock: () => Date.now() + 60_000 });
    const ciphers = () => keys.recipient('bob@example.net', now).capabilities?.ciphers;
    expect(ciphers()).toBeUndefined();
    put(directory, NAME, sound);
    expect(ciphers()).toBeUndefined();
    keys.refresh();
    expect(ciphers()).toEqual(['aes-256-gcm', 'aes-256-cbc']);
    put(directory, NAME, capabilitiesFileText(learntOf(bob, { ciphers: ['aes-128-cbc'] })));
    keys.refresh();
    expect(ciphers()).toEqual(['aes-128-cbc']);
    rmSync(join(directory, NAME));
    keys.refresh();
    expect(ciphers()).toBeUndefined();
  });

  it('no longer counts when the certificate is another, and is told', () => {
    const directory = directoryWith(sound);
    const keys = open(directory);
    expect(keys.recipient('bob@example.net', now).capabilities).toBeDefined();
    writeRecipient(directory, pki.issue({ address: 'bob@example.net', edition: 2 }));
    keys.refresh();
    expect(keys.recipient('bob@example.net', now)).toMatchObject({
      capabilities: undefined,
      capabilitiesFault: { code: 'capabilities-unusable', message: expect.stringContaining('another certificate') },
    });
  });
});

describe('a file that is not what harvest writes', () => {
  const value = JSON.parse(sound) as Record<string, unknown>;
  const changed = (more: Record<string, unknown>) => JSON.stringify({ ...value, ...more });
  it.each<[string, string | Buffer]>([
    ['is empty', ''],
    ['is cut off', sound.slice(0, -20)],
    ['is no JSON', 'aes-256-gcm'],
    ['is null', 'null'],
    ['is a list', '[]'],
    ['is of a later version', changed({ version: 2 })],
    ['has a key more', changed({ trust: true })],
    ['has a key less', JSON.stringify({ ...value, others: undefined })],
    ['has a fingerprint in capitals', changed({ fingerprint: String(value.fingerprint).toUpperCase() })],
    ['has a time that is none', changed({ signingTime: '2026-13-45T10:00:00.000Z' })],
    ['has a time without zone', changed({ signingTime: '2026-11-20T10:00:00.000' })],
    ['has a cipher that is not known', changed({ ciphers: ['aes-256-gcm', 'rot13'] })],
    ['has a cipher of the prototype’s', changed({ ciphers: ['constructor'] })],
    ['has a cipher twice', changed({ ciphers: ['aes-256-gcm', 'aes-256-gcm'] })],
    ['has ciphers as a text', changed({ ciphers: 'aes-256-gcm' })],
    ['has others that are no identifiers', changed({ others: ['\u001b[31m'] })],
    ['has too many others', changed({ others: Array.from({ length: 101 }, (_, index) => `1.2.${index}`) })],
    ['is too large', `${sound}${' '.repeat(70_000)}`],
    ['is binary', Buffer.from([0xff, 0xfe, 0x00])],
  ])('and %s is ignored with a fault, and the certificate still used', (_, text) => {
    const found = open(directoryWith(text)).recipient('bob@example.net', now);
    expect(found.capabilities).toBeUndefined();
    expect(found.capabilitiesFault?.message).toContain(NAME);
    expect(found.certificate.equals(bob.certificate)).toBe(true);
  });

  it('may be any bytes', () => {
    const directory = directoryWith(sound);
    const change = fc.record({ at: fc.nat(sound.length - 1), octet: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const bytes = Buffer.from(sound);
        for (const { at, octet } of changes) bytes[at] = octet;
        put(directory, NAME, bytes);
        const { capabilities, capabilitiesFault } = open(directory).recipient('bob@example.net', now);
        expect((capabilities === undefined) !== (capabilitiesFault === undefined)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('that every user can change is ignored', () => {
    const directory = directoryWith(sound);
    chmodSync(join(directory, NAME), 0o666);
    const { capabilities, capabilitiesFault } = open(directory).recipient('bob@example.net', now);
    expect(capabilities).toBeUndefined();
    expect(capabilitiesFault).toMatchObject({ code: 'capabilities-unusable', message: expect.stringContaining('0666') });
  });

  it('but a directory is ignored, too', () => {
    const directory = emptyDirectory();
    writeRecipient(directory, bob);
    mkdirSync(join(directory, NAME));
    expect(open(directory).recipient('bob@example.net', now).capabilitiesFault?.code).toBe('key-file-not-regular');
  });

  it('is no fault of the certificate', () => {
    const [entry] = open(directoryWith('{}')).entries(now);
    expect(entry).toMatchObject({ uses: ['encrypt'], fault: undefined, capabilitiesFault: { code: 'capabilities-unusable' } });
  });
});

it('an identity announces what it is told to', () => {
  const directory = emptyDirectory();
  writeIdentity(directory, alice);
  const keys = open(directory, { announced: (address) => (address === 'alice@example.com' ? ['aes-256-gcm'] : undefined) });
  const entity = Buffer.from('Content-Type: text/plain\r\n\r\nhello\r\n');
  const options = { digest: 'sha256', scheme: 'auto', signingTime: now } as const;
  const message = Buffer.concat([
    Buffer.from('From: alice@example.com\r\n'),
    signOpaque(entity, keys.identity('alice@example.com', now).signer, options).entity,
  ]);
  const opened = openMessage(message, { decryption: [], trustAnchors: [pki.root.certificate], now });
  expect(opened.layers[0]?.signers[0]?.announced?.capabilities?.ciphers).toEqual(['aes-256-gcm']);
});
