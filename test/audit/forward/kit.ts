import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Forwarder, type ForwarderOptions } from '../../../src/audit/forward/forwarder.js';
import type { Positions } from '../../../src/audit/forward/positions.js';
import type { Target } from '../../../src/audit/forward/targets.js';
import type { AuditWriter } from '../../../src/audit/writer.js';
import { waitFor } from '../../kit/wait-for.js';
import { entryAbout, openWriter } from '../chain.js';

export interface RunningForwarder {
  readonly forwarder: Forwarder;
  readonly positions: () => Positions;
  /** Waits until the target of that name holds everything. */
  holds(name: string, seq: number): Promise<void>;
}

/** A forwarder whose writer is `writer`; it looks at once. */
export function startForwarder(
  directory: string,
  writer: AuditWriter,
  targets: readonly Target[],
  more: Partial<ForwarderOptions> = {},
): RunningForwarder {
  let positions: Positions = new Map();
  const forwarder = new Forwarder({
    auditDirectory: join(directory, 'audit'),
    positionsFile: join(directory, 'forward.json'),
    targets,
    personal: false,
    confirmMs: 100,
    readTls: () => ({}),
    now: () => new Date(),
    onPositions: (told) => {
      positions = told;
    },
    firstPauseMs: 50,
    saveMs: 50,
    ...more,
  });
  forwarder.start(writer.end);
  return {
    forwarder,
    positions: () => positions,
    async holds(name, seq) {
      await waitFor(`${name} to hold record ${seq}`, () => positions.get(name)?.held.seq === seq, {
        describe: () => JSON.stringify([...positions]),
      });
    },
  };
}

export async function startWriter(directory: string, now?: () => Date): Promise<AuditWriter> {
  return openWriter(join(directory, 'audit'), now);
}

/** Appends records about `thing <n>`, and tells the forwarder. */
export async function add(writer: AuditWriter, from: number, to: number, running?: RunningForwarder): Promise<void> {
  for (let n = from; n <= to; n++) await writer.append([entryAbout(`thing ${n}`)]);
  if (running !== undefined && writer.end !== undefined) running.forwarder.reached(writer.end);
}

/** Numbers of the records in a text of forwarded lines or messages, in order, repeats included. */
export function seqsIn(text: string): number[] {
  return [...text.matchAll(/\{"seq":(\d+),"time"/g)].map(([, seq]) => Number(seq));
}

export function linesIn(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1);
}

export const upTo = (last: number) => Array.from({ length: last }, (_, n) => n + 1);
