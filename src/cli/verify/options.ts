import { InvalidArgumentError } from 'commander';
import type { SampleSize } from '../../archive/verify/sampling.js';

/** `1000` or `5%` */
export function sampleOption(text: string): SampleSize {
  const [, number = '', percent] = /^(\d+(?:\.\d+)?)\s*(%)?$/.exec(text) ?? [];
  const value = Number(number);
  if (percent === '%' && value > 0 && value <= 100) return { share: value / 100 };
  if (percent === undefined && Number.isInteger(value) && value > 0) return { count: value };
  throw new InvalidArgumentError('It is a number of originals, 1000, or a share of them, 5%.');
}

export function dayOption(text: string): string {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : new Date(Number.NaN);
  if (!Number.isNaN(time.getTime()) && time.toISOString().startsWith(text)) return text;
  throw new InvalidArgumentError('It is a day, as 2026-11-25.');
}

export function jobsOption(text: string): number {
  const jobs = Number(text);
  if (Number.isInteger(jobs) && jobs >= 1 && jobs <= 256) return jobs;
  throw new InvalidArgumentError('It is a number of threads, from 1 to 256.');
}
