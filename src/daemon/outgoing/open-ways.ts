import { kumomtaPassword, sparkpostApiKey } from '../../config/environment.js';
import type { Config, SparkpostConfig } from '../../config/schema.js';
import { KumomtaDelivery } from '../../delivery/api/kumomta.js';
import { SparkpostDelivery } from '../../delivery/api/sparkpost.js';
import { SendmailDelivery } from '../../delivery/sendmail/sendmail.js';
import type { ServerReport } from '../../delivery/smtp/servers.js';
import { SmtpDelivery } from '../../delivery/smtp/smtp.js';
import { SealdropError } from '../../errors.js';
import { spoolLayout } from '../../spool/layout.js';
import type { AnsweringWay } from '../../way.js';
import { smtpOptions } from './open-smtp.js';
import type { OpenWay } from './outgoing.js';

/**
 * The ways of the configuration that somebody answers on; nothing is connected to before the first message. Secrets are read here, once.
 * `onServer` is told of servers that others stand in for. Throws SealdropError (fatal) as readSecret and smtpOptions do.
 */
export function openWays({ delivery, spool }: Config, environment: NodeJS.ProcessEnv, onServer: ServerReport): Map<AnsweringWay, OpenWay> {
  const ways = new Map<AnsweringWay, OpenWay>();
  const { smtp, sparkpost, sendmail, kumomta } = delivery;
  if (smtp !== undefined) {
    const delivery = new SmtpDelivery({ ...smtpOptions(smtp, environment), onServer });
    ways.set('smtp', { delivery, connections: smtp.connections });
  }
  if (sparkpost !== undefined)
    ways.set('sparkpost', { delivery: openSparkpost(sparkpost, environment), connections: sparkpost.connections });
  if (sendmail !== undefined) {
    const { program, timeoutMs, connections } = sendmail;
    ways.set('sendmail', { delivery: new SendmailDelivery({ program, timeoutMs, directory: spoolLayout(spool).sealed }), connections });
  }
  if (kumomta !== undefined) {
    const { url, user, connections } = kumomta;
    const password = kumomtaPassword(kumomta, environment);
    ways.set('kumomta', { delivery: new KumomtaDelivery({ url, user, password, connections }), connections });
  }
  return ways;
}

/** Throws SealdropError (fatal): sparkpost-key-missing, and as readSecret does. */
export function openSparkpost(sparkpost: SparkpostConfig, environment: NodeJS.ProcessEnv): SparkpostDelivery {
  const { host, subaccount, connections } = sparkpost;
  const apiKey = sparkpostApiKey(sparkpost, environment);
  if (apiKey !== undefined) return new SparkpostDelivery({ host, apiKey, subaccount, connections });
  throw new SealdropError('sparkpost-key-missing', 'delivery.sparkpost has no API key', {
    disposition: 'fatal',
    cure: 'Name a file with the key in delivery.sparkpost.apiKeyFile, give the credential sparkpost-api-key, or set SPARKPOST_API_KEY.',
  });
}
