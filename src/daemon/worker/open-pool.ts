import { cpus } from 'node:os';
import type { AuditWriter } from '../../audit/writer.js';
import { bootId } from '../../spool/boot-id.js';
import type { PlainFault, WorkerData } from '../protocol.js';
import type { DaemonWorld } from '../world.js';
import { ByteBudget } from './byte-budget.js';
import { type PoolEvents, WorkerPool } from './pool.js';

/** How pickup does at the start of the workers. */
interface PickupNow {
  readonly marker: string | undefined;
  readonly fault: PlainFault | undefined;
}

/** Starts the workers; a fault that one of them waits for is a pause of the daemon. */
export function openPool(
  world: DaemonWorld,
  audit: AuditWriter,
  pickup: PickupNow,
  events: Pick<PoolEvents, 'done' | 'handedOver'>,
): WorkerPool {
  const { config, layout, health, once, failed, archive } = world;
  const data: WorkerData = {
    config,
    layout,
    marker: pickup.marker,
    pickupFault: pickup.fault,
    bootId: bootId(),
    archive: archive.settings,
    budget: ByteBudget.shared(),
    workers: config.workers === 'auto' ? Math.max(2, cpus().length) : config.workers,
    once,
  };
  return new WorkerPool(data, audit, { ...events, waits: (worker, fault) => health.pause(`worker ${worker}`, fault), failed });
}
