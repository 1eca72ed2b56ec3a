import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { EntryWriter } from '../../archive/entry-writer.js';
import type { ArchiveSettings } from '../../archive/settings.js';
import { announcedBy } from '../../config/announced.js';
import { diskFault } from '../../disk/faults.js';
import { KeyDirectory } from '../../keys/key-directory.js';
import { ownCopyPath } from '../../spool/accept.js';
import { type Candidate, claimCandidate, type OpenCandidate, openCandidate, tooLarge, type Waiting } from '../../spool/claim.js';
import { patiently as repeatPatiently } from '../patiently.js';
import {
  type Done,
  type FromWorker,
  type Offer,
  type OwnOffer,
  plainFault,
  revivedFault,
  type ToWorker,
  takesPerWorker,
  type WorkerData,
} from '../protocol.js';
import { runBatch } from './batch.js';
import { ByteBudget } from './byte-budget.js';
import type { WorkerContext } from './context.js';
import { type Job, jobFromClaim, jobFromWork } from './job.js';
import { Sealer } from './sealer.js';
import { Submitters } from './submitter.js';

/**
 * A worker: takes offered messages, a group at a time, through `runBatch`. While one take waits for the disk, another one works. It shares
 * nothing with the others but the byte budget; paths come in, records go out to the one audit writer.
 */
const data = workerData as WorkerData;
const port = parentPort;
if (port === null) throw new Error('thread.js runs in a worker thread only');

/**
 * What a message takes while it is sealed, in sizes of its original: that, its canonical body, and the re-encoded entity of a detached signature;
 * and compressed, which is no more than it was.
 */
const peakFactor = data.archive.compress === 'none' ? 4 : 5;

type SizedOwnOffer = OwnOffer & { readonly sizeBytes: number };

const budget = new ByteBudget(data.budget, data.config.outbox.maxBytesInFlight);
const submitters = new Submitters();
const kept = new Set<string>();
const appends = new Map<number, { resolve: () => void; reject: (error: unknown) => void }>();
let appendNumber = 0;
let stopping = false;
let { marker } = data;
let pickupFault = data.pickupFault === undefined ? undefined : revivedFault(data.pickupFault);
const archive = new EntryWriter(revived(data.archive));
let context = contextFor(data.config);

port.on('message', (message: ToWorker) => {
  if (message.kind === 'take') {
    const offers = message.offers.length;
    take(message.offers).then(
      (report) => say({ kind: 'done', offers, report }),
      (error: unknown) => say({ kind: 'failed', offers, fault: plainFault(error) }),
    );
  } else if (message.kind === 'durable') {
    const waiting = appends.get(message.append);
    appends.delete(message.append);
    if (message.fault === undefined) waiting?.resolve();
    else waiting?.reject(revivedFault(message.fault));
  } else if (message.kind === 'pickup') {
    marker = message.marker;
    pickupFault = message.fault === undefined ? undefined : revivedFault(message.fault);
  } else if (message.kind === 'config') {
    context = contextFor(message.config);
  } else {
    stopping = true;
  }
});

async function take(offers: readonly Offer[]): Promise<{ done: Done[]; waiting: Waiting[] }> {
  const done: Done[] = [];
  const waiting: Waiting[] = [];
  const share = data.config.outbox.maxBytesInFlight / (data.workers * takesPerWorker);
  let group: (OpenCandidate | SizedOwnOffer)[] = [];
  let groupBytes = 0;
  for (const offer of offers) {
    if (stopping) break;
    const opened = await patiently(() => open(offer, waiting));
    if (opened === undefined) continue;
    const bytes = peakFactor * sizeOf(opened) + (64 << 10);
    if (group.length > 0 && groupBytes + bytes > share) {
      done.push(...(await process(group, groupBytes, waiting)));
      group = [];
      groupBytes = 0;
    }
    group.push(opened);
    groupBytes += bytes;
  }
  if (group.length > 0) done.push(...(await process(group, groupBytes, waiting)));
  return { done, waiting };
}

function open(offer: Offer, waiting: Waiting[]): OpenCandidate | SizedOwnOffer | undefined {
  if (offer.door === 'own') return { ...offer, sizeBytes: statSync(ownCopyPath(data.layout, offer.id)).size };
  return openFile(offer, waiting);
}

function openFile(candidate: Candidate, waiting: Waiting[]): OpenCandidate | undefined {
  const opened = openCandidate(data.layout, candidate, context.config.outbox, Date.now());
  if (opened.kind === 'open') return opened.file;
  if (opened.kind === 'waiting') waiting.push(opened);
  return undefined;
}

