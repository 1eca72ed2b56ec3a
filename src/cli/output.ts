import { exitCodeOf, exitCodes } from '../daemon/exit-code.js';
import { plainFault, revivedFault } from '../daemon/protocol.js';
import { errnoOf } from '../disk/faults.js';

/** Results go to standard output, everything else to standard error. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** `1 message`, `2,000 messages`. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Bytes as they are, to standard output; resolves when they are handed over. */
export function writeBytes(bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => process.stdout.write(bytes, (error) => (error ? reject(error) : resolve())));
}

/** Whoever reads us may have seen enough (`| head`): that is no fault to speak of. What else befalls standard output is one. */
export function endQuietlyWithoutReader(): void {
  process.stdout.on('error', (error: Error) => {
    if (errnoOf(error) !== 'EPIPE') note(`sealdrop: cannot write to standard output: ${error.message}`);
    process.exit(exitCodes.io);
  });
}

/** Words an error for a person, and returns the exit code that goes with it. */
export function reportError(error: unknown): number {
  const fault = plainFault(error);
  note(`sealdrop: ${fault.message}`);
  note(`  what to do: ${fault.cure}`);
  return exitCodeOf(revivedFault(fault));
}
