import { tryPickup } from '../../delivery/pickup/directory.js';
import { isWait, SealdropError } from '../../errors.js';
import type { CopyPlan } from '../../policy/plan.js';
import { cannotGoInstead } from '../../policy/way-limits.js';
import { requireMarker } from '../../spool/staging-marker.js';
import type { AnsweringWay, Way } from '../../way.js';
import type { WorkerContext } from './context.js';
import type { Job } from './job.js';

/** The way a copy takes: that of the plan, unless pickup does not work and there is a fallback. */
export function wayOf({ instead }: Job, { via }: CopyPlan): Way {
  return via === 'pickup' && instead !== undefined ? instead.way : via;
}

export function goesByPickup(job: Job): boolean {
  return job.fault === undefined && (job.sealed?.copies.some(({ plan }) => wayOf(job, plan) === 'pickup') ?? false);
}

/**
 * Chooses, before anything of these messages is written, whether their copies for pickup go there or by the fallback. This is the only
 * place where the choice is made: an intent names the way, and from then on a copy stays with it until its outcome is known. Without a
 * fallback a pickup that does not work is thrown (wait). A message that cannot go instead is tried again later (`fallback-impossible`),
 * so that it does not hold up the others.
 */
export function chooseWays(jobs: readonly Job[], context: WorkerContext): void {
  for (const job of jobs) job.instead = undefined;
  const byPickup = jobs.filter(goesByPickup);
  if (byPickup.length === 0) return;
  const fault = pickupFault(byPickup, context);
  if (fault === undefined) return;
  const { fallback } = context.config.delivery;
  if (fallback === undefined) throw fault;
  for (const job of byPickup) {
    const why = whyNotInstead(job, fallback);
    if (why === undefined) job.instead = { way: fallback, code: fault.code };
    else job.fault = impossible(fault, fallback, why);
  }
}

/** Throws a `wait` fault when the staging directory is not the one that the marker names. */
export function requireStaging({ config, marker }: WorkerContext): void {
  const { pickup } = config.delivery;
  if (pickup !== undefined) requireMarker(pickup.staging, marker ?? '');
}

/** More is looked at where there is a choice: without one it would change nothing but the moment at which mail waits. */
function pickupFault(jobs: readonly Job[], context: WorkerContext): SealdropError | undefined {
  const { pickup, fallback } = context.config.delivery;
  if (pickup === undefined) return undefined;
  const atLast = jobs.find(({ stagingFault }) => stagingFault !== undefined)?.stagingFault;
  for (const job of jobs) job.stagingFault = undefined;
  if (fallback !== undefined && (atLast ?? context.pickupFault) !== undefined) return atLast ?? context.pickupFault;
  try {
    requireStaging(context);
    if (fallback !== undefined) tryPickup(pickup, sizeOf(jobs));
    return undefined;
  } catch (error) {
    if (isWait(error)) return error;
    throw error;
  }
}

function sizeOf(jobs: readonly Job[]): number {
  return jobs.flatMap(({ sealed }) => sealed?.copies ?? []).reduce((sum, { sealed }) => sum + sealed.sizeBytes, 0);
}

function whyNotInstead({ sealed }: Job, way: AnsweringWay): string | undefined {
  for (const { plan } of sealed?.copies ?? []) {
    const why = plan.via === 'pickup' ? cannotGoInstead(way, plan) : undefined;
    if (why !== undefined) return why;
  }
  return undefined;
}

function impossible(fault: SealdropError, way: AnsweringWay, why: string): SealdropError {
  return new SealdropError(
    'fallback-impossible',
    `pickup does not work (${fault.code}), and the message cannot go by ${way} instead: ${why}`,
    { disposition: 'retry', cure: `${fault.cure} The message is tried again by itself; "sealdrop queue retry" tries now.`, cause: fault },
  );
}
