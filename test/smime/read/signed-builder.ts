import { createHash, sign } from 'node:crypto';
import { readCertificate } from '../../../src/smime/read/certificate.js';
import { ctx, der, int, octets, oid, seq, set } from './der-kit.js';
import type { Party } from './kit.js';

const DATA = '1.2.840.113549.1.7.1';
const SIGNED_DATA = '1.2.840.113549.1.7.2';
export const CONTENT_TYPE = '1.2.840.113549.1.9.3';
export const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
export const SIGNING_TIME = '1.2.840.113549.1.9.5';
export const SHA256 = seq(oid('2.16.840.1.101.3.4.2.1'));
const RSA_ENCRYPTION = seq(oid('1.2.840.113549.1.1.1'), Buffer.of(5, 0));

export function attribute(type: string, ...values: Buffer[]): Buffer {
  return seq(oid(type), set(...values));
}

export function sha256(content: Buffer): Buffer {
  return createHash('sha256').update(content).digest();
}

/** The two attributes every signature must have. */
export function soundAttributes(content: Buffer, contentType = DATA): Buffer[] {
  return [attribute(CONTENT_TYPE, oid(contentType)), attribute(MESSAGE_DIGEST, octets(sha256(content)))];
}

export interface SignerOptions {
  /** Left out: no signedAttrs. */
  readonly attributes?: readonly Buffer[];
  readonly digestAlgorithm?: Buffer;
  readonly signatureAlgorithm?: Buffer;
  /** Digest the signature is really made with. */
  readonly digest?: string | null;
}

/** A SignerInfo with a sound signature over whatever attributes are given, or over the content. */
export function signerInfo(content: Buffer, signer: Party, options: SignerOptions = {}): Buffer {
  const { attributes, digestAlgorithm = SHA256, signatureAlgorithm = RSA_ENCRYPTION, digest = 'sha256' } = options;
  const { issuer, serial } = readCertificate(signer.certificate);
  const signedBytes = attributes === undefined ? content : set(...attributes);
  return seq(
    int(1),
    seq(issuer, der(0x02, serial)),
    digestAlgorithm,
    ...(attributes === undefined ? [] : [ctx(0, ...attributes)]),
    signatureAlgorithm,
    octets(sign(digest, signedBytes, signer.privateKey)),
  );
}

export interface SignedOptions {
  readonly signerInfos: readonly Buffer[];
  readonly certificates: readonly Buffer[];
  /** undefined: detached. */
  readonly content?: Buffer;
  readonly contentType?: string;
}

export function signedData({ signerInfos, certificates, content, contentType = DATA }: SignedOptions): Buffer {
  const encapsulated = seq(oid(contentType), ...(content ? [ctx(0, octets(content))] : []));
  const data = seq(int(1), set(SHA256), encapsulated, ctx(0, ...certificates), set(...signerInfos));
  return seq(oid(SIGNED_DATA), ctx(0, data));
}

/** A pkcs7-mime entity around a CMS structure. */
export function pkcs7Mime(cms: Buffer): Buffer {
  const header = 'Content-Type: application/pkcs7-mime; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n';
  return Buffer.from(`${header}${cms.toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`);
}

export function multipartSigned(entity: Buffer, cms: Buffer): Buffer {
  const head = 'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="b"\r\n\r\n--b\r\n';
  const part = 'Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n';
  return Buffer.concat([Buffer.from(head), entity, Buffer.from(`\r\n--b\r\n${part}${cms.toString('base64')}\r\n--b--\r\n`)]);
}
