import { z } from 'zod';
import { duration } from './kinds.js';

const DAY = 86_400_000;

/** Keys of the section archive about the search index. */
export const indexKeys = {
  index: z
    .enum(['auto', 'off'])
    .default('auto')
    .describe(
      'auto: the search index is brought up to date now and then, by a process of the lowest priority; off: only when somebody searches.',
    ),
  indexEveryMs: duration(100, DAY).prefault('1m').describe('How often that is looked at. Without new records nothing is done.'),
};
