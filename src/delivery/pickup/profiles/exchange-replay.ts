import type { PickupProfile } from '../profile.js';

/**
 * Exchange's Replay directory ("Pickup directory and Replay directory", Exchange Server help): X-Sender and X-Receiver with angle brackets
 * before all other fields, in files named *.eml. X-CreatedBy and X-EndOfInjectedXHeaders, which Exchange writes into its own files, are
 * optional and left out: they claim that the file is Exchange's. ENVID is xtext (RFC 3461 §4).
 */
export const exchangeReplayProfile: PickupProfile = {
  lines: ({ sender, recipients, envid }) => [
    `X-Sender: <${sender}> BODY=7bit ENVID=${xtext(envid)}`,
    ...recipients.map((recipient) => `X-Receiver: <${recipient}>`),
  ],
  envelope: { sender: 'lines', recipients: 'lines' },
  // Exchange's own default limit for a message (MaxRecipientEnvelopeLimit).
  maxReceivers: 500,
  carries: [],
  // Behind our lines they would be read as more of them, and some speak with Exchange's own authority.
  instructions: [
    'x-createdby',
    'x-endofinjectedxheaders',
    'x-extendedmessageprops',
    'x-extendedprops',
    'x-helodomain',
    'x-source',
    'x-sourceipaddress',
  ],
};

function xtext(value: string): string {
  return value.replace(/[+=]/g, (octet) => `+${octet.charCodeAt(0).toString(16).toUpperCase()}`);
}
