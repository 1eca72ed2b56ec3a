// @ts-check

/** @type {Set<() => void>} */
const registered = new Set();

/**
 * Registers what is to be undone when the benchmark ends, however it ends: by itself, by an error, by Ctrl-C or SIGTERM. The last is
 * undone first. Returns what undoes it now, once.
 * @param {() => void} undo synchronous
 */
export function atEnd(undo) {
  const once = () => {
    if (registered.delete(once)) undo();
  };
  registered.add(once);
  return once;
}

process.once('exit', () => {
  for (const undo of [...registered].reverse()) undo();
});
for (const [signal, number] of /** @type {const} */ ([
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
]))
  process.on(signal, () => process.exit(128 + number));

/**
 * A child that does not outlive the benchmark.
 * @template {import('node:child_process').ChildProcess} T
 * @param {T} child
 * @returns {T}
 */
export function endsWithUs(child) {
  const forget = atEnd(() => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  });
  child.once('exit', forget);
  return child;
}
