import { parseAnswer } from '../../kit/verifiers/answer.js';
import { startJava } from '../../kit/verifiers/java.js';
import { recipientWith, signerWith } from '../people.js';
import { encryptedEntity, signedEntity } from './mime.js';
import type { SignatureWanted, Writer } from './writer.js';

/** BouncyCastle's CMS generators (SmimeWrite.java). */
export function bouncyCastleWriter(): Writer {
  const java = startJava(new URL('SmimeWrite.java', import.meta.url));
  const ask = async (question: Record<string, string | boolean>, content: Buffer): Promise<Buffer> => {
    const line = Object.entries(question).map(([name, value]) => `${name}=${value}`);
    const answer = parseAnswer(await java.ask(Buffer.concat([Buffer.from(`${line.join('\t')}\n`), content])));
    if (!answer.signerOk) throw new Error(answer.fault);
    return answer.entity;
  };
  return {
    sendsChain: true,
    sign: async (content, wanted) => {
      const { form, indefinite } = wanted;
      const { certificate, privateKey, chain } = signerWith(wanted.key).files;
      const question = { action: 'sign', form, indefinite, signature: signatureName(wanted), certificate, privateKey, chain };
      return signedEntity(content, await ask(question, content), wanted);
    },
    encrypt: async (content, { cipher, to, transport, kdf = '', indefinite }) => {
      const recipients = to.map((kind) => recipientWith(kind).files.certificate).join(',');
      const cms = await ask({ action: 'encrypt', cipher, to: recipients, transport, kdf, indefinite }, content);
      return encryptedEntity(cms, !cipher.endsWith('-cbc'));
    },
    close: () => java.close(),
  };
}

/** As the Java Cryptography Architecture names it. */
function signatureName({ key, digest, scheme }: SignatureWanted): string {
  if (key === 'ed25519') return 'Ed25519';
  const algorithm = key.startsWith('rsa') ? 'RSA' : 'ECDSA';
  return `${digest.toUpperCase()}with${algorithm}${scheme === 'pss' ? 'andMGF1' : ''}`;
}
