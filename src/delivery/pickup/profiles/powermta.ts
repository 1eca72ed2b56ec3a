import type { PickupProfile } from '../profile.js';

/** PowerMTA 5.0 User's Guide 7.2: bare addresses, x-sender first, then the message without a blank line between; at most 5000 recipients. */
export const powermtaProfile: PickupProfile = {
  lines: ({ sender, recipients, envid, job, virtualMta, dkimOptions }) => [
    `x-sender: ${sender}`,
    ...recipients.map((recipient) => `x-receiver: ${recipient}`),
    `x-envid: ${envid}`,
    ...(job === undefined ? [] : [`x-job: ${job}`]),
    ...(virtualMta === undefined ? [] : [`x-virtual-mta: ${virtualMta}`]),
    ...(dkimOptions === undefined ? [] : [`x-dkim-options: ${dkimOptions}`]),
  ],
  envelope: { sender: 'lines', recipients: 'lines' },
  maxReceivers: 5000,
  carries: ['x-job', 'x-virtual-mta', 'x-dkim-options'],
  instructions: [],
};
