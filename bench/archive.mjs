// @ts-check
// npm run bench:archive [-- --messages N] [--dir D] [--keep]
//   Makes an archive of that many messages (or takes the one that is in D already), makes its search index, and asks it. A question counts
//   as slow above a second.
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { addressCriterion } from '../dist/archive/index/criteria.js';
import { findMessages } from '../dist/archive/index/find.js';
import { openIndex } from '../dist/archive/index/open-index.js';
import { indexFile } from '../dist/archive/index/place.js';
import { updateIndex } from '../dist/archive/index/update.js';
import { atEnd } from './at-end.mjs';
import { makeArchive } from './make-archive.mjs';

/** @typedef {import('../dist/archive/index/criteria.js').Criteria} Criteria */

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    dir: { type: 'string', default: '/var/tmp/sealdrop-bench-archive' },
    keep: { type: 'boolean', default: false },
  },
});
const slowMs = 1000;
const directory = values.dir;
const place = { audit: join(directory, 'spool/audit'), archive: join(directory, 'spool/archive'), index: join(directory, 'spool/index') };
console.log(`Node.js ${process.versions.node}, ${availableParallelism()} cores`);
if (!existsSync(place.audit)) {
  if (!values.keep) atEnd(() => rmSync(directory, { recursive: true, force: true, maxRetries: 10 }));
  const { seconds, bytes } = await makeArchive({ directory, messages: Number(values.messages), days: 60 });
  console.log(`made ${values.messages} messages, ${bytes} octets, in ${seconds.toFixed(0)} s`);
}
await rebuild();
await catchUp();
await ask();

async function rebuild() {
  const started = performance.now();
  const result = await updateIndex(place, { rebuild: true });
  const seconds = (performance.now() - started) / 1000;
  const count = countOf();
  const size = statSync(indexFile(place)).size;
  const records = result.kind === 'current' ? result.records : 0;
  console.log(`index made: ${rate(count, seconds)} messages/s, ${rate(records, seconds)} records/s (${seconds.toFixed(0)} s)`);
  console.log(`            ${Math.round(size / count)} octets a message, memory at most ${Math.round(peakMiB())} MiB`);
}

/** Lets it forget the last segment, and read that again: what a daemon's index does that was switched off for a day. */
async function catchUp() {
  const opened = openIndex(indexFile(place), place.audit);
  if ('unusable' in opened) throw new Error(opened.unusable);
  const { database, reached } = opened;
  if (reached === undefined) throw new Error('empty');
  // Behind the segment's first record.
  const [line = ''] = readFileSync(join(place.audit, `${reached.segment}.chain.jsonl`), 'utf8').split('\n', 1);
  const { seq, hash, time } = JSON.parse(line);
  const [details = ''] = readFileSync(join(place.audit, `${reached.segment}.details.jsonl`), 'utf8').split('\n', 1);
  const back = {
    segment: reached.segment,
    offset: Buffer.byteLength(line) + 1,
    detailsOffset: Buffer.byteLength(details) + 1,
    seq,
    hash,
    time,
  };
  database.prepare("update meta set value=? where key='reached'").run([JSON.stringify(back)]);
  database.close();
  const started = performance.now();
  const result = await updateIndex(place);
  const seconds = (performance.now() - started) / 1000;
  if (result.kind !== 'current') throw new Error(result.kind);
  console.log(`caught up with a day: ${rate(result.messages, seconds)} messages/s (${result.messages} in ${seconds.toFixed(1)} s)`);
}

async function ask() {
  const opened = openIndex(indexFile(place), place.audit);
  if ('unusable' in opened) throw new Error(opened.unusable);
  const { database } = opened;
  const some = [...findMessages(database, { state: 'taken-by-mta' }, 5000)].at(-1);
  if (some === undefined) throw new Error('nothing there');
  const at = addressCriterion;
  const dayMs = 86_400_000;
  const nowMs = Number.parseInt(some.id.replace('-', '').slice(0, 12), 16);
  /** @type {[string, Criteria][]} */
  const questions = [
    ['nothing but the newest', {}],
    ['sender', { from: at(some.authors[0] ?? '') }],
    ['recipient', { to: at([...some.visible, ...some.blind][0] ?? '') }],
    ['domain of three in four senders', { from: at('@example.com') }],
    ['domain of recipients', { to: at('@bank.example') }],
    ['domains below one, few', { from: at('*@*.example.com') }],
    ['domains below one, nearly all', { to: at('*@*.example.net') }],
    ['subject, one has it', { subject: some.subject ?? '' }],
    ['subject, many have it', { subject: 'INVOICE' }],
    ['subject, none has it', { subject: 'no such words' }],
    ['Message-ID', { messageId: some.messageId ?? '' }],
    ['hash of an original', { hash: some.sha256 ?? '' }],
    ['hash of a copy', { hash: some.copies.get(1) ?? '' }],
    ['rule', { rule: 'partner' }],
    ['state, few', { state: 'dropped' }],
    ['state, nearly all', { state: 'taken-by-mta' }],
    ['a day', { afterMs: nowMs - 9 * dayMs, beforeMs: nowMs - 8 * dayMs }],
    ['a day and a domain', { to: at('@bank.example'), afterMs: nowMs - 9 * dayMs, beforeMs: nowMs - 8 * dayMs }],
    [
      'three that many have, a subject that none has',
      { from: at('@example.com'), state: 'taken-by-mta', rule: 'partner', subject: 'no such words' },
    ],
    ['two domains, no message has both', { from: at('@example.com'), to: at('@example.com') }],
    ['three that many have, nearly none has all', { from: at('@example.com'), to: at('@partner.example'), rule: 'bank' }],
  ];
  for (const [name, criteria] of questions) {
    const times = [0, 1].map(() => {
      const started = performance.now();
      const found = [...findMessages(database, criteria, 50)].length;
      return { ms: performance.now() - started, found };
    });
    const [first, again] = times;
    const slow = (first?.ms ?? 0) > slowMs ? '  SLOW' : '';
    if (slow !== '') process.exitCode = 1;
    console.log(
      `${name.padEnd(48)} ${String(first?.found).padStart(3)} found  ${first?.ms.toFixed(1)} ms, again ${again?.ms.toFixed(1)} ms${slow}`,
    );
  }
  database.close();
}

function countOf() {
  const opened = openIndex(indexFile(place), place.audit);
  if ('unusable' in opened) throw new Error(opened.unusable);
  const count = Number(opened.database.prepare('select count(*) as count from message').get()?.count);
  opened.database.close();
  return count;
}

function peakMiB() {
  return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) / 1024;
}

/**
 * @param {number} count
 * @param {number} seconds
 */
function rate(count, seconds) {
  return Math.round(count / seconds).toLocaleString('en-US');
}
