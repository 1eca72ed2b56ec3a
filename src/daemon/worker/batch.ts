import { newEntry } from '../../audit/record.js';
import { removeIfThere } from '../../disk/durable.js';
import { syncDirectories } from '../../disk/file-group.js';
import { isWait, SealdropError } from '../../errors.js';
import { ownCopyPath } from '../../spool/accept.js';
import { commitCopy } from '../../spool/commit.js';
import { moveMessage } from '../../spool/move.js';
import { type CopyState, isDone, ticketName } from '../../spool/ticket.js';
import type { EventDetails, EventName } from '../events.js';
import { setAside } from '../hold.js';
import type { WorkerContext } from './context.js';
import type { Job } from './job.js';
import { faultOf } from './message-fault.js';
import type { SealedMessage } from './sealer.js';
import { writeAll } from './write-out.js';

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

function intentEntries(jobs: readonly Job[]) {
  return jobs.flatMap((job) => {
    const { sealed, intent, stored, kept } = job;
    if (sealed === undefined || intent === undefined || stored === undefined) return [];
    const { messageId, signer, signers, signerInfos, recipe, changes, restored } = sealed;
    const certificates = sealed.certificates.map(({ fingerprint }) => fingerprint);
    const detail = {
      intent,
      ...stored,
      ...(kept.length > 0 ? { kept } : {}),
      messageId,
      signer,
      ...(signers.length > 1 ? { signers } : {}),
      signerInfos,
      ...(signerInfos.length > 0 ? { recipe } : {}),
      certificates,
      changes,
      ...(restored === undefined ? {} : { restored }),
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

export function commitUnknown(): SealdropError {
  return new SealdropError('commit-unknown', 'it cannot be told whether the MTA already has a copy of this message', {
    disposition: 'quarantine',
    cure: 'Look for the pickup file name in the MTA’s accounting; `sealdrop queue release` sends the copies whose outcome is unknown, `sealdrop queue drop` does not.',
  });
}
