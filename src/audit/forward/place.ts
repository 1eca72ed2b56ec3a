import type { ChainPosition } from '../follow.js';
import { firstPrev } from '../record.js';

/** A place between two records, and the record before it. */
export interface Place extends ChainPosition {
  readonly seq: number;
  readonly hash: string;
  /** Of the record before it; empty before the first. */
  readonly time: string;
}

/** The place before the first record of all. */
export const theBeginning: Place = { segment: '', offset: 0, seq: 0, hash: firstPrev, time: '' };

export function isPlace(value: unknown): value is Place {
  if (typeof value !== 'object' || value === null) return false;
  const { segment, offset, seq, hash, time } = value as Partial<Record<keyof Place, unknown>>;
  const texts = [segment, hash, time].every((each) => typeof each === 'string');
  return texts && Number.isSafeInteger(offset) && Number.isSafeInteger(seq) && Number(offset) >= 0 && Number(seq) >= 0;
}
