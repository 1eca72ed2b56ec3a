import type { KeyObject } from 'node:crypto';
import { BerError, readBer } from '../cms/ber.js';
import type { Certificate } from './certificate.js';
import { identifies } from './certificate-id.js';
import { publicKeyOf } from './chain.js';
import { digestName } from './digests.js';
import { signatureScheme, verifySignature } from './signature-scheme.js';
import { isNamedCertificate, readSignedAttributes } from './signed-attributes.js';
import { readSignerInfo } from './signed-data.js';

/** A SignerInfo that was kept by itself, apart from its message. */
export interface KeptSignature {
  /** What `messageDigest` is a digest of the content with, as node:crypto names it. */
  readonly digest: string;
  readonly messageDigest: Buffer;
  /** Whether it names this certificate, and verifies with its key (RFC 5652 §5.6). Dates and trust are not looked at. */
  readonly isBy: (certificate: Certificate) => boolean;
}

/** A certificate is read by OpenSSL once, however many signatures are its. */
const keys = new WeakMap<Certificate, KeyObject>();

function keyOf(certificate: Certificate): KeyObject | undefined {
  const known = keys.get(certificate);
  if (known !== undefined) return known;
  const key = publicKeyOf(certificate);
  if (key !== undefined) keys.set(certificate, key);
  return key;
}

/** Reads the DER of a SignerInfo (RFC 5652 §5.3). Throws BerError, also for algorithms that are not known here. */
export function readKeptSignature(der: Buffer): KeptSignature {
  const signer = readSignerInfo(readBer(der));
  const digest = digestName(signer.digestAlgorithm.oid);
  const scheme = signatureScheme(signer.signatureAlgorithm);
  if (digest === undefined || scheme === undefined) throw new BerError('its algorithms are not known here');
  if (signer.signedAttributes === undefined) throw new BerError('it has no signed attributes');
  // RFC 8933 §3.
  if (scheme.digest !== undefined && scheme.digest !== digest) throw new BerError('its digest is not that of its signature');
  const attributes = readSignedAttributes(signer.signedAttributes, signer);
  return {
    digest,
    messageDigest: attributes.messageDigest,
    isBy: (certificate) => {
      if (!identifies(signer.id, certificate) || !isNamedCertificate(attributes, certificate)) return false;
      const key = keyOf(certificate);
      return key !== undefined && verifySignature(scheme, digest, key, attributes.signedBytes, signer.signature);
    },
  };
}
