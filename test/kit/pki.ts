import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openssl } from './openssl-cli.js';
import { runDirectory } from './temp.js';

export type KeyKind = 'rsa-2048' | 'rsa-3072' | 'rsa-4096' | 'p-256' | 'p-384' | 'p-521' | 'ed25519' | 'x25519';

/** What to certify. Only `address` is needed; the rest has the values a public mailbox-validated S/MIME certificate has. */
export interface CertificateSpec {
  /** Names the subject (CN) and, unless `addresses` says otherwise, the one rfc822Name. */
  readonly address: string;
  readonly addresses?: readonly string[];
  /** SmtpUTF8Mailbox otherNames (RFC 9598), for local parts beyond ASCII. */
  readonly utf8Addresses?: readonly string[];
  readonly key?: KeyKind;
  /** As `openssl req -subj` takes it; `+` joins a multi-valued RDN. */
  readonly subject?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** In openssl's words, e.g. `critical,digitalSignature`; null = no such extension. */
  readonly keyUsage?: string | null;
  readonly extendedKeyUsage?: string | null;
  readonly isCa?: boolean;
  /** Makes an otherwise equal certificate with another key and serial (a renewal, a stranger of the same name). */
  readonly edition?: number;
}

/** A certificate with its key, in memory and as PEM files. */
export interface Issued {
  readonly address: string;
  readonly certificate: Buffer; // DER
  readonly certificatePem: string;
  readonly privateKeyPem: string; // PKCS#8, not encrypted
  /** The issuing CAs from the direct issuer upwards, root excluded. */
  readonly chainPem: string;
  readonly files: { readonly certificate: string; readonly privateKey: string; readonly chain: string };
}

/** A throwaway root, one intermediate beneath it, and whatever is issued from that. */
export interface TestPki {
  readonly root: Issued;
  readonly intermediate: Issued;
  /** Issues, or returns what was issued before for an equal spec in this vitest run. */
  issue(spec: CertificateSpec): Issued;
}

/** The hierarchy of that name, made once per vitest run and shared by its test files. Another name = strangers who trust nothing of it. */
export function testPki(name = 'main'): TestPki {
  const home = join(runDirectory(), `pki-${name}`);
  mkdirSync(home, { recursive: true });
  const root = issued(home, { address: `root-${name}`, isCa: true, subject: `/O=Sealdrop Test/CN=Test Root ${name}` }, []);
  const intermediate = issued(
    home,
    { address: `intermediate-${name}`, isCa: true, subject: `/O=Sealdrop Test/CN=Test S\\/MIME Issuing CA ${name}` },
    [root],
  );
  return { root, intermediate, issue: (spec) => issued(home, spec, [intermediate, root]) };
}

const DAY_MS = 86_400_000;

/** `issuers`: from the direct issuer up to the root; empty for a self-signed one. */
function issued(home: string, spec: CertificateSpec, issuers: readonly Issued[]): Issued {
  const name = createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 32);
  const directory = join(home, name);
  if (!existsSync(directory)) {
    // Test files run in processes of their own: the first to finish wins, the others use what is there.
    const draft = mkdtempSync(join(home, 'draft-'));
    make(draft, spec, issuers);
    try {
      renameSync(draft, directory);
    } catch (error) {
      if (!existsSync(directory)) throw error;
      rmSync(draft, { recursive: true });
    }
  }
  return read(directory, spec.address);
}

function read(directory: string, address: string): Issued {
  const files = {
    certificate: join(directory, 'certificate.pem'),
    privateKey: join(directory, 'private-key.pem'),
    chain: join(directory, 'chain.pem'),
  };
  const certificatePem = readFileSync(files.certificate, 'utf8');
  return {
    address,
    certificate: new X509Certificate(certificatePem).raw,
    certificatePem,
    privateKeyPem: readFileSync(files.privateKey, 'utf8'),
    chainPem: readFileSync(files.chain, 'utf8'),
    files,
  };
}

function make(directory: string, spec: CertificateSpec, issuers: readonly Issued[]): void {
  const at = (name: string) => join(directory, name);
  const [issuer] = issuers;
  makeKeyAndRequest(directory, spec);
  writeFileSync(at('extensions.cnf'), extensions(spec, issuers.length));
  writeFileSync(at('index.txt'), '');
  writeFileSync(at('ca.cnf'), caConfiguration(directory));
  if ((spec.key ?? 'rsa-2048') === 'x25519') certifyWithoutProofOfPossession(directory, spec, issuer);
  else {
    const signedBy = issuer === undefined ? ['-selfsign', '-keyfile', at('private-key.pem')] : by(issuer);
    const dates = ['-startdate', asn1Time(notBefore(spec)), '-enddate', asn1Time(notAfter(spec))];
    openssl(
      [
        'ca',
        '-batch',
        '-preserveDN',
        '-notext',
        '-utf8',
        '-config',
        at('ca.cnf'),
        '-in',
        at('request.pem'),
        '-out',
        at('certificate.pem'),
      ].concat(['-extfile', at('extensions.cnf'), '-md', 'sha256'], signedBy, dates),
    );
  }
  writeFileSync(
    at('chain.pem'),
    issuers.slice(0, -1).reduce((chain, ca) => chain + ca.certificatePem, ''),
  );
}

