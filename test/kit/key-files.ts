import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openssl } from './openssl-cli.js';
import type { Issued } from './pki.js';

export interface IdentityFileOptions {
  /** `p12`: one <address>.p12. `pem`: <address>.pem (private key) and <address>.crt (certificate, chain after it). */
  readonly as?: 'p12' | 'pem';
  /** Encrypts the key. It is also written to <address>.pass, unless `passFile` is false. */
  readonly passphrase?: string;
  readonly passFile?: boolean;
  /** PKCS#12 as older programs write it: RC2 and 3DES instead of AES. */
  readonly legacy?: boolean;
  /** PEM key as older programs write it: PKCS#1 or SEC1 instead of PKCS#8. */
  readonly traditional?: boolean;
  readonly withChain?: boolean;
}

/** Writes a sender's key and certificate into a keys directory, modes as sealdrop demands them. Returns the paths. */
export function writeIdentity(directory: string, issued: Issued, options: IdentityFileOptions = {}): string[] {
  const { as = 'pem', passphrase, passFile = true } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const files: [string, string | Buffer, number][] =
    as === 'p12'
      ? [['p12', pkcs12(issued, options), 0o600]]
      : [
          ['pem', privateKeyPem(issued, options), 0o600],
          ['crt', issued.certificatePem + (options.withChain === false ? '' : issued.chainPem), 0o644],
        ];
  if (passphrase !== undefined && passFile) files.push(['pass', `${passphrase}\n`, 0o600]);
  return files.map(([ending, content, mode]) => write(directory, `${issued.address}.${ending}`, content, mode));
}

/** Writes a recipient's certificate as <address>.crt, PEM or DER. Returns the path. */
export function writeRecipient(directory: string, issued: Issued, encoding: 'pem' | 'der' = 'pem'): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return write(directory, `${issued.address}.crt`, encoding === 'pem' ? issued.certificatePem : issued.certificate, 0o644);
}

/** PKCS#12 with key, certificate and chain; an absent passphrase is the empty one. */
export function pkcs12(issued: Issued, options: Pick<IdentityFileOptions, 'passphrase' | 'legacy' | 'withChain'> = {}): Buffer {
  const chain = options.withChain === false || issued.chainPem === '' ? [] : ['-certfile', issued.files.chain];
  const args = [
    'pkcs12',
    '-export',
    '-inkey',
    issued.files.privateKey,
    '-in',
    issued.files.certificate,
    ...chain,
    '-passout',
    'env:SECRET',
  ];
  return openssl(options.legacy ? [...args, '-legacy'] : args, undefined, { SECRET: options.passphrase ?? '' });
}

function privateKeyPem(issued: Issued, { passphrase, traditional = false }: IdentityFileOptions): Buffer {
  const form = traditional ? ['-traditional'] : [];
  const protection = passphrase === undefined ? [] : ['-aes256', '-passout', 'env:SECRET'];
  return openssl(['pkey', '-in', issued.files.privateKey, ...form, ...protection], undefined, { SECRET: passphrase ?? '' });
}

function write(directory: string, name: string, content: string | Buffer, mode: number): string {
  const path = join(directory, name);
  writeFileSync(path, content, { mode });
  return path;
}
