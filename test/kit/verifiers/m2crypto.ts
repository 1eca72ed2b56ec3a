import { fileURLToPath } from 'node:url';
import { FramedProcess } from '../framed-process.js';
import { parseAnswer } from './answer.js';
import { inParallel, type Verifier, type VerifierKeys } from './verifier.js';

/** Debian's Python: another one in PATH does not find Debian's packages. */
export const DEBIAN_PYTHON = '/usr/bin/python3';

/** M2Crypto in one long-running Python process (m2crypto_check.py). */
export function m2cryptoVerifier(keys: VerifierKeys): Verifier {
  const keyFiles = keys.recipients.flatMap(({ files }) => [files.certificate, files.privateKey]);
  const script = fileURLToPath(new URL('m2crypto_check.py', import.meta.url));
  const python = new FramedProcess(DEBIAN_PYTHON, [script, keys.root.files.certificate, ...keyFiles]);
  const open = async (message: Buffer) => parseAnswer(await python.ask(message));
  return { name: 'M2Crypto', open, openAll: (messages) => inParallel(messages, open), close: () => python.close() };
}
