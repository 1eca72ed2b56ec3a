import { addOne } from '../../archive/add-one.js';
import { findEntry } from '../../archive/entry.js';
import { linkEntry, type PreparedEntry } from '../../archive/entry-writer.js';
import type { StoredEntry } from '../../archive/settings.js';
import { removeLink } from '../../archive/store.js';
import { removeIfThere } from '../../disk/durable.js';
import { type GroupWriter, writeTogether } from '../../disk/file-group.js';
import { isWait } from '../../errors.js';
import { type Octets, octetsOf } from '../../message/octets.js';
import type { CopyPlan } from '../../policy/plan.js';
import { ownCopyPath, writeOwnCopy } from '../../spool/accept.js';
import { type Claim, doorDirectory } from '../../spool/claim.js';
import { copyName } from '../../spool/layout.js';
import { stageCopy } from '../../spool/stage.js';
import type { CopyState, Intent } from '../../spool/ticket.js';
import type { Way } from '../../way.js';
import type { WorkerContext } from './context.js';
import { chooseWays, goesByPickup, requireStaging, wayOf } from './fallback.js';
import type { Job } from './job.js';
import { faultOf } from './message-fault.js';

/**
 * Own copies, sealed copies, used certificates and archive entries become durable together; only then may records name them (I1, I2, I3).
 * Killed before the records: the submitter's inode is still in `work/in`, all of this is removed at the next start and made again.
 */
export async function writeAll(jobs: readonly Job[], context: WorkerContext): Promise<void> {
  const { layout, archive } = context;
  const archiveGroup = archive.settings.group;
  const unowned: { job: Job; claim: Claim }[] = [];
  for (const job of jobs) {
    const { claim } = job;
    if (claim === undefined || job.own !== undefined) continue;
    if (claim.bytes === undefined) job.own = writeOwnCopy(layout, claim, archiveGroup);
    else unowned.push({ job, claim });
  }
  const ready = jobs.filter((job) => job.sealed !== undefined && job.fault === undefined && job.intent === undefined);
  for (const { sealed } of ready) {
    for (const { fingerprint, der } of [...(sealed?.certificates ?? []), ...archive.settings.encryptTo])
      context.keepOnce(fingerprint, () => archive.keepCertificate(fingerprint, der));
  }
  const prepared = await prepareEntries(ready, context);
  const keeps = ready.some(({ sealed }) => sealed?.copies.some(({ plan }) => plan.keepSealed === 'full'));
  archive.makeReady(
    ready.map(({ id }) => id),
    keeps,
  );
  const unstaged = ready.filter((job) => job.staged.length === 0);
  // Before anything is written, lest it be put into the empty directory under an unmounted one.
  chooseWays(unstaged, context);
  const linked: string[] = [];
  const written = await writeTogether((files) => {
    const own = unowned.map(({ claim }) => writeOwnCopy(layout, claim, archiveGroup, files));
    const staged = unstaged.map((job) => (job.fault === undefined ? stageJob(job, context, files) : []));
    const complete = ready.filter((job) => job.fault === undefined);
    const entries = new Map<Job, StoredEntry>();
    for (const job of complete) {
      const entry = prepared.get(job);
      if (entry === undefined) continue;
      entries.set(job, enterJob(job, entry, context, files));
      if (entry.octets === undefined && job.own === undefined) linked.push(job.id);
    }
    for (const directory of touchedBy(jobs, complete, context)) files.syncNames(directory);
    for (const { id } of complete) archive.syncNames(id, files);
    return { own, staged, entries };
  }).catch((error: unknown) => {
    // Our copies went with the rest, and the next ones are other files: entries that are links to these would be in their way.
    for (const id of linked) removeLink(layout.archive, id);
    for (const job of unstaged) job.kept.length = 0;
    throw error;
  });
  for (const [job, entry] of written.entries) job.stored = entry;
  unowned.forEach(({ job }, index) => {
    job.own = written.own[index];
  });
  unstaged.forEach((job, index) => {
    job.staged.push(...(written.staged[index] ?? []));
    if (job.fault !== undefined) removeStaged(job, context);
  });
  const complete = ready.filter((job) => job.fault === undefined);
  requirePlaces(complete, written.entries, context);
  for (const job of complete) job.intent = intentOf(job, context);
}

/** Again, before an intent names them. One that went away in between may have had everything written elsewhere: all of it is written again. */
function requirePlaces(complete: readonly Job[], entries: ReadonlyMap<Job, StoredEntry>, context: WorkerContext): void {
  try {
    context.archive.requireSecond();
  } catch (error) {
    for (const job of complete) {
      removeStaged(job, context);
      const entry = entries.get(job);
      if (entry?.stored !== undefined) context.archive.remove(entry.archive);
      if (entry !== undefined) job.stored = undefined;
    }
    throw error;
  }
  try {
    if (complete.some(goesByPickup)) requireStaging(context);
  } catch (error) {
    for (const job of complete) {
      removeStaged(job, context);
      job.leftInStaging = true;
    }
    throw error;
  }
}

