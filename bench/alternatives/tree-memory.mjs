// @ts-check
import { readFileSync } from 'node:fs';

const intervalMs = 25;
const pageBytes = 4096;

/**
 * The peak of the resident memory, in MiB, of processes and all that come from them, as seen every 25 ms: what short-lived processes use
 * is in no counter of their parent. Pages that processes share count in each of them.
 * @param {number[]} pids
 */
export function watchMemory(pids) {
  let peakMiB = 0;
  const timer = setInterval(() => {
    peakMiB = Math.max(
      peakMiB,
      pids.reduce((sum, pid) => sum + treeMiB(pid), 0),
    );
  }, intervalMs);
  return {
    /** Ends the watch. */
    stop: () => {
      clearInterval(timer);
      return peakMiB;
    },
  };
}

/**
 * @param {number} pid
 * @returns {number}
 */
function treeMiB(pid) {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number);
    return (pages * pageBytes) / 2 ** 20 + children.reduce((sum, child) => sum + treeMiB(child), 0);
  } catch {
    // It has ended since it was named.
    return 0;
  }
}
