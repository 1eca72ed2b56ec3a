import { pickupProfile } from '../delivery/pickup-profile.js';
import type { PolicyDefaults } from '../policy/decide.js';
import type { Rule } from '../policy/rule.js';
import type { Config } from './schema.js';

/** What `decide` needs to know of the configuration. */
export function policyOf(config: Config): { defaults: PolicyDefaults; rules: readonly Rule[] } {
  const { maxRecipientInfos, fallbackCharset: _charset, ...protect } = config.protect;
  const { via, pickup } = config.delivery;
  // What holds for PowerMTA's files does no harm by SMTP.
  const profile = pickupProfile(pickup?.profile ?? 'powermta');
  return {
    defaults: {
      protect,
      via,
      maxRecipientInfos,
      maxReceivers: profile.maxReceivers,
      maxCopies: config.outbox.maxCopies,
      pickupEnvelope: profile.envelope,
      pass: (pickup?.pass ?? []).filter((name) => profile.carries.includes(name)),
      envid: pickup?.envid ?? 'own',
    },
    rules: config.rules,
  };
}
