import { createHash } from 'node:crypto';
import type { Certificate } from './certificate.js';
import { type JudgedSigner, judgeSigner, type SignatureVerdict } from './judge-signer.js';
import type { ClaimedSender } from './sender-addresses.js';
import type { SignedData } from './signed-data.js';

/** What signatures are judged against, the same for all layers of a message. */
export interface Trust {
  readonly anchors: readonly Certificate[];
  readonly claimed: ClaimedSender;
  readonly now: Date;
}

/** The verdict on all SignerInfos of one SignedData. */
export interface JudgedSignature {
  readonly verdict: SignatureVerdict;
  readonly reason: string;
  readonly signers: readonly JudgedSigner[];
}

/**
 * Judges every SignerInfo over `content`. Valid is a SignedData of which at least one SignerInfo is valid and none invalid: a second
 * signature that fails means that somebody's content is not what arrived, whoever else vouches for it.
 */
export function judgeSigned(data: SignedData, content: Buffer, trust: Trust): JudgedSignature {
  const digests = new Map<string, Buffer>();
  const digest = (name: string) => {
    const known = digests.get(name) ?? createHash(name).update(content).digest();
    digests.set(name, known);
    return known;
  };
  // A signer's certificate may have been left out because it is trusted already.
  const certificates = [...data.certificates, ...trust.anchors];
  const signed = {
    contentType: data.contentType,
    content,
    digest,
    certificates,
    pathBudget: { verificationsLeft: MAX_VERIFICATIONS },
    ...trust,
  };
  const signers = data.signerInfos.map((signerInfo) => judgeSigner(signerInfo, signed));
  if (signers.length === 0) return { verdict: 'invalid', reason: 'it carries no signature', signers };
  const verdict = VERDICTS.find((candidate) => signers.some((signer) => signer.verdict === candidate)) ?? 'unknown';
  return { verdict, reason: reasonFor(verdict, signers), signers };
}

const MAX_VERIFICATIONS = 300;

/** In the order in which one SignerInfo decides for all. */
const VERDICTS: readonly SignatureVerdict[] = ['invalid', 'valid', 'untrusted', 'unknown'];

function reasonFor(verdict: SignatureVerdict, signers: readonly JudgedSigner[]): string {
  const reasons = signers.map((signer) =>
    signer.verdict === verdict ? signer.reason : `another signature is ${signer.verdict}: ${signer.reason}`,
  );
  return [...new Set(reasons)].join('; ');
}
