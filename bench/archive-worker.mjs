// @ts-check
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { archivePath } from '../dist/archive/path.js';
import { newEntry } from '../dist/audit/record.js';
import { announcedBy } from '../dist/config/announced.js';
import { loadConfig } from '../dist/config/load.js';
import { Sealer } from '../dist/daemon/worker/sealer.js';
import { KeyDirectory } from '../dist/keys/key-directory.js';
import { newMessageId } from '../dist/message-id.js';
import { madeMail, nobody } from './archive-mail.mjs';

// A thread of make-archive: writes the originals of a batch and makes its records, as `daemon/worker/batch.ts` does. The chain, which
// only one can write, is the main thread's.

/** @typedef {import('./archive-mail.mjs').MadeMail} MadeMail */

/** @type {{ archive: string, config: string, sizeBytes: number, signed: boolean, firstMs: number, stepMs: number }} */
const { archive, config: configPath, sizeBytes, signed, firstMs, stepMs } = workerData;
const sealer = signed ? openSealer() : undefined;
const certificate = createHash('sha256').update(nobody).digest('hex');

parentPort?.on('message', (/** @type {{ batch: number, from: number, to: number }} */ { batch, from, to }) => {
  const made = Array.from({ length: to - from }, (_, index) => makeOne(from + index));
  const entries = /** @type {const} */ (['accepted', 'intent', 'end']).flatMap((phase) => made.map(({ records }) => records[phase]));
  const ids = made.filter(({ records }) => records.end.event === 'committed').map(({ id }) => id);
  entries.push(newEntry('handed-over', { outcome: 'taken-by-mta' }, { ids, apartFrom: [] }));
  parentPort?.postMessage({
    batch,
    timeMs: firstMs + (to - 1) * stepMs,
    entries,
    bytes: made.reduce((sum, each) => sum + each.sizeBytes, 0),
  });
});

/** @param {number} number */
function makeOne(number) {
  const time = new Date(firstMs + number * stepMs);
  const id = newMessageId(time.getTime());
  const mail = madeMail(number, { sizeBytes, time, signed });
  const { bytes } = mail;
  writeFileSync(`${archive}/${archivePath(id)}`, bytes, { mode: 0o440, flag: 'wx' });
  const accepted = { file: `job-${number}.eml`, door: 'new', uid: 1000 + (number % 7), sizeBytes: bytes.length, sha256: digest(bytes) };
  return {
    id,
    sizeBytes: bytes.length,
    records: { accepted: newEntry('accepted', { id }, accepted), ...decided(id, mail, accepted, time) },
  };
}

/**
 * What became of it: handed over; or, each 500th, held for a person and dropped.
 * @param {string} id
 * @param {MadeMail} mail
 * @param {{ file: string, uid: number }} accepted
 * @param {Date} time
 */
function decided(id, mail, { file, uid }, time) {
  const archived = archivePath(id);
  if (mail.dropped) {
    const code = 'certificate-missing';
    const ticket = { version: 1, id, file, uid, time: time.toISOString(), code, message: 'no certificate', cure: 'Add one.', attempts: 1 };
    return {
      intent: newEntry('quarantined', { id, outcome: code }, { ticket }),
      end: newEntry('dropped', { id }, { archive: archived, by: 0 }),
    };
  }
  const { intent, algorithms, ...facts } = sealer === undefined ? invented(id, mail) : sealed(sealer, id, mail.bytes);
  const copies = intent.copies.map(({ number, name }) => ({ number, name, outcome: 'committed' }));
  return {
    intent: newEntry('intent', { id, algorithms }, { intent, archive: archived, ...facts }),
    end: newEntry('committed', { id, outcome: 'handed-to-mta' }, { copies }),
  };
}

/**
 * Sealed as the daemon does it; the copies are hashed and go nowhere.
 * @param {Sealer} by
 * @param {string} id
 * @param {Buffer} bytes
 */
function sealed(by, id, bytes) {
  const made = by.seal(bytes, id, undefined, new Date());
  const { plan, copies, messageId, signer, signerInfos, recipe, changes, algorithms, certificates } = made;
  const states = copies.map(({ plan: { number, via, recipients }, sealed: pieces }) => {
    const hash = createHash('sha256');
    for (const piece of pieces.pieces()) hash.update(piece);
    return copyState(id, number, via, recipients, pieces.sizeBytes, hash.digest('hex'));
  });
  const fingerprints = certificates.map(({ fingerprint }) => fingerprint);
  return { intent: intentOf(plan, states), messageId, signer, signerInfos, recipe, certificates: fingerprints, changes, algorithms };
}

/**
 * The same without keys: the plan of a message that was encrypted and not signed. The copies' hashes are made up.
 * @param {string} id
 * @param {MadeMail} mail
 */
function invented(id, { sender, to, cc, bcc, messageId, rule }) {
  const visible = [...to, ...cc];
  const copies = [visible, ...bcc.map((address) => [address])].map((recipients, index) => ({
    number: index + 1,
    recipients,
    blind: index > 0,
    rule,
    via: 'pickup',
    sign: 'none',
    signature: 'auto',
    digest: 'sha256',
    encryptTo: recipients.map(() => certificate),
    encryptAddresses: recipients,
    content: 'aes-256-cbc',
    keyTransport: 'rsa-pkcs1',
    transport: {},
  }));
  const decisions = [...visible, ...bcc].map((address) => {
    return { address, visible: visible.includes(address), rule, encrypt: true, why: 'encrypt: required' };
  });
  const plan = { version: 1, sender, from: sender, copies, decisions, dropped: [] };
  const states = copies.map(({ number, via, recipients }) =>
    copyState(id, number, via, recipients, sizeBytes * 2, digest(Buffer.from(`${id}-${number}`))),
  );
  const algorithms = 'aes-256-cbc+rsa-pkcs1';
  return { intent: intentOf(plan, states), messageId, signerInfos: [], certificates: [certificate], changes: [], algorithms };
}

/**
 * @param {string} id
 * @param {number} number
 * @param {string} via
 * @param {string[]} recipients
 * @param {number} size
 * @param {string} sha256
 */
function copyState(id, number, via, recipients, size, sha256) {
  return { number, planned: number, via, name: `${id}-${number}.eml`, sizeBytes: size, sha256, pending: recipients };
}

/**
 * @param {object} plan
 * @param {ReturnType<typeof copyState>[]} copies
 */
function intentOf(plan, copies) {
  return { plan, bootId: '00000000-0000-4000-8000-000000000000', marker: 'made-up', copies };
}

/** @param {Buffer} bytes */
function digest(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

function openSealer() {
  const config = loadConfig(configPath);
  const keys = new KeyDirectory(config.keys, { announced: announcedBy(config) });
  keys.refresh();
  return new Sealer(config, keys, []);
}
