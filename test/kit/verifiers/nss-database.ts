import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pkcs12 } from '../key-files.js';
import type { VerifierKeys } from './verifier.js';

/** A certificate database of NSS in a directory, which trusts the root and holds the keys. Returns its name as NSS takes it. */
export function makeNssDatabase(home: string, keys: VerifierKeys): string {
  const database = `sql:${home}`;
  execFileSync('certutil', ['-N', '-d', database, '--empty-password'], { stdio: 'pipe' });
  execFileSync('certutil', ['-A', '-d', database, '-n', 'root', '-t', 'C,C,', '-i', keys.root.files.certificate], { stdio: 'pipe' });
  keys.recipients.forEach((recipient, n) => {
    // pk12util 3.87 can import neither X25519 nor Ed25519 keys.
    if (!['rsa', 'ec'].includes(new X509Certificate(recipient.certificate).publicKey.asymmetricKeyType ?? '')) return;
    const file = join(home, `${n}.p12`);
    writeFileSync(file, pkcs12(recipient, { passphrase: 'test', legacy: true }), { mode: 0o600 });
    execFileSync('pk12util', ['-i', file, '-d', database, '-W', 'test'], { stdio: 'pipe' });
  });
  return database;
}
