import { isWait } from '../errors.js';
import { type PlainFault, plainFault } from './protocol.js';

const againMs = 1000;

/** Who waits: `waits` is told of each fault and, once the step has worked after all, of undefined; `goesOn` false throws the fault on. */
export interface Patience {
  readonly waits: (fault: PlainFault | undefined) => void;
  readonly goesOn: () => boolean;
}

/** Repeats a step every second while it throws `wait` faults: a missing resource pauses and counts no attempt (I8). */
export async function patiently<T>(step: () => T | Promise<T>, { waits, goesOn }: Patience): Promise<T> {
  for (let waited = false; ; waited = true) {
    try {
      const result = await step();
      if (waited) waits(undefined);
      return result;
    } catch (error) {
      if (!isWait(error)) throw error;
      waits(plainFault(error));
      if (!goesOn()) throw error;
      await new Promise((resolve) => setTimeout(resolve, againMs));
    }
  }
}
