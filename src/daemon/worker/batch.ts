import { archivePath } from '../../archive/path.js';
import { addToArchive, archiveDirectoryOf, keepCertificate, removeFromArchive } from '../../archive/store.js';
import { newEntry } from '../../audit/record.js';
import { removeIfThere } from '../../disk/durable.js';
import { type FileWriter, syncDirectories, writeTogether } from '../../disk/file-group.js';
import { SealdropError } from '../../errors.js';
import { ownCopyPath, writeOwnCopy } from '../../spool/accept.js';
import { type Claim, doorDirectory } from '../../spool/claim.js';
import { commitCopy } from '../../spool/commit.js';
import { copyName } from '../../spool/layout.js';
import { moveMessage } from '../../spool/move.js';
import { stageCopy } from '../../spool/stage.js';
import { type CopyState, type Intent, isDone, ticketName } from '../../spool/ticket.js';
import type { Way } from '../../way.js';
import type { EventDetails, EventName } from '../events.js';
import { setAside } from '../hold.js';
import type { WorkerContext } from './context.js';
import { chooseWays, goesByPickup, requireStaging, wayOf } from './fallback.js';
import type { Job } from './job.js';
import type { SealedMessage } from './sealer.js';

/**
 * Takes a batch of messages through all its phases. Each phase runs over the whole batch before the next begins, so that fsyncs and
 * audit appends are shared: all that has to be durable before a message is decided on is waited for once, and so are its decisions. Every
 * phase can be repeated: it passes over what it has done. A `wait` fault therefore means: the batch stays where it is and the phase is tried
 * again when the resource is back.
 */
export async function runBatch(jobs: readonly Job[], context: WorkerContext): Promise<void> {
  const { audit, patiently } = context;
  await patiently(() => context.keys.refresh());
  await patiently(() => sealAll(jobs, context));
  await patiently(() => writeAll(jobs, context));
  await audit.append([...acceptedEntries(jobs), ...intentEntries(jobs)]);
  await patiently(() => removeClaimed(jobs));
  await patiently(() => commitAll(jobs, context));
  await audit.append([...committedEntries(jobs), ...setAsideEntries(jobs, context)]);
  await patiently(() => finishAll(jobs, context));
}

function acceptedEntries(jobs: readonly Job[]) {
  return jobs.flatMap((job) => {
    if (job.accepted || job.own === undefined) return [];
    const { sizeBytes, sha256 } = job.own;
    return [entry('accepted', job, { file: job.submittedAs, door: job.claim?.door ?? 'work', uid: job.uid, sizeBytes, sha256 })];
  });
}

/** The record that we have it is durable: now, and not before, the submitter's file may go. Undone by a power cut: it goes again. */
function removeClaimed(jobs: readonly Job[]): void {
  for (const job of jobs) {
    if (job.claim !== undefined) removeIfThere(job.claim.path);
  }
}

function sealAll(jobs: readonly Job[], context: WorkerContext): void {
  for (const job of jobs) {
    if (job.fault !== undefined || job.sealed !== undefined || job.bytes === undefined) continue;
    try {
      job.sealed = sealJob(job, job.bytes, context);
    } catch (error) {
      job.fault = faultOf(error);
    }
  }
}

function sealJob(job: Job, bytes: Buffer, { sealer, submitterOf, now }: WorkerContext): SealedMessage {
  if (job.again === undefined) return sealer.seal(bytes, job.id, submitterOf(job.uid), now());
  const { plan, copies } = job.again;
  const wanted = copies.filter((copy) => copy.pending.length > 0).map((copy) => copy.planned);
  return sealer.sealAgain(bytes, job.id, plan, wanted, now());
}

/**
 * Own copies, sealed copies, used certificates and archive entries become durable together; only then may records name them (I1, I2, I3).
 * Killed before the records: the submitter's inode is still in `work/in`, all of this is removed at the next start and made again.
 */
