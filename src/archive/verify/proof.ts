import { createHash } from 'node:crypto';
import type { Finding } from '../../audit/finding.js';
import { SealdropError } from '../../errors.js';
import { canonicalise } from '../../message/canonical.js';
import type { Octets } from '../../message/octets.js';
import { BerError } from '../../smime/cms/ber.js';
import { type Composition, compose, compositionRules, type Recipe } from '../../smime/composition.js';
import type { Certificate } from '../../smime/read/certificate.js';
import { type KeptSignature, readKeptSignature } from '../../smime/read/kept-signature.js';
import type { IntentFacts, SignedCopy } from './intent-facts.js';
import type { KeptCertificates } from './kept-certificates.js';

/** What became of proving that an original is what was signed and sent with one intent. */
export const proofOutcomes = [
  /** Each signature is over what the original gives, in each form it was sent in, and verifies with the certificate kept. */
  'proven',
  /** It was dropped by a person, and left in no form. */
  'notSent',
  /** It left without a signature of ours. */
  'notSigned',
  /** It was signed, and the signatures were not kept (archive.keepSealed), or their details are erased. */
  'notKept',
  /** Made by other rules, or by a version that did not record what they depend on. */
  'notRecomputable',
  /** The archive holds it encrypted, and no key was given. */
  'noKey',
  /** There is a finding. */
  'failed',
] as const;
export type ProofOutcome = (typeof proofOutcomes)[number];

/** What earlier versions had, where they did not record it: only what comes out right is believed. */
const unrecorded: Recipe = { rules: compositionRules, fallbackCharset: 'windows-1252', encodeBraces: false };

/**
 * Proves one intent: from the original to the canonical bytes, to the digest in each kept SignerInfo, to its signature under the certificate
 * kept. `file`: the archive entry, for findings. `original` is asked for only where there is something to prove.
 */
export function proveIntent(
  id: string,
  file: string,
  facts: IntentFacts,
  original: () => Buffer,
  certificates: KeptCertificates,
): { outcome: ProofOutcome; findings: Finding[] } {
  const findings = certificateFaults(facts, certificates);
  if (facts.signerInfos.length === 0) return { outcome: findings.length > 0 ? 'failed' : unsigned(facts), findings };
  if (facts.recipe !== undefined && facts.recipe.rules !== compositionRules)
    return { outcome: findings.length > 0 ? 'failed' : 'notRecomputable', findings };
  const signers = facts.signers.flatMap((each) => certificates.signer(each) ?? []);
  const fault = signatureFault(id, facts, original(), signers);
  if (fault === undefined) return { outcome: findings.length > 0 ? 'failed' : 'proven', findings };
  if (facts.recipe === undefined && fault.mayBeRecipe) return { outcome: findings.length > 0 ? 'failed' : 'notRecomputable', findings };
  // Without the certificate there is nothing to verify with, and that has been said.
  if (signers.length < facts.signers.length && !fault.mayBeRecipe) return { outcome: 'failed', findings };
  return { outcome: 'failed', findings: [...findings, { kind: 'signature-differs', file, text: fault.text }] };
}

/** What is wrong with the certificates that were used. */
export function certificateFaults({ signers, certificates: used }: IntentFacts, certificates: KeptCertificates): Finding[] {
  return [...new Set([...signers, ...used])].flatMap((each) => certificates.fault(each) ?? []);
}

function unsigned({ signed }: IntentFacts): ProofOutcome {
  return signed.length === 0 ? 'notSigned' : 'notKept';
}

interface SignatureFault {
  readonly text: string;
  /** Another recipe could give other bytes. */
  readonly mayBeRecipe: boolean;
}

function signatureFault(id: string, facts: IntentFacts, original: Buffer, signers: readonly Certificate[]): SignatureFault | undefined {
  let signatures: KeptSignature[];
  try {
    signatures = facts.signerInfos.map((info) => readKeptSignature(Buffer.from(info, 'base64')));
  } catch (error) {
    if (!(error instanceof BerError)) throw error;
    return { text: `a kept signature cannot be read: ${error.message}`, mayBeRecipe: false };
  }
  const contents = signedContents(id, facts, original);
  if ('fault' in contents) return { text: contents.fault, mayBeRecipe: true };
  const unmatched = new Set(contents.forms);
  for (const signature of signatures) {
    const over = contents.forms.filter((form) => form.digest(signature.digest).equals(signature.messageDigest));
    if (over.length === 0) return { text: 'a signature is over other bytes than the original gives', mayBeRecipe: true };
    for (const form of over) unmatched.delete(form);
  }
  if (unmatched.size > 0) return { text: 'a copy was sent in a form that no kept signature is over', mayBeRecipe: true };
  const by = signatures.map((signature) => signers.find(signature.isBy));
  if (by.includes(undefined)) return { text: 'a signature does not verify with the certificate it was made with', mayBeRecipe: false };
  // Where several keys sign, none of their signatures may be taken away.
  if (!signers.every((signer) => by.includes(signer))) return { text: 'the signature of a recorded signer is missing', mayBeRecipe: false };
  return undefined;
}

interface SignedForm {
  readonly digest: (name: string) => Buffer;
}

/** Every form that a copy was signed in, each once. */
function signedContents(
  id: string,
  { signed, from, recipe = unrecorded }: IntentFacts,
  original: Buffer,
): { forms: SignedForm[] } | { fault: string } {
  try {
    const composition = compose(canonicalise(original, recipe), { id, from }, recipe);
    const forms = new Map(signed.map((copy) => [JSON.stringify([copy.sign, copy.header]), copy]));
    return { forms: [...forms.values()].map((copy) => formOf(contentOf(composition, copy))) };
  } catch (error) {
    if (error instanceof SealdropError) return { fault: `what was signed cannot be made from the original: ${error.message}` };
    throw error;
  }
}

function contentOf({ payloads }: Composition, { sign, header }: SignedCopy): Octets {
  const payload = payloads.of(header);
  return sign === 'opaque' ? payload.inside : payload.transferSafe();
}

function formOf(content: Octets): SignedForm {
  const digests = new Map<string, Buffer>();
  return {
    digest: (name) => {
      const known = digests.get(name);
      if (known !== undefined) return known;
      const hash = createHash(name);
      for (const piece of content.pieces()) hash.update(piece);
      const digest = hash.digest();
      digests.set(name, digest);
      return digest;
    },
  };
}
