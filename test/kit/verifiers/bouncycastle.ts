import { parseAnswer } from './answer.js';
import { startJava } from './java.js';
import { inParallel, type Verifier, type VerifierKeys } from './verifier.js';

/** BouncyCastle and JavaMail in one long-running Java process (SmimeCheck.java). */
export function bouncyCastleVerifier(keys: VerifierKeys): Verifier {
  const keyFiles = keys.recipients.flatMap(({ files }) => [files.certificate, files.privateKey]);
  const java = startJava(new URL('SmimeCheck.java', import.meta.url), [keys.root.files.certificate, ...keyFiles]);
  const open = async (message: Buffer) => parseAnswer(await java.ask(message));
  return { name: 'BouncyCastle', open, openAll: (messages) => inParallel(messages, open, 4), close: () => java.close() };
}
