import type { PickupProfile } from '../profile.js';

/**
 * The SMTP service of IIS, Mailroot\Pickup: x-sender and x-receiver before the message (Microsoft KB Q201314). It knows no envelope id
 * there: the file's name is what joins it to the audit trail. 100 recipients are its default limit for a message.
 */
export const iisProfile: PickupProfile = {
  lines: ({ sender, recipients }) => [`x-sender: ${sender}`, ...recipients.map((recipient) => `x-receiver: ${recipient}`)],
  envelope: { sender: 'lines', recipients: 'lines' },
  maxReceivers: 100,
  carries: [],
  instructions: [],
};
