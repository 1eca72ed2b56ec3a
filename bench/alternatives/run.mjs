// @ts-check
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endsWithUs } from '../at-end.mjs';
import { usageOf } from '../site.mjs';
import { watchMemory } from './tree-memory.mjs';

/**
 * One of the programs of this directory, to be run as `instances` processes of `threads` threads each: `COMMAND KEYS MAILS SAMPLE SECONDS`.
 * Each signs (opaque SignedData, SHA-256) and then encrypts (EnvelopedData, AES-256-CBC, RSA PKCS#1 v1.5) whole files of the directory MAILS
 * as steve@example.com to bob@example.net, with the keys in KEYS, both times as a MIME entity in base64, and throws the results away. That
 * is less than sealdrop does: they parse nothing, move no header, decide nothing and write nothing.
 * It warms up, writes one result to the file SAMPLE, prints `ready`, waits for a line, works for SECONDS and as long as the last message
 * takes, prints for each thread `{"messages": N, "seconds": S}`, and waits for the end of standard input, so that it can be asked what it used.
 * @typedef {{ name: string, version: string, command: [string, ...string[]], instances: number, threads: number }} Alternative
 */

/**
 * @typedef {object} Figures
 * @property {number} rate messages per second
 * @property {number} cpuMs of processor time a message, of all processes and threads
 * @property {number} peakMiB resident memory of all processes together
 */

/**
 * Runs one, after having `check` look at what it makes.
 * @param {Alternative} alternative
 * @param {{ keys: string, mails: string, work: string, seconds: number, check: (sample: string) => void }} options `work` a directory for samples
 * @returns {Promise<Figures>}
 */
export async function runAlternative({ command: [program, ...args], instances, threads }, { keys, mails, work, seconds, check }) {
  const sample = (/** @type {number} */ number) => join(work, `sample-${number}.eml`);
  const running = Array.from({ length: instances }, (_, number) => start(program, [...args, keys, mails, sample(number), String(seconds)]));
  try {
    for (const { line } of running) {
      const said = await line();
      if (said !== 'ready') throw new Error(`${program} printed "${said}" where "ready" was expected`);
    }
    for (const number of running.keys()) check(sample(number));
    const memory = watchMemory(running.map(({ pid }) => pid));
    const figures = await Promise.all(running.map((instance) => measure(instance, threads)));
    const sum = (/** @type {(figures: Awaited<ReturnType<typeof measure>>) => number} */ of) =>
      figures.reduce((all, each) => all + of(each), 0);
    return {
      rate: sum(({ rate }) => rate),
      cpuMs: sum(({ cpuMs }) => cpuMs) / sum(({ messages }) => messages),
      peakMiB: Math.max(
        memory.stop(),
        sum(({ peakMiB }) => peakMiB),
      ),
    };
  } finally {
    for (const { stop } of running) await stop();
  }
}

/**
 * @param {ReturnType<typeof start>} instance
 * @param {number} threads
 */
async function measure({ pid, go, line }, threads) {
  const before = usageOf(pid).cpuMs;
  go();
  let messages = 0;
  let rate = 0;
  for (let thread = 0; thread < threads; thread++) {
    const part = JSON.parse(await line());
    messages += part.messages;
    rate += part.messages / part.seconds;
  }
  const { cpuMs, peakMiB } = usageOf(pid);
  return { messages, rate, cpuMs: cpuMs - before, peakMiB };
}

/**
 * @param {string} program
 * @param {string[]} args
 */
function start(program, args) {
  const child = endsWithUs(spawn(program, args, { stdio: 'pipe', env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' } }));
  const closed = new Promise((resolve) => child.once('close', resolve));
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    words += text;
  });
  // A program that has failed is not there to be told to go on: its words are what matters then.
  child.stdin.on('error', () => {});
  child.once('error', (error) => {
    words += error.message;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid ?? 0,
    go: () => child.stdin.write('go\n'),
    /** @returns {Promise<string>} */
    line: async () => {
      const { value, done } = await lines.next();
      if (!done) return value;
      await closed;
      throw new Error(`${program} ended: ${words.trim()}`);
    },
    stop: async () => {
      child.stdin.end();
      if (child.exitCode === null) child.kill('SIGTERM');
      await closed;
    },
  };
}
