import { emlProfile } from './profiles/eml.js';
import { exchangeReplayProfile } from './profiles/exchange-replay.js';
import { iisProfile } from './profiles/iis.js';
import { mailerqProfile } from './profiles/mailerq.js';
import { powermtaProfile } from './profiles/powermta.js';

/** What a pickup file tells the MTA of a copy besides its bytes. All values have been checked: each is one word. */
export interface PickupTransport {
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly envid: string;
  readonly job?: string | undefined;
  readonly virtualMta?: string | undefined;
  readonly dkimOptions?: string | undefined;
}

/** How the pickup files of one MTA begin. In every profile a file is the profile's own lines, then the message, named `<id>-<n>.eml`. */
export interface PickupProfile {
  /** Lines before the message, without line ends; none if the MTA has no such lines. */
  readonly lines: (transport: PickupTransport) => string[];
  /**
   * Where the MTA takes the recipients from. `header`: from To and Cc of the message, so that a file can only go to all that stand there and to
   * nobody else. `sender`: `lines` if a line can name another than the header does.
   */
  readonly envelope: { readonly sender: 'lines' | 'header'; readonly recipients: 'lines' | 'header' };
  /** Recipients of one file at most. */
  readonly maxReceivers: number;
  /** The control headers a file of this MTA can carry for `delivery.pickup.pass` and for rules. */
  readonly carries: readonly ('x-job' | 'x-virtual-mta' | 'x-dkim-options')[];
  /** Fields of a submitted message that this MTA would take for instructions and sealdrop does not take out; lower case. */
  readonly instructions: readonly string[];
}

export const pickupProfiles = {
  powermta: powermtaProfile,
  'exchange-replay': exchangeReplayProfile,
  iis: iisProfile,
  mailerq: mailerqProfile,
  eml: emlProfile,
} as const satisfies Record<string, PickupProfile>;

export type PickupProfileName = keyof typeof pickupProfiles;

/** The profile of that name, as its interface. */
export function pickupProfile(name: PickupProfileName): PickupProfile {
  return pickupProfiles[name];
}
