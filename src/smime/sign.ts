import { createHash } from 'node:crypto';
import { SealdropError } from '../errors.js';
import { joined, type Octets, octetsOf } from '../message/octets.js';
import { DIGESTS, type DigestName, type SignatureScheme } from './algorithms.js';
import { filled } from './cms/frame.js';
import { type SignatureMethod, signatureMethod } from './cms/signature.js';
import { signedAttributes } from './cms/signed-attributes.js';
import { certificateSet, detachedSignedData, type SignedDataParts, signedData, signerInfo } from './cms/signed-data.js';
import { multipartSignedEntity, pkcs7MimeEntity } from './mime-form.js';
import type { PreparedSigner } from './signer.js';

export interface SignOptions {
  /**
   * The least digest: P-384 raises it to SHA-384, P-521 and Ed25519 to SHA-512. A key restricted to RSASSA-PSS uses the one its
   * certificate names.
   */
  readonly digest: DigestName;
  /** For RSA keys; `rsa-pkcs1` is refused by a key restricted to RSASSA-PSS. */
  readonly scheme: SignatureScheme;
  readonly signingTime: Date;
}

export interface SignedEntity {
  /** Content-* header lines, blank line, body; CRLF. Signed once, however often its pieces are asked for. */
  readonly entity: Octets;
  /** DER of each SignerInfo, in the order of the signers, for the audit. */
  readonly signerInfos: readonly Buffer[];
  /** What was really used, e.g. `sha256` and `rsa-pkcs1`, in the order of the signers. */
  readonly algorithms: readonly { readonly digest: string; readonly signature: string }[];
}

/** One signer or several; each makes a SignerInfo of its own, over the same content. */
export type Signers = readonly [PreparedSigner, ...PreparedSigner[]];

/**
 * application/pkcs7-mime; smime-type=signed-data (RFC 8551 §3.5.2) around a MIME entity of canonical line ends, which may be 8-bit or binary.
 * Throws SealdropError `unusable-identity` when a key cannot sign as `scheme` demands, RangeError for an invalid signingTime.
 */
export function signOpaque(entity: Octets, signers: Signers, options: SignOptions): SignedEntity {
  const { parts, algorithms } = signContent(entity, signers, options);
  const cms = filled(signedData(parts, entity.sizeBytes), entity);
  return { entity: pkcs7MimeEntity('signed-data', cms), signerInfos: parts.signerInfos, algorithms };
}

/** multipart/signed (RFC 8551 §3.5.3). The entity must survive 7-bit relays as it is; errors as for signOpaque. */
export function signDetached(entity: Octets, signers: Signers, options: SignOptions): SignedEntity {
  const { methods, parts, algorithms } = signContent(entity, signers, options);
  const micalg = [...new Set(methods.map(({ digest }) => DIGESTS[digest].micalg))].join(',');
  return { entity: multipartSignedEntity(entity, detachedSignedData(parts), micalg), signerInfos: parts.signerInfos, algorithms };
}

/** The bare CMS structure (ContentInfo with SignedData, DER) around content that need not be a MIME entity; errors as for signOpaque. */
export function signFile(content: Buffer, signers: Signers, options: SignOptions): Buffer {
  const { parts } = signContent(octetsOf(content), signers, options);
  return joined(filled(signedData(parts, content.length), octetsOf(content)));
}

interface Signed {
  readonly methods: readonly SignatureMethod[];
  readonly parts: SignedDataParts;
  readonly algorithms: SignedEntity['algorithms'];
}

function signContent(content: Octets, signers: Signers, options: SignOptions): Signed {
  const ready = signers.map((signer) => ({ signer, method: methodFor(signer, options) }));
  const methods = ready.map(({ method }) => method);
  const digestOf = digestsOf(content, new Set(methods.map(({ digest }) => digest)));
  const signerInfos = ready.map(({ signer, method }) => {
    const attributes = signedAttributes(signer.attributes, digestOf(method.digest), options.signingTime);
    return signerInfo({
      issuerAndSerial: signer.issuerAndSerial,
      digestAlgorithm: method.digestAlgorithm,
      signedAttributes: attributes,
      signatureAlgorithm: method.signatureAlgorithm,
      signature: method.sign(attributes, signer.privateKey),
    });
  });
  const [first, ...others] = signers;
  return {
    methods,
    parts: {
      digestAlgorithms: [...new Set(methods.map(({ digestAlgorithm }) => digestAlgorithm))],
      certificates: others.length === 0 ? first.certificateSet : certificateSet(signers.flatMap(({ certificates }) => certificates)),
      signerInfos,
    },
    algorithms: methods.map(({ digest, name }) => ({ digest, signature: name })),
  };
}

function methodFor(signer: PreparedSigner, { digest, scheme }: SignOptions): SignatureMethod {
  const method = signatureMethod(signer.signingKey, digest, scheme);
  if (method === undefined) throw refusesScheme(signer, scheme);
  return method;
}

/** One pass over the content for all digests. */
function digestsOf(content: Octets, names: ReadonlySet<DigestName>): (name: DigestName) => Buffer {
  const hashes = [...names].map((name) => ({ name, hash: createHash(name) }));
  for (const piece of content.pieces()) for (const { hash } of hashes) hash.update(piece);
  const digests = new Map<DigestName, Buffer>(hashes.map(({ name, hash }) => [name, hash.digest()]));
  return (name) => digests.get(name) ?? Buffer.alloc(0);
}

function refusesScheme(signer: PreparedSigner, scheme: SignatureScheme): SealdropError {
  return new SealdropError('unusable-identity', `The key of ${signer.subject} signs RSASSA-PSS only, and ${scheme} is demanded`, {
    disposition: 'quarantine',
    cure: 'Set protect.signature to auto or rsa-pss for this identity, or give it a certificate whose key is not restricted.',
  });
}
