import { smtpPassword } from '../../config/environment.js';
import type { Config } from '../../config/schema.js';
import { checkPickup } from '../../delivery/pickup-directory.js';
import { SmtpDelivery } from '../../delivery/smtp.js';
import { SealdropError } from '../../errors.js';
import { attempt, type Finding, fail, ok } from './finding.js';

/** The way to the MTA, tried. */
export async function deliveryChecks(config: Config): Promise<Finding[]> {
  const { pickup, smtp } = config.delivery;
  const findings: Finding[] = [];
  if (pickup !== undefined) {
    const { directory, staging, bad } = pickup;
    findings.push(
      attempt('pickup', `a rename from ${staging} into ${directory} works`, () => {
        checkPickup({ directory, staging, bad, allowVolatile: config.allowVolatile });
      }),
    );
  }
  if (smtp !== undefined) findings.push(await smtpCheck(smtp));
  return findings;
}

async function smtpCheck(smtp: NonNullable<Config['delivery']['smtp']>): Promise<Finding> {
  const { host, port, user, tls, name } = smtp;
  let delivery: SmtpDelivery | undefined;
  try {
    delivery = new SmtpDelivery({
      host,
      port,
      user,
      tls,
      name,
      password: smtpPassword(smtp, process.env),
      connections: 1,
      timeouts: { openMs: 10_000 },
    });
    const { secure } = await delivery.open();
    return ok('smtp', `${host}:${port} lets us in, ${secure ? 'over TLS' : 'without TLS'}`);
  } catch (error) {
    if (!(error instanceof SealdropError)) throw error;
    return fail('smtp', error.message, error.cure);
  } finally {
    await delivery?.close();
  }
}