async function process(group: readonly (OpenCandidate | SizedOwnOffer)[], bytes: number, waiting: Waiting[]): Promise<Done[]> {
  const release = await budget.reserve(bytes);
  try {
    const started = performance.now();
    const jobs: Job[] = [];
    for (const one of group) {
      const job = await (one.door === 'own' ? patiently(() => ownJob(one)) : claimedJob(one, waiting));
      if (job !== undefined) jobs.push(job);
    }
    if (jobs.length === 0) return [];
    await runBatch(jobs, context);
    const each = (performance.now() - started) / jobs.length;
    return jobs.map((job) => doneOf(job, each));
  } finally {
    release();
  }
}

/** A claim that the disk refused is made again from its opening: its descriptor is closed by then, and the file may have changed. */
function claimedJob(file: OpenCandidate, waiting: Waiting[]): Promise<Job | undefined> {
  let opened: OpenCandidate | undefined = file;
  return patiently(() => {
    const candidate = opened ?? openFile(file, waiting);
    opened = undefined;
    if (candidate === undefined) return undefined;
    const claimed = claimCandidate(data.layout, candidate, context.config.outbox, Date.now());
    if (claimed.kind === 'claimed') return jobFromClaim(claimed.claim);
    if (claimed.kind === 'waiting') waiting.push(claimed);
    return undefined;
  });
}

function ownJob(offer: SizedOwnOffer): Job {
  const path = ownCopyPath(data.layout, offer.id);
  const limit = context.config.outbox.maxMessageBytes;
  // The limit may have been lowered, or a person retries what is still too large.
  if (offer.sizeBytes > limit)
    return { ...jobFromWork({ ...offer, bytes: undefined, own: undefined }), fault: tooLarge(offer.file, offer.sizeBytes, limit) };
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw diskFault(error, 'read', path);
  }
  const own = { path, sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  return jobFromWork({ ...offer, bytes, own });
}

function contextFor(config: WorkerData['config']): WorkerContext {
  const keys = new KeyDirectory(config.keys, { announced: announcedBy(config) });
  return {
    config,
    layout: data.layout,
    keys,
    sealer: new Sealer(config, keys, archive.recipients),
    audit: { append },
    bootId: data.bootId,
    get marker() {
      return marker;
    },
    get pickupFault() {
      return pickupFault;
    },
    archive,
    now: () => new Date(),
    patiently,
    submitterOf: (uid) => (config.senders === null ? undefined : submitters.namesOf(uid, Date.now())),
    keepOnce: (fingerprint, step) => {
      if (kept.has(fingerprint)) return;
      step();
      kept.add(fingerprint);
    },
    handOver: (message) => say({ kind: 'handed-over', message }),
  };
}

function append(entries: Parameters<WorkerContext['audit']['append']>[0]): Promise<void> {
  if (entries.length === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    appendNumber++;
    appends.set(appendNumber, { resolve, reject });
    say({ kind: 'append', append: appendNumber, entries });
  });
}

function patiently<T>(step: () => T | Promise<T>): Promise<T> {
  return repeatPatiently(step, { waits: (fault) => say({ kind: 'waits', fault }), goesOn: () => !data.once && !stopping });
}

function doneOf(job: Job, milliseconds: number): Done {
  const copies = job.staged.map(({ name, pending, via }) => ({ name, recipients: pending, via }));
  const common = { id: job.id, file: job.submittedAs, copies, milliseconds, algorithms: job.sealed?.algorithms };
  if (job.aside !== undefined) return { ...common, outcome: job.aside.event, fault: plainFault(job.fault) };
  return { ...common, outcome: job.late || job.staged.some((copy) => copy.via !== 'pickup') ? 'handed-over' : 'committed' };
}

function sizeOf(one: OpenCandidate | SizedOwnOffer): number {
  return Math.min(one.door === 'own' ? one.sizeBytes : Number(one.stats.size), context.config.outbox.maxMessageBytes);
}

/** A Buffer comes into another thread as the Uint8Array it is. */
function revived(settings: ArchiveSettings): ArchiveSettings {
  return { ...settings, encryptTo: settings.encryptTo.map(({ fingerprint, der }) => ({ fingerprint, der: Buffer.from(der) })) };
}

function say(message: FromWorker): void {
  port?.postMessage(message);
}
