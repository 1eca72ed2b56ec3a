import type { DiskWatch } from '../disk/disk-watch.js';
import type { Outgoing } from '../outgoing/outgoing.js';
import type { PickupGate } from '../pickup/gate.js';
import type { DaemonWorld } from '../world.js';

const againMs = 20;

export interface Behind {
  readonly outgoing: Outgoing;
  readonly gate: PickupGate | undefined;
  readonly disks: DiskWatch;
}

/**
 * Resolves with true when one more message may be taken in: there is room on the disks, and the deliveries behind intake are not too deep.
 * With false under `--once`, which waits neither for room nor for the MTA, and when told to stop.
 */
export async function clearBehind({ once, isStopping }: DaemonWorld, { outgoing, gate, disks }: Behind): Promise<boolean> {
  while (!isStopping()) {
    if (!(await disks.ask())) {
      if (once) return false;
    } else if (!outgoing.isFull) {
      const state = await gate?.ask();
      if (state === undefined || state === 'open') return true;
      if (state === 'stuck' && once) return false;
    }
    await new Promise((resolve) => setTimeout(resolve, againMs));
  }
  return false;
}
