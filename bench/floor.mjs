// @ts-check
import { constants, createCipheriv, createHash, createPrivateKey, createPublicKey, publicEncrypt, randomBytes, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/**
 * The machine's floor for one message of a size: hash, RSA signature, key transport, cipher and two base64 encodings, bare, in a tight
 * loop on as many threads as asked; nothing is read, parsed, folded or written. Messages per second.
 * @param {{ keys: string, sizeBytes: number, threads: number, milliseconds: number }} options
 * @returns {Promise<number>}
 */
export async function floorRate(options) {
  const rates = await Promise.all(
    Array.from(
      { length: options.threads },
      () =>
        new Promise((resolve, reject) => {
          const worker = new Worker(new URL(import.meta.url), { workerData: options });
          worker.once('message', resolve);
          worker.once('error', reject);
        }),
    ),
  );
  return rates.reduce((sum, rate) => sum + rate, 0);
}

if (!isMainThread && workerData?.sizeBytes !== undefined) {
  const { keys, sizeBytes, milliseconds } = workerData;
  const privateKey = createPrivateKey(readFileSync(`${keys}/steve@example.com.pem`));
  const publicKey = createPublicKey(readFileSync(`${keys}/bob@example.net.crt`));
  const message = randomBytes(sizeBytes);
  let count = 0;
  const start = performance.now();
  while (performance.now() - start < milliseconds) {
    const digest = createHash('sha256').update(message).digest();
    sign('sha256', digest, privateKey);
    const inner = message.toString('base64');
    const key = randomBytes(32);
    publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, key);
    const cipher = createCipheriv('aes-256-cbc', key, randomBytes(16));
    const sealed = cipher.update(inner, 'latin1');
    cipher.final();
    sealed.toString('base64');
    count++;
  }
  parentPort?.postMessage((count * 1000) / (performance.now() - start));
}
