import { createHash } from 'node:crypto';
import type { Layer } from '../smime/open.js';

/** A layer as JSON shows it: certificates by their SHA-256 fingerprint. */
export function plainLayer(layer: Layer) {
  return {
    ...layer,
    signers: layer.signers.map(({ announced, ...signer }) => {
      if (announced === undefined) return signer;
      const { address, weak, capabilities = null, fingerprint, encryptionCertificate } = announced;
      const encryptionFingerprint = encryptionCertificate === undefined ? null : sha256(encryptionCertificate);
      return { ...signer, announced: { address, weak, capabilities, fingerprint, encryptionFingerprint } };
    }),
  };
}

function sha256(der: Buffer): string {
  return createHash('sha256').update(der).digest('hex');
}
