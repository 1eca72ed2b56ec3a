import { exitCodeOf } from '../daemon/exit-code.js';
import { plainFault, revivedFault } from '../daemon/protocol.js';

/** Results go to standard output, everything else to standard error. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Words an error for a person, and returns the exit code that goes with it. */
export function reportError(error: unknown): number {
  const fault = plainFault(error);
  note(`sealdrop: ${fault.message}`);
  note(`  what to do: ${fault.cure}`);
  return exitCodeOf(revivedFault(fault));
}
