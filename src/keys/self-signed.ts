import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { OID } from '../smime/algorithms.js';
import { algorithmIdentifier, ecdsaWith } from '../smime/cms/algorithm-identifier.js';
import { bitString, element, explicit, integer, nullValue, octetString, oid, sequence, setOf, time } from '../smime/cms/der.js';
import { X509_OID } from '../smime/read/x509-oids.js';

export interface SelfSigned {
  /** PKCS#8. */
  readonly privateKeyPem: string;
  readonly certificatePem: string;
  /** SHA-256 of the certificate, hexadecimal with colons, as openssl prints it. */
  readonly fingerprint: string;
}

export interface SelfSignedFacts {
  readonly commonName: string;
  readonly key: 'p-256' | 'rsa-3072';
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * A new key with a certificate that it signed itself (RFC 5280): good for signatures and for nothing else, no CA, for no address. Whoever trusts
 * it was given it.
 */
export function makeSelfSigned(facts: SelfSignedFacts): SelfSigned {
  const { privateKey, publicKey } =
    facts.key === 'p-256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 3072 });
  const signatureAlgorithm = facts.key === 'p-256' ? ecdsaWith('sha256') : algorithmIdentifier(OID.sha256WithRsa, nullValue());
  const toBeSigned = tbsCertificate(facts, publicKey, signatureAlgorithm);
  const certificate = sequence(toBeSigned, signatureAlgorithm, bitString(sign('sha256', toBeSigned, privateKey)));
  const x509 = new X509Certificate(certificate);
  return {
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificatePem: x509.toString(),
    fingerprint: x509.fingerprint256,
  };
}

function tbsCertificate({ commonName, notBefore, notAfter }: SelfSignedFacts, publicKey: KeyObject, signatureAlgorithm: Buffer): Buffer {
  const name = sequence(setOf([sequence(oid(X509_OID.commonName), element(0x0c, Buffer.from(commonName, 'utf8')))]));
  const subjectPublicKeyInfo = publicKey.export({ type: 'spki', format: 'der' });
  const keyIdentifier = createHash('sha256').update(subjectPublicKeyInfo).digest().subarray(0, 20);
  const extensions = sequence(
    extension(X509_OID.basicConstraints, true, sequence()),
    // digitalSignature and nonRepudiation: the two highest bits, six unused.
    extension(X509_OID.keyUsage, true, element(0x03, Buffer.of(6, 0xc0))),
    extension(X509_OID.subjectKeyIdentifier, false, octetString(keyIdentifier)),
  );
  return sequence(
    explicit(0, integer(2)),
    serialNumber(),
    signatureAlgorithm,
    name,
    sequence(time(notBefore), time(notAfter)),
    name,
    subjectPublicKeyInfo,
    explicit(3, extensions),
  );
}

function extension(dotted: string, critical: boolean, value: Buffer): Buffer {
  return critical ? sequence(oid(dotted), element(0x01, Buffer.of(0xff)), octetString(value)) : sequence(oid(dotted), octetString(value));
}

/** 16 random octets as a positive INTEGER of exactly that many (RFC 5280 §4.1.2.2). */
function serialNumber(): Buffer {
  const octets = randomBytes(16);
  octets.writeUInt8((octets.readUInt8(0) & 0x7f) | 0x40, 0);
  return element(0x02, octets);
}
