import { readdirSync } from 'node:fs';
import { diskFault, errnoOf } from '../disk/faults.js';

/**
 * The audit directory:
 *   YYYY-MM-DD.chain.jsonl     the records of one UTC day (or later, if the clock was set back), hash-chained across files
 *   YYYY-MM-DD.details.jsonl   what each record is about, by seq
 *   torn/                      what a crash left unfinished and start-up cut back
 */
const chainSuffix = '.chain.jsonl';
const detailsSuffix = '.details.jsonl';

export function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}

export function chainName(day: string): string {
  return day + chainSuffix;
}

export function detailsName(day: string): string {
  return day + detailsSuffix;
}

/** The days that have a chain file, oldest first. */
export function chainDays(directory: string): string[] {
  return daysWith(directory, chainSuffix);
}

export function detailsDays(directory: string): string[] {
  return daysWith(directory, detailsSuffix);
}

function daysWith(directory: string, suffix: string): string[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw diskFault(error, 'list', directory);
  }
  return names
    .filter((name) => /^\d{4}-\d\d-\d\d\./.test(name) && name.endsWith(suffix))
    .map((name) => name.slice(0, 10))
    .sort();
}
