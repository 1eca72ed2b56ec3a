import type { Outgoing } from '../outgoing/outgoing.js';
import type { PickupGate } from '../pickup/gate.js';
import type { DaemonWorld } from '../world.js';

const againMs = 20;

/**
 * Resolves with true when one more message may be taken in: the deliveries behind intake are not too deep. With false under `--once`,
 * which does not wait for the MTA, and when told to stop.
 */
export async function clearBehind({ once, isStopping }: DaemonWorld, outgoing: Outgoing, gate: PickupGate | undefined): Promise<boolean> {
  while (!isStopping()) {
    if (!outgoing.isFull) {
      const state = await gate?.ask();
      if (state === undefined || state === 'open') return true;
      if (state === 'stuck' && once) return false;
    }
    await new Promise((resolve) => setTimeout(resolve, againMs));
  }
  return false;
}
