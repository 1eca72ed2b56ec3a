import { z } from 'zod';
import { path, section } from './kinds.js';

/** `delivery.pickup` */
export const pickupSection = section({
  profile: z.enum(['powermta']).default('powermta').describe('Whose pickup files are written.'),
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
});
