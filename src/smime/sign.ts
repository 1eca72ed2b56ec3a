import { createHash } from 'node:crypto';
import { SealdropError } from '../errors.js';
import { DIGESTS, type DigestName, type SignatureScheme } from './algorithms.js';
import { frameLength } from './cms/frame.js';
import { type SignatureMethod, signatureMethod } from './cms/signature.js';
import { signedAttributes } from './cms/signed-attributes.js';
import { detachedSignedData, type SignedDataParts, signedData, signerInfo } from './cms/signed-data.js';
import { multipartSignedEntity, pkcs7MimeEntity } from './mime-form.js';
import type { PreparedSigner } from './signer.js';

export interface SignOptions {
  /**
   * The least digest: P-384 raises it to SHA-384, P-521 and Ed25519 to SHA-512. A key restricted to RSASSA-PSS uses the one its
   * certificate names.
   */
  readonly digest: DigestName;
  readonly scheme: SignatureScheme;
  readonly signingTime: Date;
}

export interface SignedEntity {
  /** Content-* header lines, blank line, body; CRLF. */
  readonly entity: Buffer;
  /** DER of the SignerInfo, for the audit. */
  readonly signerInfo: Buffer;
  /** What was really used, e.g. `sha256` and `rsa-pkcs1`. */
  readonly algorithms: { readonly digest: string; readonly signature: string };
}

/**
 * application/pkcs7-mime; smime-type=signed-data (RFC 8551 §3.5.2) around a MIME entity of canonical line ends, which may be 8-bit or binary.
 * Throws SealdropError `unusable-identity` when the key cannot sign as `scheme` demands, RangeError for an invalid signingTime.
 */
export function signOpaque(entity: Buffer, signer: PreparedSigner, options: SignOptions): SignedEntity {
  const signed = signContent(entity, signer, options);
  const cms = signedData(signed.parts, entity.length);
  return {
    entity: pkcs7MimeEntity('signed-data', [Buffer.concat(cms.head), entity, Buffer.concat(cms.tail)], frameLength(cms)),
    signerInfo: signed.parts.signerInfo,
    algorithms: signed.algorithms,
  };
}

/** multipart/signed (RFC 8551 §3.5.3). The entity must survive 7-bit relays as it is; errors as for signOpaque. */
export function signDetached(entity: Buffer, signer: PreparedSigner, options: SignOptions): SignedEntity {
  const signed = signContent(entity, signer, options);
  return {
    entity: multipartSignedEntity(entity, detachedSignedData(signed.parts), DIGESTS[signed.method.digest].micalg),
    signerInfo: signed.parts.signerInfo,
    algorithms: signed.algorithms,
  };
}

interface Signed {
  readonly method: SignatureMethod;
  readonly parts: SignedDataParts;
  readonly algorithms: SignedEntity['algorithms'];
}

function signContent(content: Buffer, signer: PreparedSigner, options: SignOptions): Signed {
  const method = signatureMethod(signer.signingKey, options.digest, options.scheme);
  if (method === undefined) throw refusesScheme(signer, options.scheme);
  const messageDigest = createHash(method.digest).update(content).digest();
  const attributes = signedAttributes(signer.attributes, messageDigest, options.signingTime);
  const info = signerInfo({
    issuerAndSerial: signer.issuerAndSerial,
    digestAlgorithm: method.digestAlgorithm,
    signedAttributes: attributes,
    signatureAlgorithm: method.signatureAlgorithm,
    signature: method.sign(attributes, signer.privateKey),
  });
  return {
    method,
    parts: { digestAlgorithm: method.digestAlgorithm, certificates: signer.certificates, signerInfo: info },
    algorithms: { digest: method.digest, signature: method.name },
  };
}

function refusesScheme(signer: PreparedSigner, scheme: SignatureScheme): SealdropError {
  return new SealdropError('unusable-identity', `The key of ${signer.subject} signs RSASSA-PSS only, and ${scheme} is demanded`, {
    disposition: 'quarantine',
    cure: 'Set protect.signature to auto or rsa-pss for this identity, or give it a certificate whose key is not restricted.',
  });
}
