import { readFileSync } from 'node:fs';

/** The kernel's id of this boot: another one than an intent names means the machine was down in between (random(4), boot_id). */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
