import { integer, minFree, orOff } from './kinds.js';

/** Of the section `archive`: what is done before a disk is full. */
export const diskKeys = {
  minFree: minFree()
    .prefault('auto')
    .describe(
      'So much is kept free on the file systems of spool, archive, audit and second location: below it no new mail is taken, until there is room again. A size; auto: a fiftieth of the file system, at most 1GiB; off: intake pauses only when one is full.',
    ),
  warnDaysLeft: orOff(integer(1, 3650, 'must be a number of days from 1 to 3650, or off'))
    .prefault(14)
    .describe('Health warns when, at the rate of the last week, a file system lasts for fewer days. off: no such warning.'),
};
