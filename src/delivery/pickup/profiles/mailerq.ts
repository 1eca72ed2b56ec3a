import type { PickupProfile } from '../profile.js';

/**
 * MailerQ's spool directory (its documentation, "Spool directory" and "Special MIME headers"): the recipients are those in To, Cc and Bcc of the
 * message, the sender is x-mq-envelope. Other x-mq- fields become properties of its JSON messages and are taken out: x-mq-sealdrop-id
 * comes back as `sealdrop-id` in its results. A Bcc field would name a recipient, but would be sent on, and To is served all the same.
 */
export const mailerqProfile: PickupProfile = {
  lines: ({ sender, envid }) => [`x-mq-envelope: ${sender}`, `x-mq-sealdrop-id: ${envid}`],
  envelope: { sender: 'lines', recipients: 'header' },
  maxReceivers: 5000,
  carries: [],
  instructions: [],
};
