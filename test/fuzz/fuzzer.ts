import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Random } from '../kit/random.js';
import { keepKeys } from './kept-keys.js';
import { mutateDer } from './mutate-der.js';
import { mutateMessage, mutateText } from './mutate-message.js';
import type { InputKind, Seeds } from './seeds.js';
import { TARGETS, type Target } from './targets.js';
import type { Watchdog } from './watchdog.js';

export interface FuzzOptions {
  readonly runs: number;
  readonly seed: number;
  readonly targets: readonly Target[];
  /** Where inputs are written that are findings. */
  readonly findings: string;
  readonly watchdog: Watchdog;
}

export interface FuzzReport {
  readonly executions: number;
  /** Distinct outcomes by target. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly findings: readonly Finding[];
}

export interface Finding {
  readonly target: string;
  readonly what: string;
  readonly file: string;
}

const MUTATE = { der: mutateDer, message: mutateMessage, text: mutateText } as const satisfies Record<InputKind, unknown>;

/** No input of this size takes a tenth of it; processor time, so that a busy machine makes no finding. */
const MAX_CPU_SECONDS = 1.5;
const MAX_FINDINGS = 20;

/**
 * Changes seeds at random, one to eight changes each, and gives them to the targets. Inputs that end in a way not seen before are kept and
 * changed further: the readers' errors are particular enough to stand in for coverage. The same seed tries the same inputs, but for what is
 * random in the sealing of the seeds themselves.
 */
export async function fuzz(seeds: Seeds, { runs, seed, targets, findings: directory, watchdog }: FuzzOptions): Promise<FuzzReport> {
  const random = new Random(seed);
  const pools = new Map(targets.map((target) => [target, [...seeds.inputs[target.kind]]]));
  const seen = new Map(targets.map((target) => [target.name, new Set<string>()]));
  const wheel = targets.flatMap((target) => Array.from({ length: target.weight }, () => target));
  const findings = new Map<string, Finding>();
  let executions = 0;
  for (; executions < runs && findings.size < MAX_FINDINGS; executions += 1) {
    // The test runner's own messages must get through.
    if (executions % 256 === 0) await setImmediate();
    const target = random.pick(wheel);
    const pool = pools.get(target) ?? [];
    // Half of the time a pristine seed: a pool of what went astray only would soon be all noise.
    const from = random.chance(0.5) ? random.pick(seeds.inputs[target.kind]) : random.pick(pool);
    const input = changed(from, target.kind, random, pool);
    watchdog.begin(target.name, input);
    const outcome = execute(target, input, seeds);
    if ('fault' in outcome) {
      const key = `${target.name} ${outcome.fault.slice(0, 60)}`;
      if (!findings.has(key)) findings.set(key, { target: target.name, what: outcome.fault, file: keep(directory, target, input, seeds) });
      continue;
    }
    const known = seen.get(target.name);
    if (known === undefined || known.has(outcome.way)) continue;
    known.add(outcome.way);
    pool.push(input);
  }
  watchdog.rest();
  return { executions, outcomes: new Map([...seen].map(([name, ways]) => [name, ways.size])), findings: [...findings.values()] };
}

/** Runs one input on the target of that name, as `--replay` does. */
export function replay(name: string, input: Buffer, seeds: Seeds): { way: string } | { fault: string } {
  const target = TARGETS.find((candidate) => candidate.name === name);
  if (target === undefined) throw new Error(`no target ${name}; there are ${TARGETS.map((each) => each.name).join(', ')}`);
  return execute(target, input, seeds);
}

function changed(from: Buffer, kind: InputKind, random: Random, pool: readonly Buffer[]): Buffer {
  let input = from;
  const changes = 1 + Math.floor(8 * random.number() ** 3);
  for (let change = 0; change < changes; change += 1) input = MUTATE[kind](input, random, random.pick(pool));
  return input;
}

function execute(target: Target, input: Buffer, seeds: Seeds): { way: string } | { fault: string } {
  const before = process.cpuUsage();
  try {
    const way = target.run(input, seeds);
    const spent = process.cpuUsage(before);
    const seconds = (spent.user + spent.system) / 1_000_000;
    return seconds > MAX_CPU_SECONDS ? { fault: `took ${seconds.toFixed(1)} s of processor time` } : { way };
  } catch (error) {
    return { fault: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function keep(directory: string, target: Target, input: Buffer, seeds: Seeds): string {
  mkdirSync(directory, { recursive: true });
  const name = createHash('sha256').update(input).digest('hex').slice(0, 12);
  const file = join(directory, `${target.name}-${name}`);
  writeFileSync(file, input);
  keepKeys(file, seeds);
  return file;
}
