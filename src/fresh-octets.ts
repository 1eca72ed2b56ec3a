import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 4096;
const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
let used = POOL_BYTES;

/**
 * As many random octets as asked for, of the quality of `randomBytes`, never given twice. They are fetched 4 KiB at a time, for each fetch
 * costs as much as hashing a short message. For what is no secret once it is used: ids, salts, IVs. Keys are fetched singly, so that
 * none lies in memory before it is needed.
 */
export function freshOctets(bytes: number): Buffer {
  if (used + bytes > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return Buffer.from(pool.subarray(used - bytes, used));
}
