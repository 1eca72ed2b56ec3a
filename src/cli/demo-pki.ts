import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import forge from 'node-forge';

export interface DemoAuthority {
  /** PEM of the root certificate. */
  readonly rootPem: string;
  /** Makes `<address>.pem` (key) and `<address>.crt` (certificate, chain after it) in a directory, unless they are there. */
  issue(directory: string, address: string): void;
  /** Makes a certificate whose key goes to another directory: somebody whose mail we encrypt to, but whose key we do not have. */
  issueApart(certificates: string, keys: string, address: string): void;
}

const { pki } = forge;
const dayMs = 86_400_000;

/** A throwaway certification authority for the demo: made here and now, good for nothing else. Its key is kept beside the demo's keys. */
export function demoAuthority(directory: string): DemoAuthority {
  const keyPath = `${directory}/ca-key.pem`;
  const rootPath = `${directory}/ca.crt`;
  if (!existsSync(rootPath) || !existsSync(keyPath)) {
    const pair = newKeyPair();
    const subject = [
      { name: 'commonName', value: 'sealdrop demo CA - trust it nowhere else' },
      { name: 'organizationName', value: 'sealdrop demo' },
    ];
    const root = certificate({
      subject,
      issuer: subject,
      publicPem: pair.publicPem,
      signer: pair.privatePem,
      days: 30,
      extensions: rootExtensions,
    });
    writeFileSync(keyPath, pair.privatePem, { mode: 0o600 });
    writeFileSync(rootPath, root);
  }
  const rootPem = readFileSync(rootPath, 'utf8');
  const rootKey = readFileSync(keyPath, 'utf8');
  const issuer = pki.certificateFromPem(rootPem).subject.attributes;
  const make = (certificates: string, keys: string, address: string) => {
    const crt = `${certificates}/${address}.crt`;
    if (existsSync(crt)) return;
    const pair = newKeyPair();
    const subject = [{ name: 'commonName', value: address }];
    const leaf = certificate({
      subject,
      issuer,
      publicPem: pair.publicPem,
      signer: rootKey,
      days: 30,
      extensions: leafExtensions(address),
    });
    writeFileSync(`${keys}/${address}.pem`, pair.privatePem, { mode: 0o600 });
    for (const place of new Set([certificates, keys])) writeFileSync(`${place}/${address}.crt`, leaf + rootPem);
  };
  return { rootPem, issue: (at, address) => make(at, at, address), issueApart: make };
}

function newKeyPair(): { privatePem: string; publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

interface CertificateFacts {
  readonly subject: forge.pki.CertificateField[];
  readonly issuer: forge.pki.CertificateField[];
  readonly publicPem: string;
  readonly signer: string;
  readonly days: number;
  readonly extensions: object[];
}

function certificate({ subject, issuer, publicPem, signer, days, extensions }: CertificateFacts): string {
  const made = pki.createCertificate();
  made.publicKey = pki.publicKeyFromPem(publicPem);
  made.serialNumber = serialNumber(randomBytes(16));
  made.validity.notBefore = new Date(Date.now() - dayMs);
  made.validity.notAfter = new Date(Date.now() + days * dayMs);
  made.setSubject(subject);
  made.setIssuer(issuer);
  made.setExtensions(extensions);
  const pkcs1 = createPrivateKey(signer).export({ type: 'pkcs1', format: 'pem' }).toString();
  made.sign(pki.privateKeyFromPem(pkcs1), forge.md.sha256.create());
  return pki.certificateToPem(made);
}

/**
 * 16 octets as a positive INTEGER of exactly that many (RFC 5280 §4.1.2.2): neither negative, nor with a leading zero octet, which DER
 * forbids and OpenSSL refuses. Hexadecimal.
 */
export function serialNumber(random: Buffer): string {
  const octets = Buffer.from(random);
  octets.writeUInt8((octets.readUInt8(0) & 0x7f) | 0x40, 0);
  return octets.toString('hex');
}

const rootExtensions = [
  { name: 'basicConstraints', cA: true, critical: true },
  { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
  { name: 'subjectKeyIdentifier' },
];

/** RFC 8550 §4.4: what a mail certificate says of itself. 1 is rfc822Name (RFC 5280 §4.2.1.6). */
function leafExtensions(address: string): object[] {
  return [
    { name: 'basicConstraints', cA: false },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
    { name: 'extKeyUsage', emailProtection: true },
    { name: 'subjectAltName', altNames: [{ type: 1, value: address }] },
    { name: 'subjectKeyIdentifier' },
  ];
}
