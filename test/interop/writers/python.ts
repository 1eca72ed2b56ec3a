import { fileURLToPath } from 'node:url';
import { FramedProcess } from '../../kit/framed-process.js';
import { parseAnswer } from '../../kit/verifiers/answer.js';
import { DEBIAN_PYTHON } from '../../kit/verifiers/m2crypto.js';
import { recipientWith, signerWith } from '../people.js';
import { encryptedEntity, signedEntity } from './mime.js';
import { cannotEncrypt, type Writer } from './writer.js';

/** M2Crypto, Python's binding of OpenSSL's PKCS#7 code (m2crypto_write.py). */
export function m2cryptoWriter(): Writer {
  const { sign, ask, close } = pythonWriter('m2crypto_write.py');
  return {
    sendsChain: true,
    sign,
    encrypt: async (content, { cipher, to }) => {
      const recipients = to.map((kind) => recipientWith(kind).files.certificate);
      return encryptedEntity(await ask({ action: 'encrypt', cipher, recipients }, content), false);
    },
    close,
  };
}

/** Python's `cryptography`, which Debian 12 has in a version that only signs (pyca_write.py). */
export function pycaWriter(): Writer {
  const { sign, close } = pythonWriter('pyca_write.py');
  return { sendsChain: true, sign, encrypt: cannotEncrypt, close };
}

/** A question is a line of JSON and the content; an answer is framed as the verdicts of test/kit/verifiers are. */
function pythonWriter(script: string) {
  const python = new FramedProcess(DEBIAN_PYTHON, [fileURLToPath(new URL(script, import.meta.url))]);
  const ask = async (question: object, content: Buffer): Promise<Buffer> => {
    const answer = parseAnswer(await python.ask(Buffer.concat([Buffer.from(`${JSON.stringify(question)}\n`), content])));
    if (!answer.signerOk) throw new Error(answer.fault);
    return answer.entity;
  };
  const sign: Writer['sign'] = async (content, wanted) => {
    const { certificate, privateKey, chain } = signerWith(wanted.key).files;
    return signedEntity(content, await ask({ ...wanted, action: 'sign', certificate, privateKey, chain }, content), wanted);
  };
  return { sign, ask, close: () => python.close() };
}
