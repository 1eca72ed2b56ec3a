import { type KeyObject, X509Certificate } from 'node:crypto';
import { BerError } from '../cms/ber.js';
import { type Certificate, KEY_USAGE } from './certificate.js';
import { nameText, printable, sameName } from './name.js';
import { constraintBroken } from './name-constraints.js';
import { X509_OID } from './x509-oids.js';

export interface PathOptions {
  /** Trusted because the caller says so; they need not be self-signed. */
  readonly anchors: readonly Certificate[];
  /** Untrusted certificates the path may lead through, e.g. those of the message. */
  readonly candidates: readonly Certificate[];
  readonly at: Date;
  /** What the leaf's keyUsage must allow; to sign when not given. */
  readonly purpose?: 'sign' | 'encrypt';
  /** What extKeyUsage must allow wherever it stands on the path; mail when not given. */
  readonly extendedUsage?: ExtendedUsage;
  /** Shared by all paths of one SignedData: checking signatures is costly, and an attacker chooses how many there are. */
  readonly budget: { verificationsLeft: number };
}

export type ExtendedUsage = 'mail' | 'timeStamping' | 'any';

export type PathVerdict =
  | { readonly trusted: true; readonly weak: readonly string[] }
  | { readonly trusted: false; readonly reason: string };

/**
 * Whether a path leads from a mailbox's certificate to a trust anchor (RFC 5280 §6.1, RFC 8550 §4): names, signatures, validity at `at`,
 * basicConstraints and path length, keyUsage, extKeyUsage, nameConstraints; critical extensions nobody here understands refuse. Signatures
 * and names are checked by node:crypto (OpenSSL). Revocation is not checked. Never throws.
 */
export function checkPath(leaf: Certificate, options: PathOptions): PathVerdict {
  const leafFault = usageFault(leaf, options.purpose ?? 'sign');
  if (leafFault !== undefined) return { trusted: false, reason: leafFault };
  const search: Search = { options, reason: undefined };
  const path = extend([leaf], search);
  if (path !== undefined) return { trusted: true, weak: weaknesses(path) };
  if (options.budget.verificationsLeft <= 0) return { trusted: false, reason: 'its certificates form too many paths to try' };
  return {
    trusted: false,
    reason: search.reason ?? `no path leads from its certificate (issued by ${nameText(leaf.issuer)}) to a trusted CA`,
  };
}

/** The public key of a certificate, or undefined when OpenSSL cannot read it. */
export function publicKeyOf(certificate: Certificate): KeyObject | undefined {
  try {
    return new X509Certificate(certificate.der).publicKey;
  } catch {
    return undefined;
  }
}

const MAX_PATH = 10;

interface Search {
  readonly options: PathOptions;
  /** Why the first complete path was not good enough: more telling than that there is no other. */
  reason: string | undefined;
}

/** Depth first from the leaf upwards; the path returned is complete and sound. */
function extend(path: readonly Certificate[], search: Search): readonly Certificate[] | undefined {
  const last = path[path.length - 1];
  if (last === undefined) return undefined;
  const { anchors, candidates, budget } = search.options;
  if (anchors.some(({ der }) => der.equals(last.der))) {
    const fault = pathFault(path, search.options);
    if (fault === undefined) return path;
    search.reason ??= fault;
    return undefined;
  }
  if (path.length === MAX_PATH) return undefined;
  for (const issuer of [...anchors, ...candidates]) {
    if (!sameName(issuer.subject, last.issuer) || path.some(({ der }) => der.equals(issuer.der))) continue;
    if (budget.verificationsLeft <= 0) return undefined;
    budget.verificationsLeft -= 1;
    if (!isIssuedBy(last, issuer)) continue;
    const complete = extend([...path, issuer], search);
    if (complete !== undefined) return complete;
  }
  return undefined;
}

function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  try {
    const [child, parent] = [new X509Certificate(certificate.der), new X509Certificate(issuer.der)];
    return child.checkIssued(parent) && child.verify(parent.publicKey);
  } catch {
    return false;
  }
}

function usageFault({ keyUsage }: Certificate, purpose: 'sign' | 'encrypt'): string | undefined {
  if (keyUsage === undefined || (keyUsage & PURPOSE_BITS[purpose]) !== 0) return undefined;
  return `its certificate is not meant for ${purpose === 'sign' ? 'signatures' : 'encryption'} (keyUsage)`;
}

