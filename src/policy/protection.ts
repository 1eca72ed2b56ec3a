import type { ContentCipher, DigestName, KeyTransport, SignatureScheme } from '../smime/algorithms.js';

/** How a recipient's copy is sealed: the `protect` section of the configuration, or what a rule makes of it. */
export interface Protection {
  /** `auto`: opaque inside encryption, detached when the copy leaves unencrypted. */
  readonly sign: 'auto' | 'opaque' | 'detached' | 'none';
  readonly signature: SignatureScheme;
  readonly digest: DigestName;
  readonly encrypt: 'required' | 'whenPossible' | 'none';
  readonly content: ContentCipher;
  readonly keyTransport: KeyTransport;
  /** What becomes of a message when a certificate that is needed is missing: always held for a person. */
  readonly missingCertificate: 'quarantine';
  /** May anybody get a clear copy of a message that this protection says must be encrypted for another? */
  readonly clearCopies: 'refuse' | 'allow';
}
