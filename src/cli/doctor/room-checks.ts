import { statfsSync } from 'node:fs';
import { diskFault } from '../../disk/faults.js';
import { type Finding, fail, faultFinding, ok, warn } from './finding.js';

const MiB = 1024 ** 2;
const lowBytes = 1024 * MiB;
const lowShare = 0.03;

/** Free octets and inodes, as an unprivileged user has them. Below `leastBytes` not even one message of the allowed size fits. */
export function roomChecks(topic: string, path: string, leastBytes: number): Finding[] {
  let room: ReturnType<typeof statfsSync>;
  try {
    room = statfsSync(path);
  } catch (error) {
    return [faultFinding(topic, diskFault(error, 'look at', path))];
  }
  const { bavail, bsize, blocks, ffree, files } = room;
  const freeBytes = bavail * bsize;
  const cure = 'Free space. Intake pauses when the disk is full, nothing is lost, and it goes on by itself.';
  if (freeBytes < leastBytes) return [fail(topic, `only ${sizeText(freeBytes)} are free for ${path}`, cure)];
  const findings: Finding[] = [];
  if (freeBytes < lowBytes || bavail / blocks < lowShare)
    findings.push(warn(topic, `only ${sizeText(freeBytes)} are free for ${path}`, cure));
  // File systems without a fixed number of inodes (btrfs) say 0.
  if (files > 0 && ffree / files < lowShare)
    findings.push(warn(topic, `only ${ffree} inodes are free for ${path}`, 'Remove small files, or make a file system with more inodes.'));
  return findings.length > 0 ? findings : [ok(topic, `${sizeText(freeBytes)} are free for ${path}`)];
}

function sizeText(bytes: number): string {
  return bytes >= 10 * lowBytes ? `${Math.round(bytes / lowBytes)} GiB` : `${Math.round(bytes / MiB)} MiB`;
}
