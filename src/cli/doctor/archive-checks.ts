import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { type ComplianceCertificate, readComplianceCertificates } from '../../archive/compliance.js';
import { proveImmutable } from '../../archive/immutable.js';
import { requireSecond } from '../../archive/second.js';
import type { Config } from '../../config/schema.js';
import { diskFault } from '../../disk/faults.js';
import { SealdropError } from '../../errors.js';
import type { SpoolLayout } from '../../spool/layout.js';
import { type Finding, faultFinding, noteThat, ok, warn } from './finding.js';

const dayMs = 86_400_000;
const soonDays = 30;

/** How originals are stored: who can open them, whether the second location is there, what is kept of what was sent. */
export async function archiveChecks(config: Config, layout: SpoolLayout, now: Date): Promise<Finding[]> {
  return [
    ...encryptionChecks(config, now),
    ...keptChecks(config),
    ...secondChecks(config, layout),
    ...(await immutableChecks(config, layout)),
  ];
}

async function immutableChecks({ archive }: Config, layout: SpoolLayout): Promise<Finding[]> {
  if (archive.immutable === 'off' || !existsSync(layout.archive)) return [];
  try {
    await proveImmutable(layout.archive);
    return [ok('archive', 'files in the archive can be made immutable')];
  } catch (error) {
    return [faultFinding('archive', error)];
  }
}

function encryptionChecks({ archive }: Config, now: Date): Finding[] {
  if (archive.encryptTo.length > 0) return archive.encryptTo.flatMap((path) => certificateFindings(path, now));
  if (archive.plaintext) return [ok('archive', 'originals are kept unencrypted, as archive.plaintext says')];
  const cure = 'Name certificates under archive.encryptTo, or set archive.plaintext: true if that is meant.';
  return [warn('archive', 'originals are kept unencrypted, and nothing says that this is meant', cure)];
}

function certificateFindings(path: string, now: Date): Finding[] {
  let found: readonly ComplianceCertificate[];
  try {
    found = readComplianceCertificates([path], now);
  } catch (error) {
    return [faultFinding('archive', error)];
  }
  return found.map(({ subject, algorithm, notAfter }) => {
    const days = Math.floor((notAfter.getTime() - now.getTime()) / dayMs);
    if (days >= soonDays) return ok('archive', `originals are encrypted to ${subject} (${algorithm}, ${path})`);
    const cure = 'Put the next one in its place, and restart sealdrop: with one that has expired it does not start.';
    return warn('archive', `the certificate ${path} that the archive is encrypted to expires in ${days} days`, cure);
  });
}

function keptChecks(config: Config): Finding[] {
  const { archive, rules } = config;
  if (archive.keepSealed !== 'full' && !rules.some((rule) => rule.archive?.keepSealed === 'full')) return [];
  if (archive.encryptTo.length === 0) {
    const text = 'sealed copies are kept (keepSealed: full) that only their recipients can open';
    return [noteThat('archive', text, 'Name certificates under archive.encryptTo, if others are to open them.')];
  }
  const curves = archive.encryptTo.filter(isCurve);
  const named = curves.join(', ');
  return [
    ...(curves.length === 0
      ? []
      : [
          warn(
            'archive',
            `every encrypted copy is also encrypted to an elliptic curve key (${named}), which some mail programs of RSA recipients cannot read`,
            'Name a certificate with an RSA key under archive.encryptTo.',
          ),
        ]),
    ...(config.protect.headerProtection === 'on'
      ? []
      : [noteThat('archive', 'the Subject of sealed copies that are kept stands in clear, as in the mail', 'See headerProtection.')]),
  ];
}

function secondChecks({ archive }: Config, layout: SpoolLayout): Finding[] {
  if (archive.second === null) return [];
  try {
    requireSecond({ directory: archive.second, memory: layout.secondFile });
    writable(archive.second);
    if (statSync(archive.second).dev !== statSync(layout.root).dev)
      return [ok('archive', `the second location ${archive.second} is there`)];
    const text = `the second location ${archive.second} is on the same file system as the spool`;
    return [warn('archive', text, 'Mount another disk or share there, and run "sealdrop archive mark-second".')];
  } catch (error) {
    return [faultFinding('archive', error)];
  }
}

function writable(directory: string): void {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw diskFault(error, 'write in', directory);
  }
}

/** One that cannot be read has been told of. */
function isCurve(path: string): boolean {
  try {
    return readComplianceCertificates([path], new Date()).some(({ algorithm }) => !algorithm.startsWith('RSA'));
  } catch (error) {
    if (error instanceof SealdropError) return false;
    throw error;
  }
}
