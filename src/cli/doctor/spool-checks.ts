import { accessSync, constants, existsSync, mkdirSync, rmdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../../config/schema.js';
import { diskFault } from '../../disk/faults.js';
import { SealdropError } from '../../errors.js';
import { inventoryOf } from '../../spool/inventory.js';
import type { SpoolLayout } from '../../spool/layout.js';
import { checkVolatile } from '../../spool/prepare.js';
import { refusedIn } from '../../spool/refused-copy.js';
import { userName } from '../unix-names.js';
import { type Finding, fail, faultFinding, noteThat, ok, warn } from './finding.js';
import { modeText, ownedOf } from './modes.js';

/** Owners, modes and place of the spool's directories, and what waits in them for a person. */
export function spoolChecks(config: Config, layout: SpoolLayout): Finding[] {
  if (!existsSync(layout.root)) return [notMade(layout.root)];
  const closed = closedDirectories(layout);
  return [
    ...(closed.length > 0 ? closed : [ok('spool', `work, retry, quarantine, audit and archive in ${layout.root} are closed to others`)]),
    ...volatileChecks(config, layout.root),
    ...clockSkew(layout.root),
    ...heldChecks(layout),
  ];
}

function notMade(root: string): Finding {
  const parent = nearestThere(root);
  try {
    accessSync(parent, constants.W_OK | constants.X_OK);
    return noteThat('spool', `${root} is not there yet`, 'Nothing to do: "sealdrop run" makes it.');
  } catch {
    const us = userName(process.geteuid?.() ?? 0);
    return fail(
      'spool',
      `${root} is not there, and ${us} may not make it in ${parent}`,
      `Run "install -d -o ${us} -m 711 ${root}" as root.`,
    );
  }
}

function nearestThere(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : nearestThere(dirname(path));
}

/** No submitter may see or change what is in here. */
function closedDirectories(layout: SpoolLayout): Finding[] {
  const us = process.geteuid?.() ?? 0;
  const wanted: [string, number, string][] = [
    [layout.root, 0o022, '711'],
    [layout.work, 0o077, '700'],
    [layout.claimed, 0o077, '700'],
    [layout.sealed, 0o077, '700'],
    [layout.retry, 0o077, '700'],
    [layout.again, 0o077, '700'],
    [layout.quarantine, 0o077, '700'],
    [layout.refused, 0o077, '700'],
    [layout.audit, 0o027, '2750'],
    [layout.archive, 0o027, '2750'],
  ];
  return wanted.flatMap(([path, forbidden, mode]) => {
    const stats = ownedOf(path);
    if (stats === undefined) return [];
    const findings: Finding[] = [];
    if (stats.uid !== us)
      findings.push(
        fail('spool', `${path} belongs to ${userName(stats.uid)}, not to ${userName(us)}`, `Run "chown ${userName(us)} ${path}".`),
      );
    if ((stats.mode & forbidden) !== 0)
      findings.push(fail('spool', `${path} is open to others (mode ${modeText(stats)})`, `Run "chmod ${mode} ${path}".`));
    return findings;
  });
}

function volatileChecks(config: Config, root: string): Finding[] {
  try {
    checkVolatile(root, false);
    return [];
  } catch (error) {
    return [faultFinding('spool', error, config.allowVolatile ? 'warning' : 'error')];
  }
}

/** Proves that we can write, and holds the file system's clock (a file server's, perhaps) against ours: the outbox's quiet time needs both. */
function clockSkew(root: string): Finding[] {
  const probe = `${root}/.doctor-${process.pid}`;
  try {
    mkdirSync(probe, { mode: 0o700 });
    const skewMs = statSync(probe).mtimeMs - Date.now();
    rmdirSync(probe);
    if (Math.abs(skewMs) < 2000) return [];
    const seconds = Math.round(Math.abs(skewMs) / 1000);
    return [
      warn(
        'clock',
        `the file system's clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} this machine's`,
        'Synchronise both; outbox/ takes files by their age.',
      ),
    ];
  } catch (error) {
    return [faultFinding('spool', error instanceof SealdropError ? error : diskFault(error, 'write in', root))];
  }
}

function heldChecks(layout: SpoolLayout): Finding[] {
  try {
    const held = inventoryOf(layout.quarantine).messages.length;
    const refused = refusedIn(layout.refused).length;
    const retried = inventoryOf(layout.retry).messages.length;
    const strangers = [layout.work, layout.retry, layout.quarantine].flatMap((path) =>
      inventoryOf(path)
        .strangers.filter((name) => !['in', 'sealed', 'again'].includes(name))
        .map((name) => `${path}/${name}`),
    );
    return [
      ...(held > 0
        ? [warn('queue', `${count(held, 'message')} held for a person`, '"sealdrop queue list" says why, and what to do.')]
        : []),
      ...(refused > 0
        ? [
            warn(
              'queue',
              `${count(refused, 'copy', 'copies')} held that the MTA refused`,
              'Its log says why; then "sealdrop queue release" or "drop".',
            ),
          ]
        : []),
      ...(retried > 0 ? [noteThat('queue', `${count(retried, 'message')} to be tried again`)] : []),
      ...(strangers.length > 0 ? [noteThat('queue', `not made by sealdrop: ${strangers.slice(0, 5).join(', ')}`, 'Move it away.')] : []),
    ];
  } catch (error) {
    return [faultFinding('queue', error)];
  }
}

function count(number: number, thing: string, things = `${thing}s`): string {
  return number === 1 ? `1 ${thing} is` : `${number} ${things} are`;
}
