import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pkcs12, writeIdentity, writeRecipient } from '../kit/key-files.js';
import { testPki } from '../kit/pki.js';
import { makeTemp } from '../kit/temp.js';
import { codeOf, emptyDirectory, faultOf, now, open, put } from './support.js';

const pki = testPki();
const alice = pki.issue({ address: 'alice@example.com' });
const renewed = pki.issue({ address: 'alice@example.com', edition: 2 });
const bob = pki.issue({ address: 'bob@example.net' });

describe('without a restart', () => {
  it('a file that is added takes effect at the next refresh, not before', () => {
    const directory = emptyDirectory();
    const keys = open(directory);
    keys.refresh();
    writeRecipient(directory, bob);
    expect(codeOf(() => keys.recipient('bob@example.net', now))).toBe('missing-certificate');
    keys.refresh();
    expect(keys.recipient('bob@example.net', now).certificate.equals(bob.certificate)).toBe(true);
  });

  it('a file that is removed takes effect at the next refresh, not before', () => {
    const directory = emptyDirectory();
    const path = writeRecipient(directory, bob);
    const keys = open(directory);
    keys.recipient('bob@example.net', now);
    unlinkSync(path);
    expect(keys.recipient('bob@example.net', now).address).toBe('bob@example.net');
    keys.refresh();
    expect(codeOf(() => keys.recipient('bob@example.net', now))).toBe('missing-certificate');
  });

  it.each([
    ['in place', (path: string, content: string) => writeFileSync(path, content)],
    [
      'by rename',
      (path: string, content: string) => {
        writeFileSync(`${path}.tmp`, content);
        renameSync(`${path}.tmp`, path);
      },
    ],
  ])('a certificate that is replaced %s takes effect at the next refresh', (_, replace) => {
    const directory = emptyDirectory();
    const path = writeRecipient(directory, alice);
    const keys = open(directory);
    expect(keys.recipient('alice@example.com', now).certificate.equals(alice.certificate)).toBe(true);
    replace(path, renewed.certificatePem);
    keys.refresh();
    expect(keys.recipient('alice@example.com', now).certificate.equals(renewed.certificate)).toBe(true);
  });

  it('an identity that is replaced takes effect at the next refresh', () => {
    const directory = emptyDirectory();
    const [path = ''] = writeIdentity(directory, alice, { as: 'p12' });
    const keys = open(directory);
    keys.identity('alice@example.com', now);
    writeFileSync(path, pkcs12(renewed));
    keys.refresh();
    expect(keys.identity('alice@example.com', now).certificate.equals(renewed.certificate)).toBe(true);
  });

  it('a passphrase that is corrected takes effect at the next refresh', () => {
    const directory = emptyDirectory();
    writeIdentity(directory, alice, { as: 'p12', passphrase: 'secret' });
    const passFile = put(directory, 'alice@example.com.pass', 'wrong');
    const keys = open(directory);
    expect(codeOf(() => keys.identity('alice@example.com', now))).toBe('wrong-passphrase');
    writeFileSync(passFile, 'secret');
    keys.refresh();
    expect(keys.identity('alice@example.com', now).address).toBe('alice@example.com');
  });

  it('a credential that appears takes effect at the next refresh', () => {
    const [directory, credentialsDirectory] = [emptyDirectory(), makeTemp('credentials')];
    writeIdentity(directory, alice, { as: 'p12', passphrase: 'secret', passFile: false });
    const keys = open(directory, { credentialsDirectory, clock: () => Date.now() + 60_000 });
    expect(codeOf(() => keys.identity('alice@example.com', now))).toBe('missing-passphrase');
    put(credentialsDirectory, 'alice@example.com.pass', 'secret');
    keys.refresh();
    expect(keys.identity('alice@example.com', now).address).toBe('alice@example.com');
  });

  it('a directory that is exchanged behind a link takes effect at the next refresh', () => {
    const [one, other, base] = [emptyDirectory(), emptyDirectory(), makeTemp('keys')];
    writeRecipient(one, alice);
    writeRecipient(other, renewed);
    symlinkSync(one, join(base, 'keys'));
    const keys = open(join(base, 'keys'));
    keys.recipient('alice@example.com', now);
    symlinkSync(other, join(base, 'next'));
    renameSync(join(base, 'next'), join(base, 'keys'));
    keys.refresh();
    expect(keys.recipient('alice@example.com', now).certificate.equals(renewed.certificate)).toBe(true);
  });
});

