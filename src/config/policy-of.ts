import type { PolicyDefaults } from '../policy/decide.js';
import type { Rule } from '../policy/rule.js';
import type { Way } from '../way.js';
import type { Config } from './schema.js';

/** PowerMTA's guide (7.2) recommends no more recipients in one file; what holds there does no harm by SMTP. */
const MAXIMUM_RECEIVERS = 5000;
/** The kernel bounds a program's arguments, on some systems to 256 KiB; an address has at most 254 octets. */
const MAXIMUM_ARGUMENTS = 500;

/** What `decide` needs to know of the configuration. */
export function policyOf(config: Config): { defaults: PolicyDefaults; rules: readonly Rule[] } {
  const { maxRecipientInfos, fallbackCharset: _charset, ...protect } = config.protect;
  const { via, pickup, smtp, sparkpost, fallback } = config.delivery;
  const by: Partial<Record<Way, number>> = { sendmail: MAXIMUM_ARGUMENTS, ...(sparkpost && { sparkpost: sparkpost.maxRecipients }) };
  // What goes by pickup may have to go by the fallback.
  if (fallback !== undefined) by.pickup = Math.min(MAXIMUM_RECEIVERS, by[fallback] ?? MAXIMUM_RECEIVERS);
  return {
    defaults: {
      protect,
      via,
      maxRecipientInfos,
      maxReceivers: MAXIMUM_RECEIVERS,
      maxReceiversBy: by,
      maxCopies: config.outbox.maxCopies,
      pass: pickup?.pass ?? [],
      envid: pickup?.envid ?? 'own',
      msysApi: smtp !== undefined && smtp.profile !== 'generic',
    },
    rules: config.rules,
  };
}
