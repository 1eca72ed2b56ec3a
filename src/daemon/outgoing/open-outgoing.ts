import type { AuditWriter } from '../../audit/writer.js';
import { patiently } from '../patiently.js';
import type { PlainFault } from '../protocol.js';
import type { DaemonWorld } from '../world.js';
import { Outgoing, type OutgoingWorld } from './outgoing.js';

const inMemory = 1000;

/** The queues of the ways that somebody answers on. */
export function openOutgoing(world: DaemonWorld, audit: AuditWriter, ways: OutgoingWorld['ways']): Outgoing {
  const { layout, config, health, ends, once, isStopping, failed } = world;
  const patience = { waits: (fault: PlainFault | undefined) => health.pause('spool', fault), goesOn: () => !once && !isStopping() };
  return new Outgoing({
    layout,
    audit,
    ways,
    retry: config.delivery.retry,
    inMemory,
    once,
    now: () => new Date(),
    waits: (way, fault) => health.pause(way, fault),
    patiently: (step) => patiently(step, patience),
    ended: (end) => ends.ended(end),
    failed,
  });
}