describe('within one refresh interval', () => {
  it('an entry is parsed once', () => {
    const directory = emptyDirectory();
    writeIdentity(directory, alice, { as: 'p12' });
    const keys = open(directory);
    expect(keys.identity('alice@example.com', now)).toBe(keys.identity('alice@EXAMPLE.com', now));
  });

  it('an entry stays parsed over refreshes when nothing changed', () => {
    const directory = emptyDirectory();
    writeIdentity(directory, alice, { as: 'p12' });
    const keys = open(directory, { clock: () => Date.now() + 60_000 });
    const identity = keys.identity('alice@example.com', now);
    keys.refresh();
    expect(keys.identity('alice@example.com', now)).toBe(identity);
  });

  it('no more than the given number of entries is kept', () => {
    const directory = emptyDirectory();
    writeRecipient(directory, alice);
    writeRecipient(directory, bob);
    const keys = open(directory, { maxEntries: 1 });
    const before = keys.recipient('alice@example.com', now);
    keys.recipient('bob@example.net', now);
    expect(keys.recipient('alice@example.com', now)).not.toBe(before);
  });
});

describe('a directory that goes away', () => {
  it('makes intake wait, and is used again when it is back', () => {
    const directory = emptyDirectory();
    writeRecipient(directory, bob);
    const keys = open(directory);
    keys.recipient('bob@example.net', now);
    renameSync(directory, `${directory}-away`);
    expect(faultOf(() => keys.refresh())).toMatchObject({ code: 'keys-unreadable', disposition: 'wait' });
    expect(faultOf(() => keys.recipient('bob@example.net', now))).toMatchObject({ code: 'keys-unreadable', disposition: 'wait' });
    renameSync(`${directory}-away`, directory);
    keys.refresh();
    expect(keys.recipient('bob@example.net', now).address).toBe('bob@example.net');
  });

  it('and comes back empty blames the missing certificate', () => {
    const directory = emptyDirectory();
    writeRecipient(directory, bob);
    const keys = open(directory);
    keys.recipient('bob@example.net', now);
    rmSync(directory, { recursive: true });
    mkdirSync(directory, { mode: 0o700 });
    keys.refresh();
    expect(codeOf(() => keys.recipient('bob@example.net', now))).toBe('missing-certificate');
  });
});

describe('a file that is being written', () => {
  it('is tried again while it looks damaged, and blamed once it stays so', () => {
    const directory = emptyDirectory();
    put(directory, 'bob@example.net.crt', bob.certificatePem.slice(0, 700));
    expect(faultOf(() => open(directory).recipient('bob@example.net', now))).toMatchObject({
      code: 'key-file-damaged',
      disposition: 'retry',
    });
    const later = open(directory, { clock: () => Date.now() + 60_000 });
    expect(faultOf(() => later.recipient('bob@example.net', now))).toMatchObject({ code: 'key-file-damaged', disposition: 'quarantine' });
  });

  it('is tried again while the key is new and its certificate still the old one', () => {
    const directory = emptyDirectory();
    put(directory, 'alice@example.com.pem', renewed.privateKeyPem);
    put(directory, 'alice@example.com.crt', alice.certificatePem);
    const keys = open(directory);
    expect(faultOf(() => keys.identity('alice@example.com', now))).toMatchObject({ code: 'key-mismatch', disposition: 'retry' });
    put(directory, 'alice@example.com.crt', renewed.certificatePem);
    keys.refresh();
    expect(keys.identity('alice@example.com', now).certificate.equals(renewed.certificate)).toBe(true);
  });
});
