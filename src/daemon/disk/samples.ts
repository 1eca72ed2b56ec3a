import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { replaceFile } from '../../disk/durable.js';
import type { Sample } from '../../disk/growth.js';

/** Samples by the path they were taken at. */
export type SamplesByPath = ReadonlyMap<string, readonly Sample[]>;

/** What is not there or cannot be read as such counts as nothing: a forecast is missing for a day, no more. */
export function readSamples(file: string): SamplesByPath {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return new Map();
  }
  if (typeof parsed !== 'object' || parsed === null) return new Map();
  return new Map(Object.entries(parsed).map(([path, samples]) => [path, Array.isArray(samples) ? samples.filter(isSample) : []]));
}

/** Durable on return. Killed in between: the samples before, or a dot-file that the next call replaces. */
export function writeSamples(file: string, samples: SamplesByPath): void {
  replaceFile(dirname(file), basename(file), Buffer.from(JSON.stringify(Object.fromEntries(samples))), 0o600);
}

function isSample(value: unknown): value is Sample {
  if (typeof value !== 'object' || value === null) return false;
  const { timeMs, usedBytes, usedInodes } = value as Partial<Record<keyof Sample, unknown>>;
  return [timeMs, usedBytes, usedInodes].every((number) => typeof number === 'number' && Number.isFinite(number));
}
