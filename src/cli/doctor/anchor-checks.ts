import { existsSync, statSync } from 'node:fs';
import { type ChainHead, chainHead } from '../../audit/chain-head.js';
import { ChainReader } from '../../audit/forward/chain-reader.js';
import { type Place, theBeginning } from '../../audit/forward/place.js';
import { readPositions } from '../../audit/forward/positions.js';
import type { Config } from '../../config/schema.js';
import { forwardTargets } from '../../daemon/forward/targets.js';
import { SealdropError } from '../../errors.js';
import type { SpoolLayout } from '../../spool/layout.js';
import { type Finding, faultFinding, noteThat, ok, warn } from './finding.js';

/** A daemon forwards within seconds, and believes a receiver within a minute. */
const patienceMs = 600_000;

/** What of the audit trail somebody elsewhere holds, and what could be taken back here without being seen. What fails, the daemon says. */
export function anchorChecks(config: Config, layout: SpoolLayout, now: Date): Finding[] {
  try {
    const head = chainHead(layout.audit);
    if (head === undefined) return [];
    const known = readPositions(layout.forwardFile);
    const targets = forwardTargets(config).map(({ name }) => ({ name, position: known.get(name) }));
    return [
      ...sameDisk(config, layout),
      ...inClear(config),
      exposure(
        targets.map(({ name, position }) => ({ name, held: position?.held ?? theBeginning })),
        head,
        layout.audit,
        now,
      ),
    ];
  } catch (error) {
    if (!(error instanceof SealdropError)) throw error;
    return [faultFinding('anchor', error)];
  }
}

function exposure(targets: readonly { name: string; held: Place }[], head: ChainHead, directory: string, now: Date): Finding {
  const [best] = [...targets].sort((a, b) => b.held.seq - a.held.seq);
  if (best === undefined) {
    return warn(
      'anchor',
      'nothing holds the head elsewhere: whoever is root here can cut off or rewrite the trail without being seen',
      'Set audit.forward or audit.second, or keep what "sealdrop audit head" prints on another machine, by cron (docs/forwarding.md).',
    );
  }
  const { name, held } = best;
  if (held.seq >= head.seq) return ok('anchor', `${name} holds the trail up to its head, record ${head.seq}`);
  const next = new ChainReader(directory, { details: false }).next(held, { segment: '~', offset: 0 })?.records[0];
  const since = next?.time ?? head.time;
  const count = head.seq - held.seq;
  const where = held.seq === 0 ? 'no record is held elsewhere' : `${name} holds the trail up to record ${held.seq} of ${held.time}`;
  const text = `${where}; ${count} after it, the oldest of ${since}, could be cut off or rewritten here without being seen`;
  if (now.getTime() - Date.parse(since) < patienceMs) return noteThat('anchor', text);
  return warn('anchor', text, 'Start sealdrop if it does not run; else see why it does not get on there (GET /health).');
}

function sameDisk({ audit: { second } }: Config, { audit }: SpoolLayout): Finding[] {
  if (second === null || !existsSync(second) || statSync(second).dev !== statSync(audit).dev) return [];
  const text = `${second} (audit.second) is on the same file system as the audit trail: who can change one can change the other`;
  return [warn('anchor', text, 'Use a mount from another machine, under another administrator.')];
}

function inClear({ audit: { forward } }: Config): Finding[] {
  const open = forward.syslog.filter(({ transport }) => transport !== 'tls');
  return open.map(({ host, transport }) =>
    noteThat(
      'anchor',
      transport === 'udp'
        ? `records to ${host} go by UDP: in clear, and lost ones are not noticed`
        : `records to ${host} go in clear, and to whoever answers there`,
      'Use transport: tls where the receiver can.',
    ),
  );
}
