import { duration, integer, path, section } from './kinds.js';

/** `delivery.sendmail`: a program that takes a message as sendmail does. */
export const sendmailSection = section({
  program: path()
    .default('/usr/sbin/sendmail')
    .describe('The sendmail program of Postfix, Exim, OpenSMTPD or sendmail. It is given the recipients as arguments.'),
  connections: integer(1, 50).default(2).describe('How many run at the same time, 1 to 50.'),
  timeoutMs: duration(1000, 86_400_000)
    .prefault('5m')
    .describe('A program that has not ended by then is ended, and the message tried again.'),
});
