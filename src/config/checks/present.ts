import type { PlainValue } from '../document.js';
import type { KeyPath } from '../fault.js';
import { configSchema } from '../schema.js';
import { valueAt } from '../wording.js';

/** What holds where the file says nothing. */
export const DEFAULTS = configSchema.parse({});

export function isPresent(value: PlainValue, path: KeyPath): boolean {
  return valueAt(value, path) !== undefined;
}
