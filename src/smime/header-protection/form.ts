/** What of the header an encrypted copy hides from those who cannot decrypt it (RFC 9788 §3.2). */
export type HeaderConfidentiality = 'baseline' | 'shy' | 'none';

/** How the header of one copy is protected; plain JSON, part of the recorded plan. */
export type HeaderForm =
  /** The copy is only signed: nothing is hidden, everything is proven (`hp="clear"`). */
  | { readonly hp: 'clear' }
  /** The copy is encrypted (`hp="cipher"`). */
  | {
      readonly hp: 'cipher';
      readonly confidentiality: HeaderConfidentiality;
      /** Names, in any case, of further fields that must not stand outside. */
      readonly confidential: readonly string[];
      /**
       * Repeat what is hidden at the beginning of the text, for programs that can decrypt but do not know RFC 9788
       * (§5.2.2).
       */
      readonly legacyDisplay: boolean;
    };

export type CipherForm = Extract<HeaderForm, { hp: 'cipher' }>;
