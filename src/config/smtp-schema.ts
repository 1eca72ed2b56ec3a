import { z } from 'zod';
import { hostName, integer, path, section } from './kinds.js';

/** `delivery.smtp` */
export const smtpSection = section({
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