async function writeAll(jobs: readonly Job[], context: WorkerContext): Promise<void> {
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
    for (const job of complete) removeStaged(job, context);
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
      const file = stageCopy(placeOf(via, context), copyName(job.id, number), via === 'pickup' ? sealed : message, files);
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

function intentEntries(jobs: readonly Job[]) {
  return jobs.flatMap((job) => {
    const { sealed, intent } = job;
    if (sealed === undefined || intent === undefined) return [];
    const { messageId, signer, signers, signerInfos, changes } = sealed;
    const certificates = sealed.certificates.map(({ fingerprint }) => fingerprint);
    const detail = {
      intent,
      archive: archivePath(job.id),
      messageId,
      signer,
      ...(signers.length > 1 ? { signers } : {}),
      signerInfos,
      certificates,
      changes,
    };
    return [entry('intent', job, detail, { algorithms: sealed.algorithms })];
  });
}

/**
 * The renames into pickup. From here on nothing is decided again: a kill leaves the intent, and recovery finishes it (I2). Where new mail
 * has a fallback, nobody waits here for a pickup that went away: the main thread finishes these commits when it is back.
 */
async function commitAll(jobs: readonly Job[], context: WorkerContext): Promise<void> {
  const { pickup, fallback } = context.config.delivery;
  if (pickup === undefined) return;
  const committing = jobs.filter(({ intent, staged }) => intent !== undefined && staged.some(({ via }) => via === 'pickup'));
  try {
    await renameInto(pickup, committing, context.marker ?? '');
  } catch (error) {
    if (fallback === undefined || !isWait(error)) throw error;
    for (const job of committing) {
      // Not durable yet, so not to be recorded; what was renamed already is found out then.
      job.outcomes.clear();
      job.late = true;
    }
  }
}

async function renameInto(pickup: { directory: string; staging: string }, jobs: readonly Job[], marker: string): Promise<void> {
  const place = { staging: pickup.staging, pickup: pickup.directory, marker };
  let renamed = false;
  for (const job of jobs) {
    for (const copy of job.staged) {
      if (copy.via !== 'pickup' || job.outcomes.has(copy.number)) continue;
      job.outcomes.set(copy.number, commitCopy(place, copy.name));
    }
    renamed ||= job.outcomes.size > 0;
  }
  if (renamed) await syncDirectories([pickup.directory, pickup.staging]);
}

function committedEntries(jobs: readonly Job[]) {
  return jobs.flatMap((job) => {
    if (job.outcomes.size === 0 || job.intent === undefined) return [];
    const copies = job.staged.flatMap(({ number, name }) => {
      const outcome = job.outcomes.get(number);
      return outcome === undefined ? [] : [{ number, name, outcome }];
    });
    const after = job.intent.copies.map((copy): CopyState => {
      const outcome = job.outcomes.get(copy.number);
      return outcome === undefined || outcome === 'unknown' ? copy : { ...copy, pending: [] };
    });
    job.intent = { ...job.intent, copies: after };
    if (copies.some((copy) => copy.outcome === 'unknown')) job.fault = commitUnknown();
    return [entry('committed', job, { copies }, { outcome: job.fault === undefined ? 'handed-to-mta' : 'unknown' })];
  });
}

function setAsideEntries(jobs: readonly Job[], { now, config }: WorkerContext) {
  return jobs.flatMap((job) => {
    if (job.fault === undefined) return [];
    job.aside = setAside(job, job.fault, config.delivery.retry, now(), Math.random());
    const { event, ticket } = job.aside;
    return [entry(event, job, { ticket }, { outcome: job.fault.code })];
  });
}

/** I3: archive entry and records are durable, so our copy may leave work. Killed in between: recovery reads the records and ends here. */
function finishAll(jobs: readonly Job[], { layout, handOver }: WorkerContext): void {
  for (const job of jobs) {
    if (job.finished) continue;
    if (job.aside !== undefined) moveMessage(layout.work, layout[job.aside.to], job.aside.ticket);
    else if (job.intent !== undefined && isDone(job.intent)) {
      // Most messages have no ticket, and to ask for one costs as much as to remove the message.
      removeIfThere(ownCopyPath(layout, job.id));
      if (job.earlier !== undefined) removeIfThere(`${layout.work}/${ticketName(job.id)}`);
    } else if (job.intent !== undefined) handOver({ id: job.id, file: job.submittedAs, uid: job.uid, intent: job.intent });
    job.finished = true;
  }
}

function entry<E extends EventName>(event: E, job: Job, detail: EventDetails[E], facts: { outcome?: string; algorithms?: string } = {}) {
  return newEntry(event, { id: job.id, ...facts }, detail);
}

function isWait(error: unknown): error is SealdropError {
  return error instanceof SealdropError && error.disposition === 'wait';
}

/** An error that is not ours is a defect: the message is held with its reason, others go on, and nothing leaves. */
function faultOf(error: unknown): SealdropError {
  if (error instanceof SealdropError) {
    if (error.disposition === 'wait' || error.disposition === 'fatal') throw error;
    return error;
  }
  const name =
    error instanceof Error ? `${error.name} at ${error.stack?.split('\n')[1]?.trim() ?? 'an unknown place'}` : 'an unknown error';
  return new SealdropError('internal-error', `sealdrop could not process this message (${name})`, {
    disposition: 'quarantine',
    cure: 'Report this as a defect of sealdrop; the original is kept unchanged.',
    cause: error,
  });
}

export function commitUnknown(): SealdropError {
  return new SealdropError('commit-unknown', 'it cannot be told whether the MTA already has a copy of this message', {
    disposition: 'quarantine',
    cure: 'Look for the pickup file name in the MTA’s accounting; `sealdrop queue release` sends the copies whose outcome is unknown, `sealdrop queue drop` does not.',
  });
}
