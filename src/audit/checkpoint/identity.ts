import { SealdropError } from '../../errors.js';
import { readCertificateFile } from '../../keys/certificate-file.js';
import { filesBeside } from '../../keys/files-beside.js';
import { chainAbove, keyMismatch, readIdentityFiles, withoutCertificate } from '../../keys/key-pairs.js';
import type { KeyWorld } from '../../keys/passphrase.js';
import { type PreparedSigner, prepareSigner } from '../../smime/signer.js';

/** What checkpoints are signed with. */
export interface AuditIdentity {
  readonly signer: PreparedSigner;
  readonly notAfter: Date;
  /** DER of every certificate in its files: the present one, its chain, and former ones, whose checkpoints stay good. */
  readonly certificates: readonly Buffer[];
}

/**
 * Reads the audit identity from a `.p12`, or from a `.pem` with the certificate beside it as `.crt`; a passphrase is found as for every other
 * key. The certificate need not be one for mail. Throws SealdropError: `audit-identity-unusable` (fatal), or a `wait` where the system lacks
 * something.
 */
export function loadAuditIdentity(path: string, world: KeyWorld): AuditIdentity {
  try {
    const files = filesBeside(path);
    const { pairs, certificates } = readIdentityFiles(path, files, world);
    const [pair] = pairs;
    const [first] = certificates;
    if (pair === undefined) throw first === undefined ? withoutCertificate(path, files) : keyMismatch(path, first);
    const { facts, privateKey } = pair;
    const chain = chainAbove(facts, certificates);
    // No mail is written to it: nothing is announced.
    const signer = prepareSigner({ certificate: facts.der, chain, privateKey, capabilities: [] });
    return { signer, notAfter: facts.notAfter, certificates: certificates.map((each) => each.facts.der) };
  } catch (error) {
    if (!(error instanceof SealdropError) || error.disposition === 'wait') throw error;
    throw new SealdropError('audit-identity-unusable', `audit.identity: ${error.message}`, {
      disposition: 'fatal',
      cure: `${error.cure} "sealdrop audit identity FILE" makes one; without audit.identity there are no checkpoints.`,
      cause: error,
    });
  }
}

/** DER of the certificates that lie with an audit identity, without looking at its key where they lie in a file of their own. */
export function auditCertificates(path: string, world: KeyWorld): readonly Buffer[] {
  const { certificateFile } = filesBeside(path);
  if (certificateFile === undefined) return loadAuditIdentity(path, world).certificates;
  return readCertificateFile(certificateFile).map(({ der }) => der);
}
