import { createHmac, timingSafeEqual } from 'node:crypto';
import { OID } from '../smime/algorithms.js';
import { type BerElement, BerError, childrenOf, contextTag, encodedOf, octetsOf, readBer, TAG } from '../smime/cms/ber.js';
import { algorithmIdentifier, explicit, objectIdentifier, octetString, sequence, smallInteger } from '../smime/read/asn1.js';
import {
  decryptPasswordBased,
  type ForgeDigest,
  hmacDigest,
  PKCS12_PURPOSE,
  type Pkcs12Passphrase,
  pbkdf2Key,
  pkcs12Key,
  UnsupportedEncryption,
  WrongPassphrase,
} from './password-based.js';

/** What a PKCS#12 file holds, in the order of the file; keys are PKCS#8 DER, certificates the octets of their CertBag. */
export interface Pkcs12Contents {
  readonly privateKeys: readonly Buffer[];
  readonly certificates: readonly Buffer[];
}

/**
 * Opens a PKCS#12 file (RFC 7292), BER or DER, after checking its MAC when it has one.
 * The container is read here and not by node-forge, which rebuilds RSA certificates from their parts and gives no access to the original bytes.
 * An empty passphrase is tried in both its encodings. Throws WrongPassphrase, UnsupportedEncryption, BerError (not a PKCS#12 file).
 */
export function openPkcs12(bytes: Buffer, passphrase: string): Pkcs12Contents {
  if (passphrase !== '') return openWith(bytes, passphrase);
  try {
    return openWith(bytes, '');
  } catch (error) {
    if (!(error instanceof WrongPassphrase)) throw error;
    return openWith(bytes, null);
  }
}

const PBMAC1 = '1.2.840.113549.1.5.14';
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1';
const BAG = {
  key: '1.2.840.113549.1.12.10.1.1',
  shroudedKey: '1.2.840.113549.1.12.10.1.2',
  certificate: '1.2.840.113549.1.12.10.1.3',
  safeContents: '1.2.840.113549.1.12.10.1.6',
} as const;

const MAX_BAGS = 500;
const MAX_NESTING = 4;

function openWith(bytes: Buffer, passphrase: Pkcs12Passphrase): Pkcs12Contents {
  const outer = readBer(bytes);
  const pfx = sequence(outer, 'PFX');
  if (smallInteger(pfx.next()) !== 3) throw new BerError('PFX is not of version 3');
  const authSafe = sequence(pfx.next(), 'authSafe');
  const contentType = objectIdentifier(authSafe.next());
  if (contentType !== OID.data) throw new UnsupportedEncryption('it is protected by a signature instead of a passphrase');
  const content = octetString(explicit(authSafe.next(contextTag(0)), 'authSafe'));
  const macData = pfx.maybe();
  if (macData !== undefined) checkMac(macData, content, passphrase);
  return contentsOf(content, passphrase, macData !== undefined);
}

/** MacData (RFC 7292 §4, appendix A), or PBMAC1 in the same place (RFC 9579). */
function checkMac(macData: BerElement, content: Buffer, passphrase: Pkcs12Passphrase): void {
  const members = sequence(macData, 'MacData');
  const digestInfo = sequence(members.next(), 'the MAC');
  const algorithm = algorithmIdentifier(digestInfo.next());
  const expected = octetString(digestInfo.next());
  const salt = octetString(members.next());
  const iterations = members.optional(TAG.integer);
  const parameters = { salt, iterations: iterations === undefined ? 1 : smallInteger(iterations) };
  const mac =
    algorithm.oid === PBMAC1
      ? pbmac1(algorithm.parameters, content, passphrase)
      : pkcs12Mac(algorithm.oid, parameters, content, passphrase);
  if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) throw new WrongPassphrase('its MAC does not match');
}

const MAC_DIGESTS: Readonly<Record<string, { name: ForgeDigest; lengthBytes: number }>> = {
  [OID.sha1]: { name: 'sha1', lengthBytes: 20 },
  [OID.sha256]: { name: 'sha256', lengthBytes: 32 },
  [OID.sha384]: { name: 'sha384', lengthBytes: 48 },
  [OID.sha512]: { name: 'sha512', lengthBytes: 64 },
};

