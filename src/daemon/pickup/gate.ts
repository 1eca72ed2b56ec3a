import { type PickupLimits, type PickupState, pickupState } from '../../delivery/pickup/depth.js';
import { isWait } from '../../errors.js';
import { type PlainFault, plainFault } from '../protocol.js';

const lookEveryMs = 1000;

/** `busy`: what is in the workers' hands may fill the pickup directory; `stuck`: it is full, or the MTA does not take what is there. */
type GateState = 'open' | 'busy' | 'stuck';

/**
 * Backpressure: lets mail in while the MTA takes what it is given. It looks at the pickup directory at most once a second while mail comes
 * in, and sooner only when so much was let in since that the limit may have been reached; never for each message. A message may need
 * several copies, so the number in pickup can end a little above the limit.
 */
export class PickupGate {
  private readonly directory: string;
  private readonly limits: PickupLimits;
  private readonly inFlight: () => number;
  private readonly tell: (fault: PlainFault | undefined) => void;
  private lookedMs = Number.NEGATIVE_INFINITY;
  private room = 0;
  private stuck = false;

  /** `inFlight`: messages let in and not yet committed. `tell`: why nothing is let in, or undefined when something is again. */
  constructor(
    pickup: PickupLimits & { readonly directory: string },
    inFlight: () => number,
    tell: (fault: PlainFault | undefined) => void,
  ) {
    this.directory = pickup.directory;
    this.limits = pickup;
    this.inFlight = inFlight;
    this.tell = tell;
  }

  /** `open`: one more message may be taken. */
  async ask(): Promise<GateState> {
    const { maxWaiting, maxAge } = this.limits;
    if (maxWaiting === null && maxAge === null) return 'open';
    if (performance.now() - this.lookedMs >= lookEveryMs || (this.room <= 0 && !this.stuck)) await this.look();
    if (this.stuck) return 'stuck';
    if (this.room <= 0) return 'busy';
    this.room--;
    return 'open';
  }

  private async look(): Promise<void> {
    const most = this.limits.maxWaiting ?? Number.POSITIVE_INFINITY;
    // Asked first: what is committed while the directory is listed is counted twice rather than not at all.
    const inFlight = this.inFlight();
    const { waiting, fault } = await this.state();
    this.room = most - waiting - inFlight;
    this.stuck = fault !== undefined;
    this.lookedMs = performance.now();
    this.tell(fault === undefined ? undefined : plainFault(fault));
  }

  /** A directory that cannot be listed is for the workers to wait for: they know what they cannot do there. */
  private async state(): Promise<PickupState> {
    try {
      return await pickupState(this.directory, this.limits, this.stuck, Date.now());
    } catch (error) {
      if (!isWait(error)) throw error;
      return { waiting: 0, fault: undefined };
    }
  }
}
