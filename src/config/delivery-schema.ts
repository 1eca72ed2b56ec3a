import { z } from 'zod';
import { duration, hostName, integer, path, section } from './kinds.js';
import { pickupSection } from './pickup-schema.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** The ways to the MTA that work. */
export const via = z.enum(['pickup', 'smtp']);

/** `delivery.smtp` */
const smtpSection = section({
  host: hostName().meta({ example: 'mail.example.com' }).describe('The server. SMTP_HOST in the environment overrides it.'),
  port: integer(1, 65_535).default(25).describe('SMTP_PORT in the environment overrides it.'),
  user: z
    .string({ error: 'must be a text; write the user name, in quotes if it is a number' })
    .min(1, { error: 'is empty; leave the key out to send without logging in' })
    .exactOptional()
    .meta({ example: 'sealdrop' })
    .describe('User to log in as. SMTP_USER in the environment overrides it.'),
  passwordFile: path()
    .exactOptional()
    .meta({ example: '/etc/sealdrop/smtp-password' })
    .describe(
      'File that holds the password and nothing else, readable by its owner alone (chmod 600). Without it the password is the systemd credential "smtp-password". SMTP_PASSWORD in the environment overrides both.',
    ),
  tls: z
    .enum(['opportunistic', 'required', 'none'])
    .default('opportunistic')
    .describe(
      'STARTTLS. opportunistic: when the server offers it. required: nothing is sent without it, and the certificate must be valid.',
    ),
  connections: integer(1, 100).default(4).describe('Connections open at the same time, 1 to 100.'),
  name: hostName()
    .exactOptional()
    .meta({ example: 'sealdrop.example.com' })
    .describe("Name given in EHLO. Without it, this machine's name."),
});

/** `delivery`: the way to the MTA. */
export const deliverySection = section({
  via: via.default('pickup').describe('How sealed mail reaches the MTA. The section of that name must be filled in.'),
  pickup: pickupSection.exactOptional().describe("Files renamed into the MTA's pickup directory: each exactly once."),
  smtp: smtpSection
    .exactOptional()
    .describe('SMTP: at least once; a duplicate is possible when the connection breaks at the wrong moment.'),
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
