import { SealdropError } from '../../errors.js';

/** Checkpoints and chain do not fit each other. */
export function proofImpossible(why: string): SealdropError {
  return new SealdropError('proof-impossible', `no proof can be made: ${why}`, {
    disposition: 'quarantine',
    cure: 'Run "sealdrop audit verify"; it names what was changed.',
  });
}
