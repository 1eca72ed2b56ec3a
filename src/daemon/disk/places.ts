import type { Config } from '../../config/schema.js';
import { type Room, roomOf } from '../../disk/room.js';
import { SealdropError } from '../../errors.js';
import type { SpoolLayout } from '../../spool/layout.js';

/** A directory whose file system is watched. */
export interface Place {
  readonly name: string;
  readonly path: string;
  /** What is written there stays: intake pauses before it is full. Pickup is emptied by the MTA, and waited for where it is written. */
  readonly grows: boolean;
}

/** A file system with what lies on it. */
export interface PlacedRoom extends Room {
  readonly holds: readonly string[];
  readonly grows: boolean;
}

/** All that sealdrop writes to. */
export function placesOf({ archive, audit, delivery }: Config, layout: SpoolLayout): Place[] {
  const { pickup } = delivery;
  return [
    { name: 'spool', path: layout.root, grows: true },
    { name: 'archive', path: layout.archive, grows: true },
    { name: 'audit', path: layout.audit, grows: true },
    ...(archive.second === null ? [] : [{ name: 'second archive', path: archive.second, grows: true }]),
    // A target that cannot be written holds up no mail: it is told of, and waited for where it is written.
    ...(audit.second === null ? [] : [{ name: 'second audit', path: audit.second, grows: false }]),
    ...(pickup === undefined ? [] : [{ name: 'pickup', path: pickup.staging, grows: false }]),
  ];
}

/** The file systems of these places, each once. One that cannot be looked at now is left out: who writes there finds out and says so. */
export async function roomsOf(places: readonly Place[]): Promise<PlacedRoom[]> {
  const found = await Promise.all(places.map(async (place) => ({ place, room: await roomIfThere(place.path) })));
  const byDevice = new Map<number, PlacedRoom>();
  for (const { place, room } of found) {
    if (room === undefined) continue;
    const known = byDevice.get(room.device);
    const { holds = [], grows = false } = known ?? {};
    byDevice.set(room.device, { ...(known ?? room), holds: [...holds, place.name], grows: grows || place.grows });
  }
  return [...byDevice.values()];
}

async function roomIfThere(path: string): Promise<Room | undefined> {
  try {
    return await roomOf(path);
  } catch (error) {
    if (error instanceof SealdropError) return undefined;
    throw error;
  }
}
