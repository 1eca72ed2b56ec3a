import { addToArchive, archiveDirectoryOf, keepCertificate, removeFromArchive } from '../../archive/store.js';
import { removeIfThere } from '../../disk/durable.js';
import { type FileWriter, writeTogether } from '../../disk/file-group.js';
import { isWait } from '../../errors.js';
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
  const { layout, archiveGroup } = context;
  const unowned: { job: Job; claim: Claim }[] = [];
  for (const job of jobs) {
    const { claim } = job;
    if (claim === undefined || job.own !== undefined) continue;
    if (claim.bytes === undefined) job.own = writeOwnCopy(layout, claim, archiveGroup);
    else unowned.push({ job, claim });
  }
  const ready = jobs.filter((job) => job.sealed !== undefined && job.fault === undefined && job.intent === undefined);
  for (const { sealed } of ready) {
    for (const { fingerprint, der } of sealed?.certificates ?? [])
      context.keepOnce(fingerprint, () => keepCertificate(layout.archive, fingerprint, der));
  }
  const unstaged = ready.filter((job) => job.staged.length === 0);
  // Before anything is written, lest it be put into the empty directory under an unmounted one.
  chooseWays(unstaged, context);
  const entered: string[] = [];
  const written = await writeTogether((files) => {
    const own = unowned.map(({ claim }) => writeOwnCopy(layout, claim, archiveGroup, files));
    const staged = unstaged.map((job) => (job.fault === undefined ? stageJob(job, context, files) : []));
    const complete = ready.filter((job) => job.fault === undefined);
    for (const { id, own } of complete) {
      addToArchive(layout.archive, id, ownCopyPath(layout, id));
      if (own === undefined) entered.push(id);
    }
    for (const directory of touchedBy(jobs, complete, context)) files.syncNames(directory);
    return { own, staged };
  }).catch((error: unknown) => {
    // Our copies went with the rest, and the next ones are other files: entries that are links to these would be in their way.
    for (const id of entered) removeFromArchive(layout.archive, id);
    throw error;
  });
  unowned.forEach(({ job }, index) => {
    job.own = written.own[index];
  });
  unstaged.forEach((job, index) => {
    job.staged.push(...(written.staged[index] ?? []));
    if (job.fault !== undefined) removeStaged(job, context);
  });
  const complete = ready.filter((job) => job.fault === undefined);
  try {
    // Again, before an intent names it.
    if (complete.some(goesByPickup)) requireStaging(context);
  } catch (error) {
    // It went away in between, so what was written may lie elsewhere: all of it is sealed and written again.
    for (const job of complete) {
      removeStaged(job, context);
      job.leftInStaging = true;
    }
    throw error;
  }
  for (const job of complete) job.intent = intentOf(job, context);
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
  return [...doors, ...claimed, ...staging, ...complete.map((job) => archiveDirectoryOf(layout.archive, job.id))];
}

/** Seals and writes one copy after the other. A copy that cannot be sealed (a defect) sets the whole message aside. */
function stageJob(job: Job, context: WorkerContext, files: FileWriter): CopyState[] {
  const staged: CopyState[] = [];
  let via: Way | undefined;
  try {
    for (const { plan, sealed, message } of job.sealed?.copies ?? []) {
      const number = job.firstNumber + staged.length;
      via = wayOf(job, plan);
      const [place, name] = [placeOf(via, context), copyName(job.id, number)];
      if (job.leftInStaging) removeIfThere(`${place}/${name}`);
      const file = stageCopy(place, name, via === 'pickup' ? sealed : message, files);
      const fallback = via === plan.via ? undefined : job.instead?.code;
      staged.push({ number, planned: plan.number, via, fallback, ...file, pending: plan.recipients });
    }
  } catch (error) {
    if (via === 'pickup' && isWait(error)) job.stagingFault = error;
    job.fault = faultOf(error);
  }
  return staged;
}

function removeStaged(job: Job, context: WorkerContext): void {
  for (const copy of job.staged.splice(0)) removeIfThere(`${placeOf(copy.via, context)}/${copy.name}`);
}

function placeOf(via: Way, { layout, config }: WorkerContext): string {
  const { pickup } = config.delivery;
  return via === 'pickup' && pickup !== undefined ? pickup.staging : layout.sealed;
}

function intentOf(job: Job, { bootId, marker }: WorkerContext): Intent {
  const earlier = job.again?.copies.filter((copy) => copy.pending.length === 0) ?? [];
  return { plan: job.again?.plan ?? job.sealed?.plan, bootId, marker, copies: [...earlier, ...job.staged] };
}
