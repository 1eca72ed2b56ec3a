import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { passphraseVariable } from '../../src/keys/passphrase.js';
import { writeIdentity } from '../kit/key-files.js';
import { testPki } from '../kit/pki.js';
import { makeTemp } from '../kit/temp.js';
import { codeOf, emptyDirectory, faultOf, now, open, put } from './support.js';

const alice = testPki().issue({ address: 'alice@example.com' });

/** Alice's identity under the passphrase `secret`, which stands nowhere. */
function encrypted(as: 'p12' | 'pem' = 'p12', passphrase = 'secret'): string {
  const directory = emptyDirectory();
  writeIdentity(directory, alice, { as, passphrase, passFile: false });
  return directory;
}

function credentials(name: string, content: string): string {
  const directory = join(makeTemp('credentials'), 'sealdrop');
  mkdirSync(directory);
  // As systemd leaves it where access is by a control list: the group bits are its mask.
  put(directory, name, content, 0o440);
  return directory;
}

describe('the passphrase', () => {
  it('is read from <address>.pass, one line end removed', () => {
    const directory = encrypted();
    put(directory, 'alice@example.com.pass', 'secret\r\n');
    expect(open(directory).identity('alice@example.com', now).address).toBe('alice@example.com');
  });

  it('keeps its own blanks', () => {
    const directory = encrypted('pem', ' two  words ');
    put(directory, 'alice@example.com.pass', ' two  words \n');
    expect(open(directory).identity('alice@example.com', now).address).toBe('alice@example.com');
  });

  it('is read from the credentials directory', () => {
    const credentialsDirectory = credentials('alice@example.com.pass', 'secret\n');
    expect(open(encrypted(), { credentialsDirectory }).identity('alice@example.com', now).address).toBe('alice@example.com');
  });

  it('is read from the credentials directory systemd names in the environment', () => {
    const environment = { CREDENTIALS_DIRECTORY: credentials('alice@example.com.pass', 'secret\n') };
    expect(open(encrypted(), { environment }).identity('alice@example.com', now).address).toBe('alice@example.com');
  });

  it.each(['SEALDROP_PASSPHRASE_ALICE_EXAMPLE_COM', 'SEALDROP_PASSPHRASE'])('is read from the environment variable %s', (name) => {
    const environment = { [name]: 'secret' };
    expect(open(encrypted(), { environment }).identity('alice@example.com', now).address).toBe('alice@example.com');
  });

  it('is taken from the most particular place there is', () => {
    const directory = encrypted();
    const credentialsDirectory = credentials('alice@example.com.pass', 'from credentials');
    const environment = { SEALDROP_PASSPHRASE_ALICE_EXAMPLE_COM: 'from own variable', SEALDROP_PASSPHRASE: 'from general variable' };
    const from = (options: Parameters<typeof open>[1]): string =>
      faultOf(() => open(directory, options).identity('alice@example.com', now)).message;
    expect(from({ environment })).toContain('SEALDROP_PASSPHRASE_ALICE_EXAMPLE_COM');
    expect(from({ environment, credentialsDirectory })).toContain(credentialsDirectory);
    const passFile = put(directory, 'alice@example.com.pass', 'from the file');
    expect(from({ environment, credentialsDirectory })).toContain(passFile);
  });

  it.each([
    ['modern PKCS#12', { as: 'p12' }],
    ['old PKCS#12', { as: 'p12', legacy: true }],
    ['PKCS#8', { as: 'pem' }],
  ] as const)('may have any characters in %s', (_, options) => {
    const directory = emptyDirectory();
    writeIdentity(directory, alice, { ...options, passphrase: 'Grüße, 世界 😀' });
    expect(open(directory).identity('alice@example.com', now).address).toBe('alice@example.com');
  });

  it('is needed for an encrypted key: the error lists the places that were looked at', () => {
    const directory = encrypted('pem');
    const fault = faultOf(() => open(directory, { credentialsDirectory: '/run/credentials/sealdrop' }).identity('alice@example.com', now));
    expect(fault).toMatchObject({ code: 'missing-passphrase', disposition: 'quarantine' });
    for (const place of [
      `${directory}/alice@example.com.pass`,
      '/run/credentials/sealdrop/alice@example.com.pass',
      '$SEALDROP_PASSPHRASE_ALICE_EXAMPLE_COM',
    ]) {
      expect(fault.message).toContain(place);
    }
    expect(fault.cure).toContain(`chmod 600 ${directory}/alice@example.com.pass`);
  });

  it('is missed too when PKCS#12 does not open with the empty one', () => {
    expect(codeOf(() => open(encrypted('p12')).identity('alice@example.com', now))).toBe('missing-passphrase');
  });

  it.each(['p12', 'pem'] as const)('that is wrong is told with the file and its origin, and is not shown (%s)', (as) => {
    const directory = encrypted(as);
    const passFile = put(directory, 'alice@example.com.pass', 'tulips-1637');
    const fault = faultOf(() => open(directory).identity('alice@example.com', now));
    expect(fault).toMatchObject({ code: 'wrong-passphrase', disposition: 'quarantine' });
    expect(fault.message).toContain(`${directory}/alice@example.com.${as}`);
    expect(fault.message).toContain(passFile);
    expect(fault.message + fault.cure + String(fault.cause)).not.toContain('tulips');
  });

  it.each(['group', 'others'])('is refused from a file that %s can read', (who) => {
    const directory = encrypted();
    const passFile = put(directory, 'alice@example.com.pass', 'secret', who === 'group' ? 0o640 : 0o604);
    const fault = faultOf(() => open(directory).identity('alice@example.com', now));
    expect(fault.code).toBe('key-permissions');
    expect(fault.cure).toBe(`Run: chmod 600 ${passFile}`);
  });

  it('must be UTF-8', () => {
    const directory = encrypted();
    put(directory, 'alice@example.com.pass', Buffer.from('gr\xfcn', 'latin1'));
    expect(codeOf(() => open(directory).identity('alice@example.com', now))).toBe('passphrase-unreadable');
  });

  it('is not looked for outside the credentials directory, whatever the address', () => {
    const credentialsDirectory = credentials('alice@example.com.pass', 'secret');
    expect(codeOf(() => open(emptyDirectory(), { credentialsDirectory }).identity('x/../alice@example.com', now))).toBe('missing-identity');
  });

  it('has a variable named after the address', () => {
    expect(passphraseVariable('steve.o-x+y@mail.example.com')).toBe('SEALDROP_PASSPHRASE_STEVE_O_X_Y_MAIL_EXAMPLE_COM');
  });
});
