import { mkdirSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemp } from '../kit/temp.js';
import { type FuzzReport, fuzz, replay } from './fuzzer.js';
import { withKeptKeys } from './kept-keys.js';
import { makeSeeds, type Seeds } from './seeds.js';
import { TARGETS } from './targets.js';
import { startWatchdog, type Watchdog } from './watchdog.js';

/** Set by `npm run fuzz`; without, a fixed number of executions with a fixed seed. */
const {
  SEALDROP_FUZZ_RUNS: runs = '15000',
  SEALDROP_FUZZ_SEED: seed = '1',
  SEALDROP_FUZZ_TARGET: only,
  SEALDROP_FUZZ_REPLAY: file,
} = process.env;
const asked = process.env.SEALDROP_FUZZ_RUNS !== undefined;
const DEADLINE_MS = 120_000;

const directory = process.env.SEALDROP_FUZZ_FINDINGS ?? makeTemp('fuzz');
let seeds: Seeds;
let watchdog: Watchdog;
beforeAll(() => {
  mkdirSync(directory, { recursive: true });
  seeds = makeSeeds();
  watchdog = startWatchdog(directory, DEADLINE_MS);
});
afterAll(() => watchdog.stop());

if (file === undefined) {
  describe('the readers, given inputs changed at random', () => {
    it('throw documented errors only, end in bounded time, and find genuine nothing that was not sealed', async () => {
      const targets = TARGETS.filter(({ name }) => only === undefined || name === only);
      const report = await fuzz(seeds, { runs: Number(runs), seed: Number(seed), targets, findings: directory, watchdog });
      if (asked) print(report);
      expect(report.findings).toEqual([]);
      expect(report.executions).toBe(Number(runs));
    }, 0);

    it('begin with mail that is genuine, some of it with a protected header, or nothing would be proven', () => {
      const opened = seeds.inputs.message.flatMap((message) => {
        const outcome = replay('open', message, seeds);
        return 'way' in outcome ? [outcome.way] : [];
      });
      expect(opened.filter((way) => way.startsWith('true ')).length).toBeGreaterThan(20);
      expect(opened.filter((way) => way.startsWith('true true ')).length).toBeGreaterThan(3);
    });
  });
} else {
  it('the input is replayed', () => {
    const path = resolve(file);
    const target = only ?? basename(path).replace(/-[0-9a-f]{12}$|-never-ends$/, '');
    const outcome = replay(target, readFileSync(path), withKeptKeys(path, seeds));
    process.stdout.write(`${target}: ${'fault' in outcome ? outcome.fault : outcome.way}\n`);
    expect(outcome).not.toHaveProperty('fault');
  });
}

function print({ executions, outcomes, findings }: FuzzReport): void {
  const lines = [...outcomes].map(([name, count]) => `  ${name.padEnd(20)} ${count} distinct outcomes`);
  for (const { target, what, file: path } of findings)
    lines.push('', `FINDING in ${target}: ${what}`, `  replay: npm run fuzz -- --replay ${path}`);
  process.stdout.write(`${executions} executions with seed ${seed}\n${lines.join('\n')}\n`);
}
