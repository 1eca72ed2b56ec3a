import { chmodSync, chownSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeIdentity, writeRecipient } from '../kit/key-files.js';
import { testPki } from '../kit/pki.js';
import { makeTemp } from '../kit/temp.js';
import { codeOf, emptyDirectory, faultOf, now, open, put } from './support.js';

const alice = testPki().issue({ address: 'alice@example.com' });
const ourUid = process.geteuid?.() ?? 0;
const isRoot = ourUid === 0;
const STRANGER = 54_321;

function identityFile(directory: string, as: 'p12' | 'pem' = 'p12'): string {
  writeIdentity(directory, alice, { as });
  return join(directory, `alice@example.com.${as}`);
}

describe('a private key', () => {
  it.each([
    [0o640, 'p12'],
    [0o604, 'p12'],
    [0o620, 'pem'],
    [0o602, 'pem'],
    [0o644, 'pem'],
  ] as const)('with mode %o is refused with the chmod to run (%s)', (mode, as) => {
    const directory = emptyDirectory();
    const path = identityFile(directory, as);
    chmodSync(path, mode);
    const fault = faultOf(() => open(directory).identity('alice@example.com', now));
    expect(fault).toMatchObject({ code: 'key-permissions', disposition: 'quarantine', cure: `Run: chmod 600 ${path}` });
    expect(fault.message).toContain(path);
  });

  it('is refused even when its PEM block is damaged', () => {
    const directory = emptyDirectory();
    put(directory, 'alice@example.com.pem', alice.privateKeyPem.slice(0, 500), 0o644);
    expect(codeOf(() => open(directory).identity('alice@example.com', now))).toBe('key-permissions');
  });

  it('that is read-only for its owner is accepted', () => {
    const directory = emptyDirectory();
    chmodSync(identityFile(directory), 0o400);
    expect(open(directory).identity('alice@example.com', now).address).toBe('alice@example.com');
  });

  it('takes effect again in the same refresh interval after the chmod', () => {
    const directory = emptyDirectory();
    const path = identityFile(directory);
    chmodSync(path, 0o644);
    const keys = open(directory);
    expect(codeOf(() => keys.identity('alice@example.com', now))).toBe('key-permissions');
    chmodSync(path, 0o600);
    keys.refresh();
    expect(keys.identity('alice@example.com', now).address).toBe('alice@example.com');
  });

  it('is not encrypted to either while others can read it', () => {
    const directory = emptyDirectory();
    chmodSync(identityFile(directory), 0o644);
    expect(codeOf(() => open(directory).recipient('alice@example.com', now))).toBe('key-permissions');
  });

  it.runIf(isRoot)('that belongs to another user is refused', () => {
    const directory = emptyDirectory();
    const path = identityFile(directory);
    chownSync(path, STRANGER, STRANGER);
    const fault = faultOf(() => open(directory).identity('alice@example.com', now));
    expect(fault.code).toBe('key-owner');
    expect(fault.cure).toContain(`chown ${ourUid} ${path} && chmod 600 ${path}`);
  });

  it.runIf(isRoot)('of the named user, or of root, is accepted when asked on behalf of that user', () => {
    const directory = emptyDirectory();
    chownSync(identityFile(directory), STRANGER, STRANGER);
    expect(open(directory, { uid: STRANGER }).identity('alice@example.com', now).address).toBe('alice@example.com');
    const rootsDirectory = emptyDirectory();
    identityFile(rootsDirectory);
    expect(open(rootsDirectory, { uid: STRANGER }).identity('alice@example.com', now).address).toBe('alice@example.com');
  });

  it('of root that our group may read is given to us by the cure, since chmod alone would lock us out', () => {
    const directory = emptyDirectory();
    const path = identityFile(directory);
    chmodSync(path, 0o640);
    if (isRoot) {
      expect(faultOf(() => open(directory, { uid: STRANGER }).identity('alice@example.com', now)).cure).toBe(
        `Run: chown ${STRANGER} ${path} && chmod 600 ${path}`,
      );
    } else {
      expect(codeOf(() => open(directory).identity('alice@example.com', now))).toBe('key-permissions');
    }
  });

  it('behind a symbolic link is judged by the file it leads to', () => {
    const [directory, elsewhere] = [emptyDirectory(), makeTemp('elsewhere')];
    const target = identityFile(elsewhere);
    symlinkSync(target, join(directory, 'alice@example.com.p12'));
    expect(open(directory).identity('alice@example.com', now).address).toBe('alice@example.com');
    chmodSync(target, 0o640);
    expect(codeOf(() => open(directory).identity('alice@example.com', now))).toBe('key-permissions');
  });

  it('under a name the shell would take apart is quoted in the cure', () => {
    const address = "o'brien@example.com";
    const directory = emptyDirectory();
    const [path = ''] = writeIdentity(directory, testPki().issue({ address }), { as: 'p12' });
    chmodSync(path, 0o644);
    expect(faultOf(() => open(directory).identity(address, now)).cure).toBe(`Run: chmod 600 '${directory}/o'\\''brien@example.com.p12'`);
  });
});

describe('a certificate', () => {
  it('that everyone can replace is refused', () => {
    const directory = emptyDirectory();
    const path = writeRecipient(directory, alice);
    chmodSync(path, 0o666);
    const fault = faultOf(() => open(directory).recipient('alice@example.com', now));
    expect(fault.code).toBe('certificate-permissions');
    expect(fault.cure).toContain(`chmod 644 ${path}`);
  });

  it('may be writable for a group', () => {
    const directory = emptyDirectory();
    chmodSync(writeRecipient(directory, alice), 0o664);
    expect(open(directory).recipient('alice@example.com', now).address).toBe('alice@example.com');
  });
});

describe('the directory', () => {
  it('to which every user can add files is not used', () => {
    const directory = emptyDirectory();
    writeRecipient(directory, alice);
    chmodSync(directory, 0o1777);
    const fault = faultOf(() => open(directory).recipient('alice@example.com', now));
    expect(fault).toMatchObject({ code: 'keys-directory-permissions', disposition: 'wait' });
    expect(fault.cure).toContain(`chmod o-w ${directory}`);
  });
});
