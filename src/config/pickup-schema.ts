import { z } from 'zod';
import { type PickupProfileName, pickupProfiles } from '../delivery/pickup/profile.js';
import { duration, integer, orOff, path, section } from './kinds.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** `delivery.pickup` */
export const pickupSection = section({
  profile: z
    .enum(Object.keys(pickupProfiles) as [PickupProfileName, ...PickupProfileName[]])
    .default('powermta')
    .describe('Whose pickup files are written. mailerq and eml name recipients in To and Cc alone: mail that needs more is held.'),
  directory: path().meta({ example: '/var/spool/pmtaPickup/pickup' }).describe("The MTA's pickup directory."),
  staging: path()
    .meta({ example: '/var/spool/pmtaPickup/staging' })
    .describe('Where sealed files are made durable before they are renamed into the pickup directory: on the same mount, outside it.'),
  bad: path().meta({ example: '/var/spool/pmtaPickup/badmail' }).describe('The directory into which the MTA moves files it refuses.'),
  pass: z
    .array(z.enum(['x-virtual-mta', 'x-job', 'x-dkim-options']), { error: 'must be a list of header names; write [] to pass none' })
    .default(['x-virtual-mta', 'x-job', 'x-dkim-options'])
    .describe('Control headers of submitted mail that the pickup file may carry again. All others are dropped.'),
  envid: z
    .enum(['own', 'submitted'])
    .default('own')
    .describe(
      "x-envid in the pickup file. own: sealdrop's message id, which joins the MTA's accounting to the audit trail. submitted: the application's, where there is one.",
    ),
  maxWaiting: orOff(integer(1, 10_000_000, 'must be a whole number from 1 to 10000000, or off; write it in digits, without quotes'))
    .prefault(1000)
    .describe(
      'With that many files waiting in the pickup directory, sealdrop takes no new mail until they are half as many; it waits in the outbox. off: however many.',
    ),
  maxAge: orOff(duration(SECOND, 365 * DAY))
    .prefault('10m')
    .describe('The same when a file of ours has been waiting there for longer than that: the MTA does not take it. off: however long.'),
  settleBadMs: duration(0, DAY)
    .prefault('30s')
    .describe(
      'A file is recorded as handed over when it has been in neither the pickup nor the bad directory for that long: the MTA gives no other receipt.',
    ),
});
