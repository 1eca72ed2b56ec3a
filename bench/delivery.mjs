// @ts-check
// npm run bench:delivery [-- --seconds N] [--at-once N,N] [--sizes BYTES,BYTES] [--dir DIR]
// How fast sealed mail is handed over, sealing not counted: by pickup (staged, made durable, renamed, as the daemon does it), by SMTP into a
// server that throws mail away and into a Postfix that writes it to its queue, and to a stand-in for the SparkPost API. Prints the table of
// docs/performance.md.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SparkpostDelivery } from '../dist/delivery/api/sparkpost.js';
import { pickupFile } from '../dist/delivery/pickup/file.js';
import { pickupProfile } from '../dist/delivery/pickup/profile.js';
import { SmtpDelivery } from '../dist/delivery/smtp/smtp.js';
import { syncDirectories, writeTogether } from '../dist/disk/file-group.js';
import { seal } from '../dist/library.js';
import { octetsOf } from '../dist/message/octets.js';
import { commitCopy } from '../dist/spool/commit.js';
import { stageCopy } from '../dist/spool/stage.js';
import { benchDisk } from './disk.mjs';
import { startApi, startPostfix, startSink } from './mta.mjs';
import { mail, makeSite } from './site.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    'at-once': { type: 'string', default: '1,4,16' },
    sizes: { type: 'string', default: '19000,577000' },
    dir: { type: 'string' },
  },
});
const atOnce = values['at-once'].split(',').map(Number);
const warmUpMs = 500;
const ENVELOPE = { sender: 'steve@example.com', recipients: ['bob@example.net'] };

/** @typedef {{ name: string, begin: (message: Buffer, lanes: number) => Promise<{ lane: () => Promise<void>, together: boolean, end: () => Promise<void> }> }} Way */

const disk = benchDisk(values.dir);
console.log(`Node.js ${process.versions.node}, ${availableParallelism()} cores, ${disk.kind}; messages a second (MB a second)\n`);
const ways = [pickup(disk.path), smtp(await startSink()), smtp(await startPostfix(disk.path)), sparkpost(await startApi())];
const messages = values.sizes.split(',').map(Number).map(sealed);
row(['way', 'message', 'sealed', ...atOnce.map((count) => `${count} at once`)]);
row(['---', '---', '---', ...atOnce.map(() => '---')]);
for (const { message, name } of messages) {
  for (const way of ways) {
    const rates = [];
    for (const count of atOnce) rates.push(await rate(way, message, count));
    const cells = rates.map((each) => `${each.toFixed(0)} (${((each * message.length) / 1e6).toFixed(0)})`);
    row([way.name, name, `${Math.round(message.length / 1000)} KB`, ...cells]);
  }
}
process.exit();

/**
 * A message of about so many octets, signed and encrypted.
 * @param {number} sizeBytes
 */
function sealed(sizeBytes) {
  const site = makeSite(disk.path);
  try {
    const pem = (/** @type {string} */ name) => readFileSync(join(site.keys, name), 'utf8');
    const signer = { certificate: pem('steve@example.com.crt'), privateKey: pem('steve@example.com.pem') };
    const message = seal(Buffer.from(mail(1, sizeBytes)), {
      sign: { signers: [signer] },
      encrypt: { recipients: [pem('bob@example.net.crt')] },
    });
    return { message, name: `${Math.round(sizeBytes / 1000)} KB` };
  } finally {
    site.remove();
  }
}

/**
 * Messages a second over some seconds, after a moment that does not count: connections open and code is compiled.
 * @param {Way} way
 * @param {Buffer} message
 * @param {number} count
 */
async function rate(way, message, count) {
  const { lane, together, end } = await way.begin(message, count);
  let done = 0;
  const startedAt = performance.now() + warmUpMs;
  const endsAt = startedAt + Number(values.seconds) * 1000;
  const run = async () => {
    while (performance.now() < endsAt) {
      await lane();
      if (performance.now() >= startedAt) done += together ? count : 1;
    }
  };
  await Promise.all(Array.from({ length: together ? 1 : count }, run));
  const seconds = (performance.now() - startedAt) / 1000;
  await end();
  return done / seconds;
}

/**
 * So many files are made durable and renamed together, as the daemon does with a batch.
 * @param {string} parent
 * @returns {Way}
 */
function pickup(parent) {
  return {
    name: 'pickup',
    begin: async (message, count) => {
      const directory = mkdtempSync(join(parent, 'pickup-'));
      const place = { staging: join(directory, 'staging'), pickup: join(directory, 'pickup'), marker: '' };
      for (const path of [place.staging, place.pickup]) mkdirSync(path);
      let number = 0;
      const lane = async () => {
        const names = Array.from({ length: count }, () => `${number++}.eml`);
        await writeTogether((files) => {
          for (const name of names) {
            const file = pickupFile(octetsOf(message), pickupProfile('powermta'), { ...ENVELOPE, envid: name });
            stageCopy(place.staging, name, file, files);
          }
          files.syncNames(place.staging);
        });
        for (const name of names) commitCopy(place, name);
        await syncDirectories([place.pickup, place.staging]);
      };
      return { lane, together: true, end: async () => rmSync(directory, { recursive: true }) };
    },
  };
}

/**
 * @param {import('./mta.mjs').Server} server
 * @returns {Way}
 */
function smtp({ name, port }) {
  return {
    name,
    begin: async (message, connections) =>
      offering(new SmtpDelivery({ servers: [{ host: '127.0.0.1', port }], tls: 'none', name: 'client.example.com', connections }), message),
  };
}

/**
 * @param {import('./mta.mjs').Server} server
 * @returns {Way}
 */
function sparkpost({ name, port }) {
  return {
    name,
    begin: async (message, connections) =>
      offering(new SparkpostDelivery({ host: `http://127.0.0.1:${port}`, apiKey: 'key', connections }), message),
  };
}

/**
 * Over so many connections as the way was given, each with one message at a time.
 * @param {import('../dist/delivery/delivery.js').Delivery} delivery
 * @param {Buffer} message
 */
function offering(delivery, message) {
  let number = 0;
  const lane = async () => {
    const { recipients } = await delivery.send({ ...ENVELOPE, message: octetsOf(message), envid: `bench-${number++}` });
    const [outcome] = recipients;
    if (outcome?.status !== 'accepted') throw new Error(`the server answered ${outcome?.code} ${outcome?.text}`);
  };
  return { lane, together: false, end: () => delivery.close() };
}

/** @param {readonly string[]} cells */
function row(cells) {
  console.log(`| ${cells.join(' | ')} |`);
}
