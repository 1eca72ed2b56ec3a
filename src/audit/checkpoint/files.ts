import { namesIn } from '../../disk/names-in.js';

/**
 * `audit/checkpoints/`:
 *   <number>.p7s   a checkpoint: CMS SignedData around its JSON, DER
 *   <number>.tst   a time-stamp token (RFC 3161) over that file, DER; only where audit.timestamp is set, and later than it
 * The number has at least eight digits.
 */
export function checkpointDirectory(auditDirectory: string): string {
  return `${auditDirectory}/checkpoints`;
}

export function checkpointName(number: number): string {
  return `${String(number).padStart(8, '0')}.p7s`;
}

export function timestampName(number: number): string {
  return `${String(number).padStart(8, '0')}.tst`;
}

export function checkpointPath(auditDirectory: string, number: number): string {
  return `${checkpointDirectory(auditDirectory)}/${checkpointName(number)}`;
}

export function timestampPath(auditDirectory: string, number: number): string {
  return `${checkpointDirectory(auditDirectory)}/${timestampName(number)}`;
}

/** Numbers of the checkpoints and of the time-stamps there are, ascending. */
export interface CheckpointNames {
  readonly checkpoints: readonly number[];
  readonly timestamps: readonly number[];
}

export function checkpointNames(auditDirectory: string): CheckpointNames {
  const checkpoints: number[] = [];
  const timestamps: number[] = [];
  // Not counted: a dot-file, which a crash leaves of a file under way; the next one of that name replaces it.
  for (const name of namesIn(checkpointDirectory(auditDirectory))) {
    const number = Number(/^(\d{8,15})\.(?:p7s|tst)$/.exec(name)?.[1]);
    if (name === checkpointName(number)) checkpoints.push(number);
    if (name === timestampName(number)) timestamps.push(number);
  }
  const ascending = (numbers: number[]) => numbers.sort((one, other) => one - other);
  return { checkpoints: ascending(checkpoints), timestamps: ascending(timestamps) };
}