/** RFC 8550 §4.4.2. */
const PURPOSE_BITS = {
  sign: KEY_USAGE.digitalSignature | KEY_USAGE.nonRepudiation,
  encrypt: KEY_USAGE.keyEncipherment | KEY_USAGE.keyAgreement,
} as const;

function pathFault(path: readonly Certificate[], options: PathOptions): string | undefined {
  for (const [index, certificate] of path.entries()) {
    const fault = certificateFault(certificate, index, path, options);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Faults of one certificate of a complete path; `index` 0 is the leaf, the last one is the anchor. */
function certificateFault(
  certificate: Certificate,
  index: number,
  path: readonly Certificate[],
  { at, extendedUsage = 'mail' }: PathOptions,
): string | undefined {
  const name = index === 0 ? 'its certificate' : `the certificate of ${nameText(certificate.subject)}`;
  if (at < certificate.notBefore) return `${name} is not valid before ${certificate.notBefore.toISOString()}`;
  if (at > certificate.notAfter) return `${name} expired on ${certificate.notAfter.toISOString()}`;
  if (certificate.unknownCritical.length > 0)
    return `${name} has a critical extension that is not understood (${certificate.unknownCritical.join(', ')})`;
  const usage = EXTENDED_USAGES[extendedUsage];
  const purposes = certificate.extKeyUsage;
  if (usage !== undefined && purposes !== undefined && !purposes.includes(usage.oid) && !purposes.includes(X509_OID.anyExtendedKeyUsage)) {
    return `${name} is not meant for ${usage.what} (extKeyUsage)`;
  }
  const isAnchor = index === path.length - 1;
  if (!isAnchor && BROKEN_SIGNATURES.has(certificate.signatureAlgorithm))
    return `${name} is signed with a broken algorithm (MD2, MD4 or MD5)`;
  if (keyBits(certificate) < 1024) return `${name} has an RSA key of less than 1024 bits`;
  return index === 0 ? undefined : issuerFault(certificate, name, path.slice(0, index));
}

const EXTENDED_USAGES: Readonly<Record<ExtendedUsage, { oid: string; what: string } | undefined>> = {
  mail: { oid: X509_OID.emailProtection, what: 'mail' },
  timeStamping: { oid: X509_OID.timeStamping, what: 'time-stamps' },
  any: undefined,
};

/** `below` is the path from the leaf to just under `certificate`. */
function issuerFault(certificate: Certificate, name: string, below: readonly Certificate[]): string | undefined {
  if (!certificate.isCa) return `${name} is not a CA's (basicConstraints)`;
  if (certificate.keyUsage !== undefined && (certificate.keyUsage & KEY_USAGE.keyCertSign) === 0)
    return `${name} may not sign certificates (keyUsage)`;
  const intermediates = below.slice(1).filter(({ subject, issuer }) => !subject.equals(issuer)).length;
  if (certificate.pathLength !== undefined && intermediates > certificate.pathLength)
    return `${name} allows fewer CAs below it (pathLenConstraint)`;
  const { nameConstraints } = certificate;
  if (nameConstraints === undefined) return undefined;
  try {
    for (const lower of below) {
      const broken = constraintBroken(nameConstraints, lower);
      if (broken !== undefined) return printable(broken);
    }
    return undefined;
  } catch (error) {
    if (error instanceof BerError) return `${name} has NameConstraints that cannot be read`;
    throw error;
  }
}

const BROKEN_SIGNATURES: ReadonlySet<string> = new Set(['1.2.840.113549.1.1.2', '1.2.840.113549.1.1.3', '1.2.840.113549.1.1.4']);
const SHA1_SIGNATURES: ReadonlySet<string> = new Set(['1.2.840.113549.1.1.5', '1.3.14.3.2.29', '1.2.840.10045.4.1']);

function weaknesses(path: readonly Certificate[]): string[] {
  const weak: string[] = [];
  // The anchor is trusted as it is; its own signature proves nothing and is not looked at.
  if (path.slice(0, -1).some(({ signatureAlgorithm }) => SHA1_SIGNATURES.has(signatureAlgorithm)))
    weak.push('a certificate signed with SHA-1 (weak)');
  if (path.some((certificate) => keyBits(certificate) < 2048)) weak.push('an RSA key of less than 2048 bits (weak)');
  return weak;
}

/** Modulus length of an RSA key; Infinity for other keys. */
function keyBits(certificate: Certificate): number {
  return publicKeyOf(certificate)?.asymmetricKeyDetails?.modulusLength ?? Number.POSITIVE_INFINITY;
}
