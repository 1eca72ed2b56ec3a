import type { Config } from '../../config/schema.js';
import { type DiskReport, daysText, diskReport, filling, reserveFor } from '../../daemon/disk/forecast.js';
import { type PlacedRoom, placesOf, roomsOf } from '../../daemon/disk/places.js';
import { readSamples } from '../../daemon/disk/samples.js';
import type { Sample } from '../../disk/growth.js';
import { bytesText, isBelow, nearlyFull } from '../../disk/reserve.js';
import type { SpoolLayout } from '../../spool/layout.js';
import { type Finding, fail, faultFinding, ok, warn } from './finding.js';

const lowShare = 0.03;

/** The file systems that are written to: what is free, and for how long it lasts at the rate the daemon has seen. */
export async function diskChecks(config: Config, layout: SpoolLayout, now: Date): Promise<Finding[]> {
  const samples = readSamples(layout.growthFile);
  const rooms = await roomsOf(placesOf(config, layout));
  return rooms.flatMap((room) => roomFindings(room, samples.get(room.path) ?? [], config, now));
}

function roomFindings(room: PlacedRoom, samples: readonly Sample[], { archive, outbox }: Config, now: Date): Finding[] {
  const reserve = reserveFor(room, archive);
  if (isBelow(room, reserve)) return [faultFinding('disk', nearlyFull(room, reserve, 1))];
  const { path, freeBytes, totalBytes, freeInodes, totalInodes } = room;
  if (totalBytes > 0 && freeBytes < outbox.maxMessageBytes) {
    const cure = 'Free space. Intake pauses when the disk is full, nothing is lost, and it goes on by itself.';
    return [fail('disk', `only ${bytesText(freeBytes)} are free on the file system of ${path}: a message may be larger`, cure)];
  }
  const report = diskReport(room, samples, archive, now.getTime());
  const fault = filling(report, archive);
  if (fault !== undefined) return [faultFinding('disk', fault, 'warning')];
  if (totalInodes > 0 && freeInodes / totalInodes < lowShare) {
    const cure = 'Remove small files, or make a file system with more inodes.';
    return [warn('disk', `only ${freeInodes} inodes are free on the file system of ${path}`, cure)];
  }
  return [ok('disk', `${bytesText(freeBytes)} are free for ${room.holds.join(', ')} (${path}); ${lastsText(report)}`)];
}

function lastsText({ bytesPerDay, daysLeft }: DiskReport): string {
  if (bytesPerDay === null) return 'for how long is known once a daemon has run for a day';
  if (daysLeft === null) return 'nothing was added in the last days';
  return `they last for ${daysText(daysLeft)}, at ${bytesText(bytesPerDay)} a day`;
}
