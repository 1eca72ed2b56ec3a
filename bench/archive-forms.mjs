// @ts-check
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { markSecond } from '../dist/archive/second.js';
import { demoAuthority } from '../dist/cli/demo-pki.js';
import { durableRun } from './durable-run.mjs';
import { makeSite } from './site.mjs';

/** How the archive stores originals, each form with the words of the configuration for it. The first is what the others are compared with. */
const forms = /** @type {const} */ ([
  ['plain (default)', ''],
  ['compress: gzip', 'compress: gzip'],
  ['encryptTo', 'encryptTo: [keys/compliance@example.com.crt]'],
  ['encryptTo, gzip', 'encryptTo: [keys/compliance@example.com.crt], compress: gzip'],
  ['second', 'second: second'],
  ['keepSealed: full', 'keepSealed: full'],
  ['encryptTo, keepSealed: full', 'encryptTo: [keys/compliance@example.com.crt], keepSealed: full'],
  ['all of them', 'encryptTo: [keys/compliance@example.com.crt], compress: gzip, second: second, keepSealed: full'],
]);

/**
 * What each form costs in durable throughput, in one run: there and back again, so that a machine that grows slower shows in both halves alike.
 * @param {{ path: string }} disk
 * @param {number} count
 * @param {number} sizeBytes
 */
export async function archiveForms(disk, count, sizeBytes) {
  /** @type {Map<string, { rate: number, cpuMs: number }[]>} */
  const found = new Map();
  for (const [name, words] of [...forms, ...forms.toReversed()]) {
    const { laterRate, laterCpuMs } = await runWith(disk, words, count, sizeBytes);
    found.set(name, [...(found.get(name) ?? []), { rate: laterRate, cpuMs: laterCpuMs }]);
  }
  const mean = (/** @type {string} */ name, /** @type {'rate' | 'cpuMs'} */ what) =>
    (found.get(name) ?? []).reduce((sum, run) => sum + run[what] / 2, 0);
  const [plain] = forms[0];
  for (const [name] of forms) {
    const ratio = (/** @type {'rate' | 'cpuMs'} */ what) => (mean(name, what) / mean(plain, what)).toFixed(2);
    console.log(
      `${name}: ${mean(name, 'rate').toFixed(0)} msg/s, ${ratio('rate')} of the default; ${mean(name, 'cpuMs').toFixed(2)} ms of a processor each, ${ratio('cpuMs')} of the default`,
    );
  }
}

/**
 * @param {{ path: string }} disk
 * @param {string} words
 * @param {number} count
 * @param {number} sizeBytes
 */
async function runWith(disk, words, count, sizeBytes) {
  const site = makeSite(disk.path);
  try {
    demoAuthority(site.directory).issue(site.keys, 'compliance@example.com');
    const second = join(site.directory, 'second');
    mkdirSync(second);
    markSecond({ directory: second, memory: join(site.directory, 'spool', 'second-archive') });
    appendFileSync(site.config, `archive: { ${words} }\n`);
    return await durableRun(site, count, sizeBytes, fillWithUnlike);
  } finally {
    site.remove();
  }
}

/**
 * Messages whose attachments are as hard to compress as pictures and PDF are.
 * @type {typeof import('./site.mjs').fill}
 */
function fillWithUnlike({ doorNew }, count, sizeBytes) {
  for (let n = 0; n < count; n++) {
    const lines = randomBytes(Math.round((sizeBytes - 500) * 0.73))
      .toString('base64')
      .replaceAll(/.{76}/g, '$&\r\n');
    writeFileSync(
      join(doorNew, `${n}.eml`),
      `From: Steve <steve@example.com>\r\nTo: Bob <bob@example.net>\r\nSubject: Benchmark ${n}\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines}\r\n`,
    );
  }
}
