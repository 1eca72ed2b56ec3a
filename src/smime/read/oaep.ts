import { constants, createHash, type KeyObject, privateDecrypt, timingSafeEqual } from 'node:crypto';
import { OID } from '../algorithms.js';
import { contextTag } from '../cms/ber.js';
import { type AlgorithmIdentifier, algorithmIdentifier, explicit, octetString, sequence } from './asn1.js';
import { digestName } from './digests.js';
import { mgf1Digest } from './signature-scheme.js';

/** RSAES-OAEP-params (RFC 4055 §4.1). */
export interface OaepParameters {
  readonly digest: string;
  readonly maskDigest: string;
  readonly label: Buffer;
}

/** Members left out, and parameters left out altogether, are SHA-1's. undefined: an algorithm not known here. Throws BerError. */
export function oaepParameters(algorithm: AlgorithmIdentifier): OaepParameters | undefined {
  if (algorithm.parameters === undefined) return { digest: 'sha1', maskDigest: 'sha1', label: Buffer.alloc(0) };
  const members = sequence(algorithm.parameters, 'RSAES-OAEP-params');
  const hash = members.optional(contextTag(0));
  const mask = members.optional(contextTag(1));
  const source = members.optional(contextTag(2));
  const digest = hash === undefined ? 'sha1' : digestName(algorithmIdentifier(explicit(hash, 'hashAlgorithm')).oid);
  const maskDigest = mask === undefined ? 'sha1' : mgf1Digest(algorithmIdentifier(explicit(mask, 'maskGenAlgorithm')));
  if (digest === undefined || maskDigest === undefined) return undefined;
  if (source === undefined) return { digest, maskDigest, label: Buffer.alloc(0) };
  const labelSource = algorithmIdentifier(explicit(source, 'pSourceAlgorithm'));
  if (labelSource.oid !== OID.pSpecified || labelSource.parameters === undefined) return undefined;
  return { digest, maskDigest, label: octetString(labelSource.parameters) };
}

/** RSAES-OAEP decryption (RFC 8017 §7.1.2). undefined on any fault, without saying which. */
export function unwrapOaep(ciphertext: Buffer, privateKey: KeyObject, parameters: OaepParameters): Buffer | undefined {
  try {
    if (parameters.digest !== parameters.maskDigest) return unwrapMixed(ciphertext, privateKey, parameters);
    const { digest: oaepHash, label: oaepLabel } = parameters;
    return privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash, oaepLabel }, ciphertext);
  } catch {
    return undefined;
  }
}

/**
 * Java's default OAEP hashes with SHA-256 and masks with SHA-1; node:crypto knows only one digest for both, so the padding is taken off here.
 * All faults are gathered before any of them is acted upon (Manger's attack lives on telling them apart).
 */
function unwrapMixed(ciphertext: Buffer, privateKey: KeyObject, { digest, maskDigest, label }: OaepParameters): Buffer | undefined {
  const block = privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, ciphertext);
  const labelHash = createHash(digest).update(label).digest();
  const hashBytes = labelHash.length;
  if (block.length < 2 * hashBytes + 2) return undefined;
  const maskedData = block.subarray(1 + hashBytes);
  const seed = xor(block.subarray(1, 1 + hashBytes), mgf1(maskedData, hashBytes, maskDigest));
  const data = xor(maskedData, mgf1(seed, maskedData.length, maskDigest));
  const hashMatches = timingSafeEqual(data.subarray(0, hashBytes), labelHash) ? 0 : 1;
  let fault = (block[0] ?? 1) | hashMatches;
  let separator = 0;
  let searching = 1;
  for (let index = hashBytes; index < data.length; index += 1) {
    const value = data[index] ?? 0;
    const isOne = (((value ^ 1) - 1) >>> 31) & 1;
    const isZero = ((value - 1) >>> 31) & 1;
    separator |= index * (searching & isOne);
    fault |= searching & (1 - isOne) & (1 - isZero);
    searching &= 1 - isOne;
  }
  return (fault | searching) === 0 ? Buffer.from(data.subarray(separator + 1)) : undefined;
}

function xor(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(one.map((value, index) => value ^ (other[index] ?? 0)));
}

/** RFC 8017 §B.2.1. */
function mgf1(seed: Buffer, length: number, digest: string): Buffer {
  const blocks: Buffer[] = [];
  const counter = Buffer.alloc(4);
  for (let size = 0, index = 0; size < length; index += 1) {
    counter.writeUInt32BE(index);
    const block = createHash(digest).update(seed).update(counter).digest();
    blocks.push(block);
    size += block.length;
  }
  return Buffer.concat(blocks).subarray(0, length);
}
