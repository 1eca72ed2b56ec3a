import type { AuditWriter } from '../../audit/writer.js';
import type { DaemonWorld } from '../world.js';
import { Outgoing, type OutgoingWorld } from './outgoing.js';

const inMemory = 1000;

/** The queues of the ways that somebody answers on. */
export function openOutgoing(world: DaemonWorld, audit: AuditWriter, ways: OutgoingWorld['ways']): Outgoing {
  const { layout, config, health, ends, once, failed } = world;
  return new Outgoing({
    layout,
    audit,
    ways,
    retry: config.delivery.retry,
    inMemory,
    once,
    now: () => new Date(),
    waits: (way, fault) => health.pause(way, fault),
    ended: (end) => ends.ended(end),
    failed,
  });
}