function pkcs12Mac(oid: string, parameters: { salt: Buffer; iterations: number }, content: Buffer, passphrase: Pkcs12Passphrase): Buffer {
  const digest = MAC_DIGESTS[oid];
  if (digest === undefined) throw new UnsupportedEncryption(`MAC algorithm ${oid} is not supported`);
  const key = pkcs12Key(passphrase, parameters, PKCS12_PURPOSE.mac, digest.lengthBytes, digest.name);
  return createHmac(digest.name, key).update(content).digest();
}

function pbmac1(parameters: BerElement | undefined, content: Buffer, passphrase: Pkcs12Passphrase): Buffer {
  if (parameters === undefined) throw new UnsupportedEncryption('its PBMAC1 parameters are missing');
  const members = sequence(parameters, 'PBMAC1-params');
  const derivation = algorithmIdentifier(members.next());
  const digest = hmacDigest(algorithmIdentifier(members.next()).oid);
  // RFC 9579 §5: the key's length must stand in the file.
  const key = pbkdf2Key(derivation, passphrase);
  return createHmac(digest, key).update(content).digest();
}

function contentsOf(content: Buffer, passphrase: Pkcs12Passphrase, authenticated: boolean): Pkcs12Contents {
  const found: Found = { privateKeys: [], certificates: [], bags: 0 };
  try {
    for (const info of childrenOf(readBer(content), MAX_BAGS)) collect(readBer(safeContents(info, passphrase)), passphrase, found, 0);
  } catch (error) {
    // Without a MAC a wrong passphrase can decrypt, one time in 256, to bytes that merely look padded.
    if (error instanceof BerError && !authenticated) throw new WrongPassphrase('it does not decrypt to key and certificate');
    throw error;
  }
  return found;
}

/** One ContentInfo of the AuthenticatedSafe, decrypted if need be. */
function safeContents(info: BerElement, passphrase: Pkcs12Passphrase): Buffer {
  const members = sequence(info, 'a ContentInfo');
  const type = objectIdentifier(members.next());
  const content = explicit(members.next(contextTag(0)), 'a ContentInfo');
  if (type === OID.data) return octetString(content);
  if (type !== OID.encryptedData) throw new UnsupportedEncryption('it is encrypted to a public key instead of a passphrase');
  const encryptedData = sequence(content, 'EncryptedData');
  encryptedData.next(TAG.integer);
  const encrypted = sequence(encryptedData.next(), 'EncryptedContentInfo');
  encrypted.next(TAG.oid);
  const algorithm = algorithmIdentifier(encrypted.next());
  return decryptPasswordBased(algorithm, octetsOf(encrypted.next(contextTag(0))), passphrase);
}

interface Found {
  readonly privateKeys: Buffer[];
  readonly certificates: Buffer[];
  bags: number;
}

/** SafeContents (RFC 7292 §4.2). CRLs, secrets and unknown bags are passed over. */
function collect(contents: BerElement, passphrase: Pkcs12Passphrase, found: Found, depth: number): void {
  if (depth > MAX_NESTING) throw new BerError('SafeContents are nested too deeply');
  for (const bag of childrenOf(contents, MAX_BAGS)) {
    found.bags += 1;
    if (found.bags > MAX_BAGS) throw new BerError(`more than ${MAX_BAGS} bags`);
    const members = sequence(bag, 'a SafeBag');
    const type = objectIdentifier(members.next());
    const value = explicit(members.next(contextTag(0)), 'a SafeBag');
    if (type === BAG.key) found.privateKeys.push(encodedOf(value));
    if (type === BAG.shroudedKey) found.privateKeys.push(decryptEncryptedPrivateKeyInfo(value, passphrase));
    if (type === BAG.certificate) found.certificates.push(...certificateIn(value));
    if (type === BAG.safeContents) collect(value, passphrase, found, depth + 1);
  }
}

/** EncryptedPrivateKeyInfo (RFC 5958 §3) to the PKCS#8 DER in it. Throws WrongPassphrase, UnsupportedEncryption, BerError. */
export function decryptEncryptedPrivateKeyInfo(element: BerElement, passphrase: Pkcs12Passphrase): Buffer {
  const members = sequence(element, 'EncryptedPrivateKeyInfo');
  const algorithm = algorithmIdentifier(members.next());
  return decryptPasswordBased(algorithm, octetString(members.next()), passphrase);
}

function certificateIn(certBag: BerElement): Buffer[] {
  const members = sequence(certBag, 'a CertBag');
  if (objectIdentifier(members.next()) !== X509_CERTIFICATE) return [];
  return [octetString(explicit(members.next(contextTag(0)), 'a CertBag'))];
}
