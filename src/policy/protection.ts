import type { ContentCipher, DigestName, KeyTransport, SignatureScheme } from '../smime/algorithms.js';
import type { HeaderConfidentiality } from '../smime/header-protection/form.js';

/**
 * What is done with a message that came signed or encrypted: sealed like any other content, passed with the protection it has, or held.
 */
export type Treatment = 'seal' | 'pass' | 'refuse';

/** How a recipient's copy is sealed: the `protect` section of the configuration, or what a rule makes of it. */
export interface Protection {
  /** `auto`: opaque inside encryption, detached when the copy leaves unencrypted. */
  readonly sign: 'auto' | 'opaque' | 'detached' | 'none';
  readonly signature: SignatureScheme;
  readonly digest: DigestName;
  readonly encrypt: 'required' | 'whenPossible' | 'none';
  /** `auto`: the strongest that all recipients of a copy are known to read, and at least `contentAtLeast`. */
  readonly content: ContentCipher | 'auto';
  readonly contentAtLeast: ContentCipher;
  /** With `content: auto`, recipients who read different ciphers: one copy that all read, or a copy for each cipher? */
  readonly whenCiphersDiffer: 'together' | 'separate';
  /** May recipients with RSA keys and with elliptic curve keys share a copy? */
  readonly whenKeysDiffer: 'separate' | 'together';
  readonly keyTransport: KeyTransport;
  readonly headerProtection: 'off' | 'on';
  readonly headerConfidentiality: HeaderConfidentiality;
  /** Names of further fields that must not stand outside an encrypted copy. */
  readonly headerConfidential: readonly string[];
  readonly legacyDisplay: 'on' | 'off';
  /** What becomes of a message when a certificate that is needed is missing: always held for a person. */
  readonly missingCertificate: 'quarantine';
  /** May anybody get a clear copy of a message that this protection says must be encrypted for another? */
  readonly clearCopies: 'refuse' | 'allow';
  /** `pass`: it keeps its signature and gets none of ours; it is encrypted all the same. */
  readonly alreadySigned: Treatment;
  /** `pass`: it leaves as it is. */
  readonly alreadyEncrypted: Treatment;
  /** Encrypted copies are signed once more outside (RFC 2634 §1.1). */
  readonly tripleWrap: 'off' | 'on';
  /** With one of the identity's keys, or with each of them that may sign. */
  readonly signWith: 'oneKey' | 'allKeys';
}
