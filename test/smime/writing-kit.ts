import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SealdropError } from '../../src/errors.js';
import { joined, type Octets, octetsOf } from '../../src/message/octets.js';
import * as encrypting from '../../src/smime/encrypt.js';
import { type PreparedRecipient, prepareRecipient } from '../../src/smime/recipient.js';
import * as signing from '../../src/smime/sign.js';
import { type PreparedSigner, prepareSigner, type Signer } from '../../src/smime/signer.js';
import { openssl } from '../kit/openssl-cli.js';
import { type CertificateSpec, type Issued, type TestPki, testPki } from '../kit/pki.js';
import { makeTemp } from '../kit/temp.js';

export const pki: TestPki = testPki();

/** A text entity as the application wrote it: 8-bit, an empty line at its end. */
export const ENTITY = Buffer.from(
  'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nDear Bob,\r\n\r\n1,234 € are due.\r\n\r\nAlice\r\n\r\n',
);

export const SIGNING_TIME = new Date('2026-11-25T10:20:30.987Z');

export function issue(key: CertificateSpec['key'], address = 'alice@example.com'): Issued {
  return pki.issue({ address, ...(key === undefined ? {} : { key }) });
}

/** A signer with its whole chain, root included, as key directories hold them. */
export function signerOf(issued: Issued, more: Partial<Signer> = {}): Signer {
  const chain = [pki.intermediate.certificate, pki.root.certificate];
  return { certificate: issued.certificate, chain, privateKey: createPrivateKey(issued.privateKeyPem), ...more };
}

export function preparedSigner(key: CertificateSpec['key'] = 'rsa-2048', more: Partial<Signer> = {}): PreparedSigner {
  return prepareSigner(signerOf(issue(key), more));
}

export function preparedRecipient(key: CertificateSpec['key'] = 'rsa-2048', address = 'bob@example.net'): PreparedRecipient {
  return prepareRecipient(issue(key, address).certificate);
}

/** A signed entity as a whole, with the first of its SignerInfos. */
export interface Signed extends Omit<signing.SignedEntity, 'entity'> {
  readonly entity: Buffer;
  readonly signerInfo: Buffer;
}

export function signOpaque(entity: Buffer, signers: PreparedSigner | signing.Signers, options: signing.SignOptions): Signed {
  return whole(signing.signOpaque(octetsOf(entity), listOf(signers), options));
}

export function signDetached(entity: Buffer, signers: PreparedSigner | signing.Signers, options: signing.SignOptions): Signed {
  return whole(signing.signDetached(octetsOf(entity), listOf(signers), options));
}

export function encrypt(entity: Buffer, recipients: readonly PreparedRecipient[], options: encrypting.EncryptOptions): Buffer {
  return wholeOf(encrypting.encrypt(octetsOf(entity), recipients, options));
}

function whole(signed: signing.SignedEntity): Signed {
  return { ...signed, entity: wholeOf(signed.entity), signerInfo: signed.signerInfos[0] ?? Buffer.alloc(0) };
}

function listOf(signers: PreparedSigner | signing.Signers): signing.Signers {
  return 'privateKey' in signers ? [signers] : signers;
}

/** The octets joined, after a look at what `Octets` promises: the length told beforehand, and the same octets each time. */
function wholeOf(octets: Octets): Buffer {
  const [once, again] = [joined(octets), joined(octets)];
  const sizeBytes = [...octets.pieces()].reduce((sum, piece) => sum + piece.length, 0);
  if (sizeBytes !== octets.sizeBytes || !once.equals(again)) throw new Error('these octets are not what they promised to be');
  return once;
}

/** The CMS in a single-part S/MIME entity. */
export function cmsOf(entity: Buffer): Buffer {
  return Buffer.from(entity.toString('latin1', entity.indexOf('\r\n\r\n')), 'base64');
}

/**
 * What `openssl cms -verify` returns as the signed content once signature and chain hold. An opaque one may be binary; with `-binary`,
 * openssl would take the line ends of a multipart to be LF.
 */
export function opensslVerify(entity: Buffer): Buffer {
  const binary = entity.includes('multipart/signed') ? [] : ['-binary'];
  return openssl(['cms', '-verify', ...binary, '-CAfile', pki.root.files.certificate], entity);
}

export function opensslDecrypt(entity: Buffer, recipient: Issued): Buffer {
  const { certificate, privateKey } = recipient.files;
  return openssl(['cms', '-decrypt', '-binary', '-recip', certificate, '-inkey', privateKey], entity);
}

/** A self-signed certificate of a kind no CA of the kit issues; `key` as `openssl genpkey` takes it. */
export function selfSigned(key: readonly string[], subject = '/CN=Steve'): Signer {
  const directory = makeTemp('self-signed');
  const keyFile = join(directory, 'key.pem');
  const certificateFile = join(directory, 'certificate.pem');
  openssl(['genpkey', ...key, '-out', keyFile]);
  openssl(['req', '-x509', '-new', '-utf8', '-key', keyFile, '-subj', subject, '-days', '30', '-out', certificateFile]);
  const certificate = new X509Certificate(readFileSync(certificateFile)).raw;
  return { certificate, chain: [], privateKey: createPrivateKey(readFileSync(keyFile)) };
}

/** The bytes as a file, for tools that take no standard input. */
export function asFile(bytes: Buffer): string {
  const file = join(makeTemp('bytes'), 'bytes');
  writeFileSync(file, bytes);
  return file;
}

/** The SealdropError that `act` throws; anything else fails the test. */
export function refusal(act: () => unknown): SealdropError {
  try {
    act();
  } catch (error) {
    if (error instanceof SealdropError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
