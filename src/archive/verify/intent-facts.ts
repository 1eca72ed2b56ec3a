import type { Recipe } from '../../smime/composition.js';
import type { HeaderForm } from '../../smime/header-protection/form.js';

/** What an intent's detail says of its signatures. The names are those of EventDetails, which wrote it. */
export interface IntentFacts {
  /** Address of the identity. */
  readonly from: string;
  /** The copies that were made with this intent, and are signed over the message. */
  readonly signed: readonly SignedCopy[];
  /** Base64 DER. */
  readonly signerInfos: readonly string[];
  /** Fingerprints of the certificates that signed. */
  readonly signers: readonly string[];
  /** Of every certificate that was used. */
  readonly certificates: readonly string[];
  /** Undefined in records of before it was said. */
  readonly recipe: Recipe | undefined;
}

export interface SignedCopy {
  readonly sign: 'opaque' | 'detached';
  readonly header: HeaderForm | null;
}

interface Recorded {
  readonly intent?: {
    readonly plan?: {
      readonly from?: string;
      readonly copies?: readonly {
        readonly number: number;
        readonly sign: SignedCopy['sign'] | 'none';
        readonly header?: HeaderForm | null;
      }[];
    };
    readonly copies?: readonly { readonly planned: number; readonly pending: readonly unknown[] }[];
  };
  readonly signer?: string;
  readonly signers?: readonly string[];
  readonly signerInfos?: readonly string[];
  readonly certificates?: readonly string[];
  readonly recipe?: Recipe;
}

/** Our own record, whose commitment has been checked: its shape is what was written. */
export function intentFacts(detail: unknown): IntentFacts {
  const { intent, signer, signers, signerInfos = [], certificates = [], recipe } = detail as Recorded;
  // Copies of an earlier intent have nothing pending: they are repeated, and were not made again.
  const made = new Set((intent?.copies ?? []).filter(({ pending }) => pending.length > 0).map(({ planned }) => planned));
  const signed = (intent?.plan?.copies ?? []).flatMap(({ number, sign, header = null }): SignedCopy[] =>
    made.has(number) && sign !== 'none' ? [{ sign, header }] : [],
  );
  return {
    from: intent?.plan?.from ?? '',
    signed,
    signerInfos,
    signers: signers ?? (signer === undefined ? [] : [signer]),
    certificates,
    recipe,
  };
}
