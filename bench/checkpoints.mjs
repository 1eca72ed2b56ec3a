// @ts-check

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointMaker } from '../dist/audit/checkpoint/maker.js';
import { proveRecord } from '../dist/audit/proof/prove.js';
import { newEntry } from '../dist/audit/record.js';
import { AuditWriter } from '../dist/audit/writer.js';
import { makeSelfSigned } from '../dist/keys/self-signed.js';
import { prepareSigner } from '../dist/smime/signer.js';

/** Records of a group commit as the daemon makes them on a busy disk: those of some twenty messages. */
const group = 60;
const records = 60_000;
const every = 20_000;
const rounds = 5;

/**
 * What checkpoints cost the one writer of the audit chain: rate of records with a checkpoint each 20,000, as a ratio to the rate without, both
 * in turn and each the best of five; and what a start and a proof read.
 * @param {{ path: string }} disk
 */
export async function checkpoints(disk) {
  const directory = join(disk.path, 'audit');
  const rates = { without: 0, with: 0 };
  for (let round = 0; round < rounds; round++) {
    for (const kind of /** @type {const} */ (['without', 'with'])) {
      rmSync(directory, { recursive: true, force: true });
      rates[kind] = Math.max(rates[kind], await rate(directory, kind === 'with'));
    }
  }
  console.log(
    `audit writer: ${rates.with.toFixed(0)} records/s with checkpoints, ${rates.without.toFixed(0)} without: ${(rates.with / rates.without).toFixed(3)}`,
  );
  const proving = performance.now();
  proveRecord(directory, 1.5 * every);
  console.log(`a proof from ${every} records under its checkpoint: ${(performance.now() - proving).toFixed(0)} ms`);
  rmSync(join(directory, 'checkpoints'), { recursive: true });
  const writer = await AuditWriter.start({ directory, now: () => new Date() });
  const reading = performance.now();
  CheckpointMaker.open(optionsFor(directory, writer), writer.head);
  const read = (writer.head.seq * 1000) / (performance.now() - reading);
  console.log(`a start without checkpoints reads ${read.toFixed(0)} records/s, with one only those since`);
  await writer.close();
}

/**
 * @param {string} directory
 * @param {boolean} signs
 */
async function rate(directory, signs) {
  const writer = await AuditWriter.start({ directory, now: () => new Date() });
  const maker = signs ? CheckpointMaker.open(optionsFor(directory, writer), writer.head) : undefined;
  if (maker !== undefined) writer.follow((written) => maker.follow(written));
  const entries = Array.from({ length: group }, (_, n) =>
    newEntry(
      'committed',
      { id: '01a2109f-0f3c-7b1e-a5ae-7f0f5e1c2d3b', outcome: 'handed-to-mta' },
      { copies: [{ number: n, name: 'x'.repeat(60) }] },
    ),
  );
  const start = performance.now();
  for (let done = 0; done < records; done += group) {
    await writer.append(entries);
    if (maker !== undefined && maker.uncovered >= every) await maker.make();
  }
  const milliseconds = performance.now() - start;
  await writer.close();
  return (records * 1000) / milliseconds;
}

/**
 * @param {string} directory
 * @param {AuditWriter} writer
 */
function optionsFor(directory, writer) {
  const validity = { notBefore: new Date(Date.now() - 86_400_000), notAfter: new Date(Date.now() + 86_400_000) };
  const made = makeSelfSigned({ commonName: 'bench', key: 'p-256', ...validity });
  const certificate = new X509Certificate(made.certificatePem).raw;
  const signer = prepareSigner({ certificate, chain: [], privateKey: createPrivateKey(made.privateKeyPem), capabilities: [] });
  const append = (/** @type {readonly import('../dist/audit/record.js').Entry[]} */ entries) => writer.append(entries);
  return { directory, identity: { signer, certificates: [certificate] }, now: () => new Date(), append };
}
