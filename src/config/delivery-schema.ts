import { z } from 'zod';
import { ANSWERING_WAYS, WAYS } from '../way.js';
import { duration, section } from './kinds.js';
import { kumomtaSection } from './kumomta-schema.js';
import { pickupSection } from './pickup-schema.js';
import { sendmailSection } from './sendmail-schema.js';
import { smtpSection } from './smtp-schema.js';
import { sparkpostSection } from './sparkpost-schema.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** The ways to the MTA that work. */
export const via = z.enum(WAYS);

/** `delivery`: the way to the MTA. */
export const deliverySection = section({
  via: via.default('pickup').describe('How sealed mail reaches the MTA. The section of that name must be filled in.'),
  fallback: z
    .enum(ANSWERING_WAYS)
    .exactOptional()
    .meta({ example: 'smtp' })
    .describe(
      'Another way for mail that would go by pickup while the pickup directory is missing, read-only or full, or the MTA does not take what is there. The section of that name must be filled in. By itself it goes by pickup again when that works.',
    ),
  pickup: pickupSection.exactOptional().describe("Files renamed into the MTA's pickup directory: each exactly once."),
  smtp: smtpSection
    .exactOptional()
    .describe('SMTP: at least once; a duplicate is possible when the connection breaks at the wrong moment.'),
  sparkpost: sparkpostSection.exactOptional().describe('The SparkPost API, with tracking and substitution off: at least once, as by SMTP.'),
  sendmail: sendmailSection.exactOptional().describe('The sendmail program of an MTA on this host: at least once.'),
  kumomta: kumomtaSection
    .exactOptional()
    .describe(
      'KumoMTA’s HTTP injection: at least once. It builds MIME anew, so a copy that is signed so that everybody can read it (detached) is refused; such mail goes by smtp.',
    ),
  retry: section({
    firstMs: duration(1000, DAY).prefault('1m').describe('Wait before the second attempt; it doubles from attempt to attempt.'),
    maxMs: duration(1000, 7 * DAY)
      .prefault('1h')
      .describe('The longest wait between two attempts.'),
    giveUpAfter: duration(MINUTE, 365 * DAY)
      .prefault('5d')
      .describe('A message not delivered after that long is held for a person.'),
  })
    .prefault({})
    .describe('When delivery failed for a time.'),
}).prefault({});
