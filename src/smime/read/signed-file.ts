import { createHash } from 'node:crypto';
import { OID } from '../algorithms.js';
import { BerError, readBer } from '../cms/ber.js';
import type { Certificate } from './certificate.js';
import { identifies } from './certificate-id.js';
import { publicKeyOf } from './chain.js';
import { readContentInfo } from './content-info.js';
import { digestName } from './digests.js';
import { signatureScheme, verifySignature } from './signature-scheme.js';
import { isNamedCertificate, readSignedAttributes } from './signed-attributes.js';
import { readSignedData, readSignerInfo, type SignerInfo } from './signed-data.js';

/** A signed file whose one signature fits its content. Whether the signer is to be believed is for checkPath to say. */
export interface SignedFile {
  readonly content: Buffer;
  readonly signer: Certificate;
  /** All that it carries, the signer's among them. */
  readonly certificates: readonly Certificate[];
  readonly signingTime: Date | undefined;
  /** Whether the signature names its certificate by hash (RFC 2634 §5.4, RFC 5035), which it then is. */
  readonly namesCertificate: boolean;
}

/**
 * Reads CMS SignedData that was made by a program for programs: attached content of the one type expected, exactly one signer, signed
 * attributes, SHA-2, nothing behind it. `known` are certificates that it may not carry itself. Never throws for what the bytes are.
 */
export function readSignedFile(
  cms: Buffer,
  { contentType, known = [] }: { readonly contentType: string; readonly known?: readonly Certificate[] },
): SignedFile | { readonly fault: string } {
  try {
    if (readBer(cms).end !== cms.length) return { fault: 'something follows the signed structure' };
    const info = readContentInfo(cms);
    if (info.contentType !== OID.signedData) return { fault: 'it is not SignedData' };
    const data = readSignedData(info.content);
    if (data.content === undefined) return { fault: 'it has no content' };
    if (data.contentType !== contentType) return { fault: `its content is of another type (${data.contentType})` };
    const [element, ...others] = data.signerInfos;
    if (element === undefined || others.length > 0) return { fault: `it has ${data.signerInfos.length} signatures instead of one` };
    return judged(readSignerInfo(element), data.content, contentType, data.certificates, known);
  } catch (error) {
    if (error instanceof BerError) return { fault: `it cannot be read: ${error.message}` };
    throw error;
  }
}

function judged(
  signer: SignerInfo,
  content: Buffer,
  contentType: string,
  carried: readonly Certificate[],
  known: readonly Certificate[],
): SignedFile | { readonly fault: string } {
  const digest = digestName(signer.digestAlgorithm.oid);
  const scheme = signatureScheme(signer.signatureAlgorithm);
  if (digest === undefined || scheme === undefined || !SOUND_DIGESTS.has(digest))
    return { fault: 'it is signed with an algorithm that is not accepted' };
  // RFC 8933 §3.
  if (scheme.digest !== undefined && scheme.digest !== digest) return { fault: "its digest algorithm is not its signature's" };
  if (signer.signedAttributes === undefined) return { fault: 'it has no signed attributes' };
  const attributes = readSignedAttributes(signer.signedAttributes, signer);
  if (attributes.contentType !== contentType) return { fault: 'its contentType attribute is not the type of the content' };
  if (!attributes.messageDigest.equals(createHash(digest).update(content).digest())) return { fault: 'the content is not what was signed' };
  const candidates = [...carried, ...known].filter((certificate) => identifies(signer.id, certificate)).slice(0, MAX_MATCHES);
  if (candidates.length === 0) return { fault: "the signer's certificate is not at hand" };
  const found = candidates.find((certificate) => {
    const key = publicKeyOf(certificate);
    return (
      key !== undefined &&
      verifySignature(scheme, digest, key, attributes.signedBytes, signer.signature) &&
      isNamedCertificate(attributes, certificate)
    );
  });
  if (found === undefined) return { fault: 'the signature does not verify with the certificate it names' };
  const { signingTime, signingCertificates } = attributes;
  return { content, signer: found, certificates: carried, signingTime, namesCertificate: signingCertificates.length > 0 };
}

const SOUND_DIGESTS: ReadonlySet<string> = new Set(['sha256', 'sha384', 'sha512']);
/** Certificates that claim the same issuer and serial: a forger may add any number. */
const MAX_MATCHES = 5;
