// @ts-check
// node-forge as it comes, in two worker threads. Arguments and what it prints: run.mjs.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import forge from 'node-forge';

const [keys = '', mails = '', sample = '', seconds = ''] = process.argv.slice(2);
const { pki, pkcs7, asn1, util } = forge;

if (isMainThread) {
  const workers = [1, 2].map((number) => new Worker(new URL(import.meta.url), { argv: process.argv.slice(2), workerData: { number } }));
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
  console.log('ready');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  for (const worker of workers) {
    worker.on('message', (figures) => console.log(JSON.stringify(figures)));
    worker.postMessage('go');
  }
  process.stdin.resume();
} else {
  const pem = (/** @type {string} */ name) => readFileSync(join(keys, name), 'latin1');
  const certificate = pki.certificateFromPem(pem('steve@example.com.crt'));
  const key = pki.privateKeyFromPem(pem('steve@example.com.pem'));
  const recipient = pki.certificateFromPem(pem('bob@example.net.crt'));
  const names = readdirSync(mails).map((name) => join(mails, name));

  const warmUpUntil = performance.now() + 2000;
  do {
    const sealed = seal(certificate, key, recipient, names[0] ?? '');
    if (workerData.number === 1) writeFileSync(sample, sealed);
  } while (performance.now() < warmUpUntil);
  parentPort?.once('message', () => {
    const start = performance.now();
    const elapsed = () => (performance.now() - start) / 1000;
    let messages = 0;
    do seal(certificate, key, recipient, names[messages++ % names.length] ?? '');
    while (elapsed() < Number(seconds));
    parentPort?.postMessage({ messages, seconds: elapsed() });
  });
  parentPort?.postMessage('ready');
}

/**
 * @param {forge.pki.Certificate} certificate
 * @param {forge.pki.rsa.PrivateKey} key
 * @param {forge.pki.Certificate} recipient
 * @param {string} path
 */
function seal(certificate, key, recipient, path) {
  const signed = pkcs7.createSignedData();
  signed.content = util.createBuffer(readFileSync(path, 'latin1'));
  signed.addCertificate(certificate);
  const digestAlgorithm = pki.oids.sha256 ?? '';
  const authenticatedAttributes = [
    { type: pki.oids.contentType ?? '', value: pki.oids.data ?? '' },
    { type: pki.oids.messageDigest ?? '' },
    { type: pki.oids.signingTime ?? '' },
  ];
  signed.addSigner({ key, certificate, digestAlgorithm, authenticatedAttributes });
  signed.sign();

  const enveloped = pkcs7.createEnvelopedData();
  enveloped.addRecipient(recipient);
  enveloped.content = util.createBuffer(entity('signed-data', signed));
  enveloped.encrypt();
  return entity('enveloped-data', enveloped);
}

/**
 * @param {string} type
 * @param {{ toAsn1(): forge.asn1.Asn1 }} cms
 */
function entity(type, cms) {
  const base64 = Buffer.from(asn1.toDer(cms.toAsn1()).getBytes(), 'latin1').toString('base64');
  const header = `MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=${type}\r\nContent-Transfer-Encoding: base64\r\n\r\n`;
  return header + base64.replace(/.{1,76}/g, '$&\r\n');
}
