import { createPrivateKey } from 'node:crypto';
import { openMessage } from '../../../src/smime/open.js';
import type { Verdict, Verifier, VerifierKeys } from './verifier.js';

/** sealdrop's own reader, as one among the others. */
export function sealdropVerifier({ recipients, root }: VerifierKeys): Verifier {
  const decryption = recipients.map(({ certificate, privateKeyPem }) => ({ certificate, privateKey: createPrivateKey(privateKeyPem) }));
  const open = async (message: Buffer): Promise<Verdict> => {
    const { entity, ok, layers } = openMessage(message, { decryption, trustAnchors: [root.certificate], now: new Date() });
    return { entity, signerOk: ok, fault: ok ? '' : layers.map(({ reason }) => reason).join('; ') };
  };
  return { name: 'sealdrop', open, openAll: (messages) => Promise.all(messages.map(open)), close: () => Promise.resolve() };
}
