import type { PickupProfile } from '../profile.js';

/** For programs that take a plain message and read everything from its header: From or Sender, To and Cc. */
export const emlProfile: PickupProfile = {
  lines: () => [],
  envelope: { sender: 'header', recipients: 'header' },
  maxReceivers: 5000,
  carries: [],
  instructions: [],
};
