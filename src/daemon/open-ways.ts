import { smtpPassword } from '../config/environment.js';
import type { Config } from '../config/schema.js';
import { SmtpDelivery } from '../delivery/smtp.js';
import type { AnsweringWay } from '../way.js';
import type { OpenWay } from './outgoing.js';

/**
 * The ways of the configuration that somebody answers on; nothing is connected to before the first message. Secrets are read here, once.
 * Throws SealdropError (fatal) as readSecret does.
 */
export function openWays({ delivery }: Config, environment: NodeJS.ProcessEnv): Map<AnsweringWay, OpenWay> {
  const ways = new Map<AnsweringWay, OpenWay>();
  const { smtp } = delivery;
  if (smtp !== undefined) {
    const { host, port, user, tls, connections, name } = smtp;
    const password = smtpPassword(smtp, environment);
    ways.set('smtp', { delivery: new SmtpDelivery({ host, port, user, password, tls, connections, name }), connections });
  }
  return ways;
}
