// @ts-check

/** @param {number} milliseconds */
export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * @param {import('node:child_process').ChildProcess} daemon has to live that long
 * @param {() => boolean} condition looked at every 20 ms
 */
export async function until(daemon, condition) {
  while (!condition()) {
    if (daemon.exitCode !== null || daemon.signalCode !== null)
      throw new Error(`the daemon ended: ${daemon.exitCode ?? daemon.signalCode}`);
    await pause(20);
  }
}

/** @param {import('node:child_process').ChildProcess} child */
export async function ended(child) {
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve));
}

/**
 * @param {import('node:child_process').ChildProcess} daemon
 * @param {NodeJS.Signals} signal
 */
export async function end(daemon, signal) {
  daemon.kill(signal);
  await ended(daemon);
}

/** The clock that all processes share, in milliseconds. */
export function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}
