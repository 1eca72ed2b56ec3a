import type { JudgedSigner } from './judge-signer.js';

/** One S/MIME layer of a message, outermost first, and what it proves. */
export interface Layer {
  readonly kind: 'signed' | 'encrypted' | 'compressed' | 'certs-only';
  readonly form: 'opaque' | 'detached' | 'enveloped' | 'auth-enveloped' | 'certs-only';
  /** Names of the algorithms used; `(weak)` follows those that are. */
  readonly algorithms: readonly string[];
  /**
   * A signature is `valid`, `invalid` (does not fit the content), `untrusted` (fits, but not by somebody trusted to speak for the message's sender)
   * or `unknown` (cannot be judged). Encryption is `authenticated` (the tag proves that nothing was altered), `valid` (a valid signature inside
   * does) or `unauthenticated` (nothing does).
   */
  readonly verdict: 'valid' | 'invalid' | 'untrusted' | 'unknown' | 'unauthenticated' | 'authenticated';
  readonly reason: string;
  /** One per SignerInfo, each with its own verdict. */
  readonly signers: readonly JudgedSigner[];
  /** Issuer and serial number, or key identifier. */
  readonly recipients: readonly string[];
}

/** What a layer was found to be, and the entity inside it; `content` is undefined when there is none to go on with. */
export interface OpenedLayer {
  readonly layer: Layer;
  readonly content: Buffer | undefined;
}

/**
 * Gives layers that prove nothing by themselves the verdict they get from others. CBC can be altered without the key (EFAIL), so only a
 * valid signature *inside* vouches for what was decrypted: one outside was perhaps put there by whoever altered it. Compression is neither
 * here nor there, and takes what surrounds it or lies within.
 */
export function settleVerdicts(layers: readonly Layer[]): Layer[] {
  return layers.map((layer, index) => {
    const inside = layers.slice(index + 1);
    if (layer.kind === 'compressed')
      return settle(
        layer,
        layers.filter((other) => other.kind !== 'compressed' && other.verdict !== 'unauthenticated'),
      );
    if (layer.verdict === 'unauthenticated')
      return settle(
        layer,
        inside.filter((other) => other.kind === 'signed'),
      );
    return layer;
  });
}

function settle(layer: Layer, others: readonly Layer[]): Layer {
  if (others.some(({ verdict }) => verdict === 'valid')) {
    return { ...layer, verdict: 'valid', reason: 'a valid signature protects what is inside' };
  }
  if (others.some(({ verdict }) => verdict === 'authenticated')) {
    return { ...layer, verdict: 'authenticated', reason: 'authenticated encryption protects what is inside' };
  }
  return layer;
}
