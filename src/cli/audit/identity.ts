import { chmodSync, chownSync, existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { addFile } from '../../disk/durable.js';
import { errnoOf } from '../../disk/faults.js';
import { SealdropError } from '../../errors.js';
import { makeSelfSigned } from '../../keys/self-signed.js';
import { note, print } from '../output.js';
import { uidNamed } from '../unix-names.js';

interface IdentityOptions {
  readonly rsa?: boolean;
  readonly name?: string;
  readonly days: string;
  readonly user?: string;
}

export function auditIdentity(): Command {
  return new Command('identity')
    .description('Make an audit identity: a key that signs checkpoints of the audit chain, and its self-signed certificate.')
    .argument('<file>', 'FILE.pem for the key; the certificate becomes FILE.crt beside it')
    .option('--rsa', 'an RSA key of 3072 bits instead of one on the curve P-256')
    .option('--name <text>', 'common name in the certificate')
    .addOption(new Option('--days <number>', 'validity').default('3650'))
    .option('--user <user>', 'whose the key is to be (default: you; another one needs root)')
    .addHelpText('after', help)
    .action((file: string, options: IdentityOptions) => {
      const made = makeAuditIdentity(resolve(file), options);
      print(made.key);
      print(made.certificate);
      note(`SHA-256 of the certificate: ${made.fingerprint}`);
      note('Write it down elsewhere, and give the certificate to those who are to verify. Then set audit.identity to the key.');
    });
}

const help = `
Nothing that is there is overwritten, and no secret is printed. The key has mode
0600 and no passphrase: it has to be there when the service starts at night.
A certificate from a CA does as well: FILE.p12, or FILE.pem and FILE.crt.

What signatures prove, and against whom they prove nothing, is said in
docs/checkpoints.md.

Example:
  sealdrop audit identity /etc/sealdrop/audit.pem --user sealdrop`;

export interface AuditIdentityFiles {
  readonly key: string;
  readonly certificate: string;
  /** SHA-256 of the certificate, hexadecimal with colons, as openssl prints it. */
  readonly fingerprint: string;
}

const dayMs = 86_400_000;

/** Makes both files, the key first: it is what must not be overwritten. Throws `already-there`, `usage`. */
export function makeAuditIdentity(file: string, { rsa, name, days, user }: IdentityOptions): AuditIdentityFiles {
  const validDays = Number(days);
  if (!file.endsWith('.pem'))
    throw usage(`${file} does not end in .pem`, 'Name the key file with this ending; the certificate becomes .crt.');
  if (!Number.isInteger(validDays) || validDays < 1 || validDays > 36_500)
    throw usage(`${days} is no number of days from 1 to 36500`, 'Write it in digits, for example --days 3650.');
  const uid = user === undefined ? undefined : uidNamed(user);
  const now = Date.now();
  const made = makeSelfSigned({
    commonName: name ?? `sealdrop audit on ${hostname()}`,
    key: rsa === true ? 'rsa-3072' : 'p-256',
    // Clocks differ a little; a verifier's must not be the one that is behind.
    notBefore: new Date(now - dayMs),
    notAfter: new Date(now + validDays * dayMs),
  });
  const certificate = file.replace(/pem$/, 'crt');
  if (existsSync(certificate)) throw alreadyThere(certificate);
  add(file, made.privateKeyPem, 0o600, uid);
  add(certificate, made.certificatePem, 0o644, undefined);
  return { key: file, certificate, fingerprint: made.fingerprint };
}

function add(path: string, text: string, mode: number, uid: number | undefined): void {
  try {
    addFile(dirname(path), basename(path), Buffer.from(text, 'latin1'), mode);
    // The umask takes from the mode of a new file.
    chmodSync(path, mode);
    if (uid !== undefined) chownSync(path, uid, -1);
  } catch (error) {
    throw error instanceof SealdropError && errnoOf(error.cause) === 'EEXIST' ? alreadyThere(path) : error;
  }
}

function alreadyThere(path: string): SealdropError {
  return new SealdropError('already-there', `${path} is there already; nothing was overwritten`, {
    disposition: 'fatal',
    cure: 'Name another file. To change the key, keep the old certificate: docs/checkpoints.md says how.',
  });
}

function usage(message: string, cure: string): SealdropError {
  return new SealdropError('usage', message, { disposition: 'fatal', cure });
}
