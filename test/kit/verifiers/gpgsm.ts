import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeGpgsmHome } from './gpgsm-home.js';
import { unwrap } from './mime-wrapper.js';
import type { ToolResult } from './run-tool.js';
import { accepted, inParallel, refused, type Verdict, type Verifier, type VerifierKeys } from './verifier.js';

/** GnuPG's gpgsm with a home of its own. */
export async function gpgsmVerifier(keys: VerifierKeys): Promise<Verifier> {
  const { directory: home, gpgsm, close } = await makeGpgsmHome(keys);
  const open = async (message: Buffer): Promise<Verdict> => {
    let entity = message;
    const outer = unwrap(message);
    if (outer.kind === 'cms' && !isSignedData(outer.der)) {
      const decrypted = await gpgsm(['--decrypt'], outer.der);
      if (decrypted.status !== 0 || !decrypted.stderr.includes('[GNUPG:] DECRYPTION_OKAY')) return refused(decrypted.stderr);
      entity = decrypted.stdout;
    }
    const signed = unwrap(entity);
    if (signed.kind === 'none') return refused('the message is not signed', entity);
    if (signed.kind === 'cms') {
      const verified = await gpgsm(['--output', '-', '--verify'], signed.der);
      return verdict(verified, verified.stdout);
    }
    const directory = await mkdtemp(join(home, 'message-'));
    try {
      const signatureFile = join(directory, 'signature.der');
      const contentFile = join(directory, 'content');
      await Promise.all([writeFile(signatureFile, signed.der), writeFile(contentFile, signed.content)]);
      return verdict(await gpgsm(['--verify', signatureFile, contentFile]), signed.content);
    } finally {
      await rm(directory, { recursive: true });
    }
  };
  return { name: 'gpgsm', open, openAll: (messages) => inParallel(messages, open), close };
}

/** gpgsm tells a good signature and a trusted chain apart; both are wanted, for every SignerInfo. */
function verdict(result: ToolResult, entity: Buffer): Verdict {
  const count = (keyword: string) => result.stderr.split(`[GNUPG:] ${keyword}`).length - 1;
  const signers = count('NEWSIG');
  const good = signers > 0 && count('GOODSIG ') === signers && count('TRUST_FULLY ') === signers;
  return result.status === 0 && good ? accepted(entity) : refused(result.stderr, entity);
}

/** By the content type's OID, 1.2.840.113549.1.7.2, which stands right after the outer SEQUENCE's head. */
function isSignedData(der: Buffer): boolean {
  return der.subarray(0, 24).includes(Buffer.from('06092a864886f70d010702', 'hex'));
}
