import { X509Certificate } from 'node:crypto';
import type { Issued } from '../pki.js';
import { unwrap } from './mime-wrapper.js';
import { runTool, type ToolResult } from './run-tool.js';
import { accepted, inParallel, refused, type Verdict, type Verifier, type VerifierKeys } from './verifier.js';

/** The command to read with: `smime` is the older PKCS#7 code beside `cms`, which many programs are still built on. */
export type OpensslCommand = 'cms' | 'smime';

/** `openssl cms -decrypt`, then `openssl cms -verify`; openssl reads the MIME around the CMS by itself. */
export function opensslVerifier(keys: VerifierKeys, command: OpensslCommand = 'cms'): Verifier {
  const open = async (message: Buffer): Promise<Verdict> => {
    const decrypted = await opensslDecrypt(message, keys, command);
    if (typeof decrypted === 'string') return refused(decrypted);
    const args = [command, '-verify', '-inform', 'SMIME', '-CAfile', keys.root.files.certificate];
    const verified = await runTool('openssl', args, { input: decrypted });
    return verified.status === 0 ? accepted(verified.stdout) : refused(verified.stderr, verified.stdout);
  };
  return { name: `openssl ${command}`, open, openAll: (messages) => inParallel(messages, open), close: () => Promise.resolve() };
}

/** The entity inside the encryption, or the fault as text; a message that is not encrypted is returned as it is. */
export async function opensslDecrypt(message: Buffer, keys: VerifierKeys, command: OpensslCommand = 'cms'): Promise<Buffer | string> {
  if (!isEnveloped(message)) return message;
  // Told when none succeeds: what openssl says with the likeliest key.
  let first: ToolResult | undefined;
  for (const { files } of likelyFirst(message, keys.recipients)) {
    // With -recip, openssl insists on a RecipientInfo for that very certificate.
    const args = [command, '-decrypt', '-inform', 'SMIME', '-recip', files.certificate, '-inkey', files.privateKey];
    const result = await runTool('openssl', args, { input: message });
    if (result.status === 0) return result.stdout;
    first ??= result;
  }
  return first?.stderr ?? 'no recipient keys given';
}

/** Spares most of the vain attempts: the recipients whose certificate's serial number stands somewhere in the CMS come first. */
function likelyFirst(message: Buffer, recipients: readonly Issued[]): Issued[] {
  const wrapped = unwrap(message);
  const named = ({ certificate }: Issued) =>
    wrapped.kind === 'cms' && wrapped.der.includes(Buffer.from(new X509Certificate(certificate).serialNumber, 'hex'));
  return [...recipients.filter(named), ...recipients.filter((recipient) => !named(recipient))];
}

function isEnveloped(message: Buffer): boolean {
  const header = message.toString('latin1').split(/\r?\n\r?\n/, 1)[0] ?? '';
  return /^content-type:[^:]*smime-type="?(auth)?enveloped-data/im.test(header);
}
