import type { Config } from '../../config/schema.js';
import { SealdropError } from '../../errors.js';
import { KeyDirectory } from '../../keys/key-directory.js';
import { type Finding, fail, ok, warn } from './finding.js';

const soonMs = 30 * 86_400_000;

/** Every identity and certificate: usable, and for how long. */
export function keyChecks(config: Config, now: Date): Finding[] {
  const directory = new KeyDirectory(config.keys);
  try {
    directory.refresh();
  } catch (error) {
    if (!(error instanceof SealdropError)) throw error;
    return [fail('keys', error.message, error.cure)];
  }
  const entries = directory.entries();
  const findings: Finding[] = [];
  for (const { address, notAfter, fault, ignored } of entries) {
    if (fault !== undefined) findings.push(fail('keys', fault.message, fault.cure));
    else if (notAfter !== undefined && notAfter.getTime() - now.getTime() < soonMs) {
      findings.push(
        warn(
          'keys',
          `the certificate of ${address} expires on ${notAfter.toISOString().slice(0, 10)}`,
          'Put the next one into the keys directory in time; it takes effect without a restart.',
        ),
      );
    }
    if (ignored.length > 0)
      findings.push(
        warn('keys', `${address} has more than one set of files; not used: ${ignored.join(', ')}`, 'Remove the ones that are not wanted.'),
      );
  }
  for (const name of directory.unusedFiles())
    findings.push(
      warn(
        'keys',
        `${name} in ${config.keys} is not named by an address and is not used`,
        'Name it <address>.p12, .pem or .crt, or move it away.',
      ),
    );
  const identities = entries.filter(({ kind, fault }) => kind === 'identity' && fault === undefined).length;
  if (identities === 0)
    findings.push(
      fail('keys', `there is no usable identity in ${config.keys}: nothing can be signed`, 'Put <address>.p12 of a sender there.'),
    );
  return [ok('keys', `${identities} identities and ${entries.length - identities} other certificates in ${config.keys}`), ...findings];
}
