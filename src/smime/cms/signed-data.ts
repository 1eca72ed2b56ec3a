import { OID } from '../algorithms.js';
import { explicit, implicit, integer, octetString, oid, sequence, setOf } from './der.js';
import { around, type Frame, hollowString } from './frame.js';

/** IssuerAndSerialNumber (RFC 5652 §10.2.4) from the certificate's own encoding of both. */
export function issuerAndSerialNumber(fields: { readonly issuer: Buffer; readonly serialNumber: Buffer }): Buffer {
  return sequence(fields.issuer, fields.serialNumber);
}

export interface SignerInfoParts {
  readonly issuerAndSerial: Buffer;
  readonly digestAlgorithm: Buffer;
  /** The SET OF that was signed. */
  readonly signedAttributes: Buffer;
  readonly signatureAlgorithm: Buffer;
  readonly signature: Buffer;
}

/** SignerInfo (RFC 5652 §5.3), version 1: the signer is named by issuerAndSerialNumber. */
export function signerInfo(parts: SignerInfoParts): Buffer {
  return sequence(
    integer(1),
    parts.issuerAndSerial,
    parts.digestAlgorithm,
    implicit(0, parts.signedAttributes),
    parts.signatureAlgorithm,
    octetString(parts.signature),
  );
}

/** `[0]` CertificateSet (RFC 5652 §10.2.3), each certificate once. */
export function certificateSet(certificates: readonly Buffer[]): Buffer {
  const distinct = new Map(certificates.map((certificate) => [certificate.toString('latin1'), certificate]));
  return implicit(0, setOf([...distinct.values()]));
}

export interface SignedDataParts {
  /** Each digest once; at least one. */
  readonly digestAlgorithms: readonly Buffer[];
  /** The `[0]` CertificateSet. */
  readonly certificates: Buffer;
  readonly signerInfos: readonly Buffer[];
}

/**
 * ContentInfo with SignedData (RFC 5652 §5.1) around content of `contentBytes` octets. Version 1, because the content is id-data, the
 * signers are named by issuerAndSerialNumber and the certificates are plain ones.
 */
export function signedData(parts: SignedDataParts, contentBytes: number): Frame {
  const eContent = around(0xa0, [], hollowString(0x04, contentBytes));
  return contentInfo(around(0x30, headOf(parts), around(0x30, [oid(OID.data)], eContent), tailOf(parts)));
}

/** The same without eContent (RFC 5652 §5.2: absent, not empty), for multipart/signed. */
export function detachedSignedData(parts: SignedDataParts): Buffer {
  const value = sequence(...headOf(parts), sequence(oid(OID.data)), ...tailOf(parts));
  return sequence(oid(OID.signedData), explicit(0, value));
}

function contentInfo(value: Frame): Frame {
  return around(0x30, [oid(OID.signedData)], around(0xa0, [], value));
}

function headOf(parts: SignedDataParts): Buffer[] {
  return [integer(1), setOf(parts.digestAlgorithms)];
}

function tailOf(parts: SignedDataParts): Buffer[] {
  return [parts.certificates, setOf(parts.signerInfos)];
}
