import { readFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { removeIfThere } from '../../disk/durable.js';
import { diskFault, errnoOf } from '../../disk/faults.js';
import { writeTogether } from '../../disk/file-group.js';
import { isPlace, type Place } from './place.js';

/** What is known of a target: how far it holds the chain, and what is wrong with it. */
export interface TargetPosition {
  readonly held: Place;
  /** Of a second location: what its marker says. */
  readonly marker?: string | undefined;
  readonly fault?: { readonly code: string; readonly message: string; readonly cure: string; readonly since: string } | undefined;
  readonly differsSince?: string | undefined;
}

export type Positions = ReadonlyMap<string, TargetPosition>;

/** Empty if there is no such file, or none that can be read: everything is sent again then, which harms nothing. */
export function readPositions(path: string): Map<string, TargetPosition> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return new Map();
    throw diskFault(error, 'read', path);
  }
  try {
    const { targets } = JSON.parse(text) as { targets?: Record<string, TargetPosition> };
    return new Map(Object.entries(targets ?? {}).filter(([, position]) => isPlace(position?.held)));
  } catch {
    return new Map();
  }
}

/** The name need not be durable: the file before says less, and what it does not know of is sent again. */
export async function writePositions(path: string, positions: Positions): Promise<void> {
  const text = `${JSON.stringify({ version: 1, targets: Object.fromEntries(positions) }, null, 1)}\n`;
  const temporary = `${path}.tmp`;
  removeIfThere(temporary);
  await writeTogether((files) => files.write(temporary, [Buffer.from(text)], { mode: 0o600 }));
  try {
    await rename(temporary, path);
  } catch (error) {
    throw diskFault(error, 'replace', path);
  }
}
