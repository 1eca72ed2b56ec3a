import type { SealdropError } from '../errors.js';

/** Exit codes, from sysexits(3). */
export const exitCodes = {
  ok: 0,
  usage: 64,
  badMessage: 65,
  unavailable: 69,
  io: 74,
  tryLater: 75,
  permission: 77,
  configuration: 78,
} as const;

/** The exit code of a command that ends because of this error. */
export function exitCodeOf({ code, disposition }: SealdropError): number {
  const known = byCode[code];
  if (known !== undefined) return known;
  if (disposition === 'wait' || disposition === 'retry') return exitCodes.tryLater;
  return disposition === 'fatal' ? exitCodes.io : exitCodes.badMessage;
}

const byCode: Readonly<Record<string, number>> = {
  'config-invalid': exitCodes.configuration,
  'config-unreadable': exitCodes.configuration,
  'environment-invalid': exitCodes.configuration,
  'secret-unreadable': exitCodes.configuration,
  'secret-invalid': exitCodes.configuration,
  'smtp-tls-file': exitCodes.configuration,
  'smtp-token-unreadable': exitCodes.configuration,
  'audit-identity-unusable': exitCodes.configuration,
  'timestamp-ca-unusable': exitCodes.configuration,
  'senders-missing': exitCodes.configuration,
  'archive-certificate': exitCodes.configuration,
  'archive-immutable': exitCodes.configuration,
  'no-second-archive': exitCodes.configuration,
  'pickup-layout': exitCodes.configuration,
  'rename-crosses-mounts': exitCodes.configuration,
  'volatile-directory': exitCodes.configuration,
  'secret-permissions': exitCodes.permission,
  'outbox-not-ours': exitCodes.permission,
  'outbox-not-sticky': exitCodes.permission,
  'no-access': exitCodes.permission,
  'archive-group-not-ours': exitCodes.permission,
  'spool-locked': exitCodes.tryLater,
  'keys-directory-permissions': exitCodes.permission,
  'smtp-auth-needs-tls': exitCodes.permission,
  'smtp-tls-failed': exitCodes.unavailable,
  'smtp-unavailable': exitCodes.unavailable,
  'sparkpost-unavailable': exitCodes.unavailable,
  'sendmail-unavailable': exitCodes.unavailable,
  'kumomta-unavailable': exitCodes.unavailable,
  'kumomta-auth-failed': exitCodes.permission,
  'sparkpost-auth-failed': exitCodes.permission,
  'sparkpost-key-missing': exitCodes.configuration,
  'smtp-auth-failed': exitCodes.permission,
  'smtp-auth-required': exitCodes.permission,
  'no-such-record': exitCodes.usage,
  'no-such-message': exitCodes.usage,
  'archive-encrypted': exitCodes.usage,
  'anchor-unreadable': exitCodes.badMessage,
  'message-destroyed': exitCodes.usage,
  'no-such-hold': exitCodes.usage,
  'bad-search': exitCodes.usage,
  usage: exitCodes.usage,
  'already-there': exitCodes.usage,
  'export-there': exitCodes.usage,
  'no-such-group': exitCodes.usage,
  'no-such-user': exitCodes.usage,
};
