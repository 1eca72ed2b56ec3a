import { createHash, createPrivateKey } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Issued } from '../pki.js';
import type { ToolResult } from './run-tool.js';

/** gpgsm in the home it was made for. */
export type Gpgsm = (args: readonly string[], input?: Buffer) => Promise<ToolResult>;

const CURVES: Readonly<Record<string, string>> = { 'P-256': 'NIST P-256', 'P-384': 'NIST P-384', 'P-521': 'NIST P-521' };

/**
 * gpgsm 2.2 does not import elliptic curve keys from PKCS#12, but its agent uses those it finds among its own: the key is put there, as
 * the unprotected S-expression gpg-agent keeps, under the key grip that gpgsm computes from the certificate.
 */
export async function importEcKey(home: string, issued: Issued, gpgsm: Gpgsm): Promise<void> {
  const imported = await gpgsm(['--import'], Buffer.from(issued.certificatePem));
  if (imported.status !== 0) throw new Error(`gpgsm could not import: ${imported.stderr}`);
  const fingerprint = createHash('sha1').update(issued.certificate).digest('hex');
  const listed = await gpgsm(['--with-colons', '--with-keygrip', '--list-keys', fingerprint]);
  const grip = /^grp:{9}([0-9A-F]{40}):/m.exec(listed.stdout.toString())?.[1];
  if (grip === undefined) throw new Error(`gpgsm names no key grip for ${issued.address}: ${listed.stderr}`);
  const directory = join(home, 'private-keys-v1.d');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, `${grip}.key`), privateKeyExpression(issued.privateKeyPem), { mode: 0o600 });
}

function privateKeyExpression(pem: string): Buffer {
  const { crv = '', x = '', y = '', d = '' } = createPrivateKey(pem).export({ format: 'jwk' });
  const curve = CURVES[crv];
  if (curve === undefined) throw new Error(`gpg-agent is not given keys on ${crv}`);
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  const key = list('ecc', list('curve', atom(Buffer.from(curve))), list('q', atom(point)), list('d', atom(Buffer.from(d, 'base64url'))));
  return list('private-key', key);
}

/** `(name …)` in the canonical form of S-expressions, around items that are encoded already. */
function list(name: string, ...items: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from('('), atom(Buffer.from(name)), ...items, Buffer.from(')')]);
}

function atom(octets: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${octets.length}:`), octets]);
}
