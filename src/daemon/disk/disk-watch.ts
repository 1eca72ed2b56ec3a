import { type Sample, withSample } from '../../disk/growth.js';
import { isBelow, nearlyFull } from '../../disk/reserve.js';
import { isWait } from '../../errors.js';
import { type PlainFault, plainFault } from '../protocol.js';
import type { DaemonWorld } from '../world.js';
import { type DiskLimits, type DiskReport, diskReport, filling, reserveFor } from './forecast.js';
import { type Place, type PlacedRoom, placesOf, roomsOf } from './places.js';
import { readSamples, writeSamples } from './samples.js';

interface DiskWatchWorld {
  readonly places: readonly Place[];
  readonly limits: DiskLimits;
  /** Where the samples of what is used are kept. */
  readonly samplesFile: string;
  readonly health: {
    pause(where: string, fault: PlainFault | undefined): void;
    trouble(where: string, fault: PlainFault | undefined): void;
    disks(reports: readonly DiskReport[]): void;
  };
  readonly failed: (error: unknown) => void;
}

/** Of all that this daemon writes to. */
export function openDiskWatch({ config, layout, health, failed }: DaemonWorld): DiskWatch {
  return new DiskWatch({ places: placesOf(config, layout), limits: config.archive, samplesFile: layout.growthFile, health, failed });
}

const lookEveryMs = 1000;
const idleLookMs = 2000;
/** A file server that does not answer is no reason to stand still: what is known counts until it does. */
const patienceMs = 250;
/** So much more has to be free before intake goes on than it takes to pause: otherwise it would do so for every message. */
const againTimes = 1.1;

/**
 * Pauses intake before a file system is full rather than at it, so that what was accepted can still be sent and recorded. Looks once a second
 * while mail comes in and every two seconds otherwise, each file system once; never for each message.
 */
export class DiskWatch {
  private readonly world: DiskWatchWorld;
  private readonly samples: Map<string, readonly Sample[]>;
  private readonly low = new Set<string>();
  private readonly warned = new Set<string>();
  private lookedMs = Number.NEGATIVE_INFINITY;
  private looking: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(world: DiskWatchWorld) {
    this.world = world;
    this.samples = new Map(readSamples(world.samplesFile));
  }

  /** The first look, and with `once` the only one that nobody asks for. */
  async start(once: boolean): Promise<void> {
    await this.ask();
    if (!once) this.timer = setInterval(() => void this.ask(), idleLookMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** True when there is room for one more message. */
  async ask(): Promise<boolean> {
    if (performance.now() - this.lookedMs >= lookEveryMs) {
      this.looking ??= this.look().finally(() => {
        this.looking = undefined;
        this.lookedMs = performance.now();
      });
      await atMost(patienceMs, this.looking);
    }
    return this.low.size === 0;
  }

  private async look(): Promise<void> {
    try {
      const rooms = await roomsOf(this.world.places);
      for (const room of rooms) if (room.grows) this.judge(room);
      this.sample(rooms, Date.now());
      this.report(rooms, Date.now());
    } catch (error) {
      this.world.failed(error);
    }
  }

  private judge(room: PlacedRoom): void {
    const reserve = reserveFor(room, this.world.limits);
    const times = this.low.has(room.path) ? againTimes : 1;
    const isLow = isBelow(room, reserve, times);
    if (isLow) this.low.add(room.path);
    else this.low.delete(room.path);
    this.world.health.pause(`disk ${room.path}`, isLow ? plainFault(nearlyFull(room, reserve, againTimes)) : undefined);
  }

  private report(rooms: readonly PlacedRoom[], nowMs: number): void {
    const { limits, health } = this.world;
    const reports = rooms.map((room) => diskReport(room, this.samples.get(room.path) ?? [], limits, nowMs));
    health.disks(reports);
    for (const report of reports) {
      const fault = this.low.has(report.path) ? undefined : filling(report, limits, this.warned.has(report.path) ? againTimes : 1);
      if (fault === undefined) this.warned.delete(report.path);
      else this.warned.add(report.path);
      health.trouble(`disk ${report.path}`, fault === undefined ? undefined : plainFault(fault));
    }
  }

  private sample(rooms: readonly PlacedRoom[], nowMs: number): void {
    let changed = false;
    for (const room of rooms) {
      const known = this.samples.get(room.path) ?? [];
      const now = withSample(known, room, nowMs);
      changed ||= now !== known;
      this.samples.set(room.path, now);
    }
    if (!changed) return;
    try {
      writeSamples(this.world.samplesFile, this.samples);
    } catch (error) {
      // A full disk is what this is about, and is said. The samples are in memory, and are written with the next one.
      if (!isWait(error)) throw error;
    }
  }
}

async function atMost(ms: number, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, timeout]);
  clearTimeout(timer);
}