function by(issuer: Issued): string[] {
  return ['-cert', issuer.files.certificate, '-keyfile', issuer.files.privateKey];
}

function makeKeyAndRequest(directory: string, spec: CertificateSpec): void {
  const at = (name: string) => join(directory, name);
  const key = spec.key ?? 'rsa-2048';
  openssl(['genpkey', ...generation(key), '-out', at('private-key.pem')]);
  // X25519 cannot sign a request; another key stands in, and the certificate is given the right one.
  if (key === 'x25519') openssl(['genpkey', ...generation('p-256'), '-out', at('request-key.pem')]);
  const requestKey = at(key === 'x25519' ? 'request-key.pem' : 'private-key.pem');
  const subject = spec.subject ?? `/CN=${spec.address.replace(/[/\\+]/g, '\\$&')}`;
  openssl(['req', '-new', '-utf8', '-key', requestKey, '-subj', subject, '-out', at('request.pem')]);
}

function certifyWithoutProofOfPossession(directory: string, spec: CertificateSpec, issuer: Issued | undefined): void {
  if (issuer === undefined) throw new Error('an X25519 key cannot sign its own certificate');
  const at = (name: string) => join(directory, name);
  openssl(['pkey', '-in', at('private-key.pem'), '-pubout', '-out', at('public-key.pem')]);
  const days = Math.ceil((notAfter(spec).getTime() - Date.now()) / DAY_MS);
  openssl(
    ['x509', '-req', '-in', at('request.pem'), '-force_pubkey', at('public-key.pem'), '-days', String(days), '-sha256'].concat(
      ['-CA', issuer.files.certificate, '-CAkey', issuer.files.privateKey],
      ['-extfile', at('extensions.cnf'), '-out', at('certificate.pem')],
    ),
  );
}

function generation(key: KeyKind): string[] {
  if (key === 'ed25519' || key === 'x25519') return ['-algorithm', key];
  const [family, size] = key.split('-');
  return family === 'rsa'
    ? ['-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${size}`]
    : ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:P-${size}`, '-pkeyopt', 'ec_param_enc:named_curve'];
}

/** Profile of a leaf: CA/Browser Forum S/MIME Baseline Requirements 7.1.2.3, mailbox-validated, strict. */
function extensions(spec: CertificateSpec, depth: number): string {
  const key = spec.key ?? 'rsa-2048';
  const leafUsage: Record<string, string> = {
    rsa: 'digitalSignature,keyEncipherment',
    p: 'digitalSignature,keyAgreement',
    ed25519: 'digitalSignature',
    x25519: 'keyAgreement',
  };
  const pathLength = depth === 0 ? '' : ',pathlen:0';
  const keyUsage =
    spec.keyUsage === undefined ? `critical,${spec.isCa ? 'keyCertSign,cRLSign' : leafUsage[key.split('-')[0] ?? '']}` : spec.keyUsage;
  const extendedKeyUsage = spec.extendedKeyUsage === undefined ? (depth === 0 ? null : 'emailProtection') : spec.extendedKeyUsage;
  const names = [
    ...(spec.addresses ?? (spec.isCa ? [] : [spec.address])).map((address, n) => `email.${n} = ${address}`),
    ...(spec.utf8Addresses ?? []).map((address, n) => `otherName.${n} = 1.3.6.1.5.5.7.8.9;FORMAT:UTF8,UTF8String:${address}`),
  ];
  const lines = [
    `basicConstraints = critical,${spec.isCa ? `CA:TRUE${pathLength}` : 'CA:FALSE'}`,
    'subjectKeyIdentifier = hash',
    ...(depth === 0 ? [] : ['authorityKeyIdentifier = keyid']),
    ...(keyUsage === null ? [] : [`keyUsage = ${keyUsage}`]),
    ...(extendedKeyUsage === null ? [] : [`extendedKeyUsage = ${extendedKeyUsage}`]),
    ...(depth === 0 ? [] : ['certificatePolicies = 2.23.140.1.5.1.3']),
    ...(names.length === 0 ? [] : ['subjectAltName = @names']),
  ];
  return `${lines.join('\n')}\n[names]\n${names.join('\n')}\n`;
}

function caConfiguration(directory: string): string {
  return [
    '[ca]',
    'default_ca = here',
    '[here]',
    `new_certs_dir = ${directory}`,
    `database = ${directory}/index.txt`,
    'rand_serial = yes',
    'default_md = sha256',
    'unique_subject = no',
    'email_in_dn = yes',
    'policy = any',
    '[any]',
    'commonName = optional',
    '',
  ].join('\n');
}

function notBefore(spec: CertificateSpec): Date {
  return spec.notBefore ?? new Date(Date.now() - DAY_MS);
}

function notAfter(spec: CertificateSpec): Date {
  return spec.notAfter ?? new Date(Date.now() + (spec.isCa ? 3650 : 730) * DAY_MS);
}

function asn1Time(date: Date): string {
  return `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
}
