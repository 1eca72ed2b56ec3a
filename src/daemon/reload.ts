import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { SealdropError } from '../errors.js';
import type { SpoolLayout } from '../spool/layout.js';
import { checkOutbox } from '../spool/prepare.js';

/** The new configuration, if it can be taken while messages are under way. Throws SealdropError, as loadConfig and checkOutbox too. */
export function reloadConfig(path: string, before: Config, layout: SpoolLayout): Config {
  const config = loadConfig(path);
  refuseFixedChanges(before, config);
  checkOutbox(layout, config.senders !== null);
  return config;
}

/** Throws `needs-restart` if a reload would change what cannot change while messages are under way: where they lie, where they were staged. */
function refuseFixedChanges(before: Config, after: Config): void {
  const fixed: readonly [string, (config: Config) => unknown][] = [
    ['spool', (config) => config.spool],
    ['delivery.pickup', (config) => config.delivery.pickup],
    ['delivery.fallback', (config) => config.delivery.fallback],
    ['delivery.smtp', (config) => config.delivery.smtp],
    ['delivery.sparkpost', (config) => config.delivery.sparkpost],
    ['delivery.sendmail', (config) => config.delivery.sendmail],
    ['delivery.kumomta', (config) => config.delivery.kumomta],
    ['delivery.retry', (config) => config.delivery.retry],
    ['workers', (config) => config.workers],
    ['outbox.maxBytesInFlight', (config) => config.outbox.maxBytesInFlight],
    ['outbox.rescanMs', (config) => config.outbox.rescanMs],
    ['outbox.group', (config) => config.outbox.group],
    ['archive', (config) => config.archive],
    ['audit', (config) => config.audit],
    ['http', (config) => config.http],
    ['log', (config) => config.log],
  ];
  const changed = fixed.find(([, of]) => JSON.stringify(of(before)) !== JSON.stringify(of(after)));
  if (changed !== undefined) throw needsRestart(changed[0]);
}

function needsRestart(key: string): SealdropError {
  return new SealdropError('needs-restart', `${key} changed, which takes effect only at a restart`, {
    disposition: 'fatal',
    cure: 'Restart sealdrop; it finishes what is under way and loses nothing.',
  });
}
