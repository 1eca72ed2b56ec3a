import type { PolicyDefaults } from '../policy/decide.js';
import type { Rule } from '../policy/rule.js';
import type { Config } from './schema.js';

/** PowerMTA's guide (7.2) recommends no more recipients in one file; what holds there does no harm by SMTP. */
const MAXIMUM_RECEIVERS = 5000;

/** What `decide` needs to know of the configuration. */
export function policyOf(config: Config): { defaults: PolicyDefaults; rules: readonly Rule[] } {
  const { maxRecipientInfos, fallbackCharset: _charset, ...protect } = config.protect;
  const { via, pickup } = config.delivery;
  return {
    defaults: {
      protect,
      via,
      maxRecipientInfos,
      maxReceivers: MAXIMUM_RECEIVERS,
      maxCopies: config.outbox.maxCopies,
      pass: pickup?.pass ?? [],
      envid: pickup?.envid ?? 'own',
    },
    rules: config.rules,
  };
}
