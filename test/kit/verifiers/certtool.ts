import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTemp, removeTemp } from '../temp.js';
import { unwrap } from './mime-wrapper.js';
import { opensslDecrypt } from './openssl.js';
import { runTool } from './run-tool.js';
import { accepted, inParallel, refused, type Verdict, type Verifier, type VerifierKeys } from './verifier.js';

/** GnuTLS `certtool --p7-verify`. It has no CMS decryption: openssl takes the encryption off before. */
export function certtoolVerifier(keys: VerifierKeys): Verifier {
  const home = makeTemp('certtool');
  const open = async (message: Buffer): Promise<Verdict> => {
    const entity = await opensslDecrypt(message, keys);
    if (typeof entity === 'string') return refused(entity);
    const wrapped = unwrap(entity);
    if (wrapped.kind === 'none') return refused('the message is not signed', entity);
    const directory = await mkdtemp(join(home, 'message-'));
    try {
      const signatureFile = join(directory, 'signed.der');
      const contentFile = join(directory, 'content');
      await writeFile(signatureFile, wrapped.der);
      if (wrapped.kind === 'detached') await writeFile(contentFile, wrapped.content);
      const content = wrapped.kind === 'detached' ? ['--load-data', contentFile] : ['--p7-show-data', '--outfile', contentFile];
      const args = ['--p7-verify', '--inder', '--load-ca-certificate', keys.root.files.certificate, '--infile', signatureFile, ...content];
      const { status, stdout, stderr } = await runTool('certtool', args);
      if (status === 0) return accepted(await readFile(contentFile));
      return refused(`${stdout}${stderr}`);
    } finally {
      await rm(directory, { recursive: true });
    }
  };
  return { name: 'GnuTLS certtool', open, openAll: (messages) => inParallel(messages, open), close: async () => removeTemp(home) };
}