/**
 * The directories whose names have to be durable: of own copies, staged copies and archive entries; and of the claim, lest a power cut
 * undo it and the message be found in the outbox once more.
 */
function touchedBy(jobs: readonly Job[], complete: readonly Job[], context: WorkerContext): string[] {
  const { layout } = context;
  const doors = jobs.flatMap(({ claim }) => (claim === undefined ? [] : [doorDirectory(layout, claim.door)]));
  const claimed = doors.length === 0 ? [] : [layout.work, layout.claimed];
  const staging = complete.flatMap((job) => (job.sealed?.copies ?? []).map(({ plan }) => placeOf(wayOf(job, plan), context)));
  return [...doors, ...claimed, ...staging];
}

/**
 * What is to be stored of each original that has no entry yet. One that was ours before may have an entry under an earlier record: it is that
 * one, and nothing recorded is written again.
 */
async function prepareEntries(ready: readonly Job[], { archive, layout }: WorkerContext): Promise<Map<Job, PreparedEntry>> {
  const entries = new Map<Job, PreparedEntry>();
  for (const job of ready) {
    if (job.stored !== undefined || job.claim !== undefined || findEntry(layout.archive, job.id) === undefined) continue;
    job.stored = await addOne(archive, job.id, ownCopyPath(layout, job.id));
  }
  const make = async (job: Job) => {
    entries.set(job, await archive.prepare(job.bytes ?? Buffer.alloc(0)));
  };
  const missing = ready.filter(({ stored }) => stored === undefined);
  if (archive.isPlain) for (const job of missing) entries.set(job, linkEntry);
  else await Promise.all(missing.map(make));
  return entries;
}

function enterJob(job: Job, entry: PreparedEntry, { archive, layout }: WorkerContext, files: GroupWriter): StoredEntry {
  return archive.enter(job.id, ownCopyPath(layout, job.id), octetsOf(job.bytes ?? Buffer.alloc(0)), entry, files);
}

/** Seals and writes one copy after the other. A copy that cannot be sealed (a defect) sets the whole message aside. */
function stageJob(job: Job, context: WorkerContext, files: GroupWriter): CopyState[] {
  const staged: CopyState[] = [];
  let via: Way | undefined;
  try {
    for (const { plan, sealed, message } of job.sealed?.copies ?? []) {
      const number = job.firstNumber + staged.length;
      via = wayOf(job, plan);
      const [place, name] = [placeOf(via, context), copyName(job.id, number)];
      if (job.leftInStaging) removeIfThere(`${place}/${name}`);
      const octets = plan.keepSealed === 'full' ? remembering(via === 'pickup' ? sealed : message) : via === 'pickup' ? sealed : message;
      const file = stageCopy(place, name, octets, files);
      const fallback = via === plan.via ? undefined : job.instead?.code;
      staged.push({ number, planned: plan.number, via, fallback, ...file, pending: plan.recipients });
      if (plan.keepSealed !== 'full') continue;
      // No fault of staging, from here on.
      via = undefined;
      job.kept.push(context.archive.keep(job.id, number, octets, isEncrypted(plan), files));
    }
  } catch (error) {
    if (via === 'pickup' && isWait(error)) job.stagingFault = error;
    job.fault = faultOf(error);
  }
  return staged;
}

/** What was kept of them in the archive is replaced when they are written again. */
function removeStaged(job: Job, context: WorkerContext): void {
  for (const copy of job.staged.splice(0)) removeIfThere(`${placeOf(copy.via, context)}/${copy.name}`);
  for (const { file } of job.kept.splice(0)) context.archive.remove(file);
}

function isEncrypted({ encryptTo, passed }: CopyPlan): boolean {
  return encryptTo.length > 0 || passed === 'encrypted';
}

/** What is small is not sealed twice for two files. */
function remembering(octets: Octets): Octets {
  if (octets.sizeBytes > mostRememberedBytes) return octets;
  const remembered: Buffer[] = [];
  return {
    sizeBytes: octets.sizeBytes,
    *pieces() {
      if (remembered.length > 0) {
        yield* remembered;
        return;
      }
      for (const piece of octets.pieces()) {
        remembered.push(piece);
        yield piece;
      }
    },
  };
}

const mostRememberedBytes = 1 << 20;

function placeOf(via: Way, { layout, config }: WorkerContext): string {
  const { pickup } = config.delivery;
  return via === 'pickup' && pickup !== undefined ? pickup.staging : layout.sealed;
}

function intentOf(job: Job, { bootId, marker }: WorkerContext): Intent {
  const earlier = job.again?.copies.filter((copy) => copy.pending.length === 0) ?? [];
  return { plan: job.again?.plan ?? job.sealed?.plan, bootId, marker, copies: [...earlier, ...job.staged] };
}
