import { pickupProfile } from '../delivery/pickup/profile.js';
import type { PolicyDefaults } from '../policy/decide.js';
import type { Rule } from '../policy/rule.js';
import type { Way } from '../way.js';
import type { Config } from './schema.js';

/** The kernel bounds a program's arguments, on some systems to 256 KiB; an address has at most 254 octets. */
const MAXIMUM_ARGUMENTS = 500;

/** What `decide` needs to know of the configuration. */
export function policyOf(config: Config): { defaults: PolicyDefaults; rules: readonly Rule[] } {
  const { maxRecipientInfos, fallbackCharset: _charset, ...protect } = config.protect;
  const { via, pickup, smtp, sparkpost, fallback } = config.delivery;
  // What holds for PowerMTA's files does no harm by SMTP.
  const profile = pickupProfile(pickup?.profile ?? 'powermta');
  const by: Partial<Record<Way, number>> = { sendmail: MAXIMUM_ARGUMENTS, ...(sparkpost && { sparkpost: sparkpost.maxRecipients }) };
  // What goes by pickup may have to go by the fallback.
  if (fallback !== undefined) by.pickup = Math.min(profile.maxReceivers, by[fallback] ?? profile.maxReceivers);
  return {
    defaults: {
      protect,
      via,
      maxRecipientInfos,
      maxReceivers: profile.maxReceivers,
      maxReceiversBy: by,
      maxCopies: config.outbox.maxCopies,
      keepSealed: config.archive.keepSealed,
      archiveRecipients: config.archive.encryptTo.length,
      pickupEnvelope: profile.envelope,
      pass: (pickup?.pass ?? []).filter((name) => profile.carries.includes(name)),
      envid: pickup?.envid ?? 'own',
      msysApi: smtp !== undefined && smtp.profile !== 'generic',
    },
    rules: config.rules,
  };
}
