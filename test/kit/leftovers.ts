import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runDirectory } from './temp.js';

/**
 * Vitest ends its test processes by a signal, so no exit handler of theirs runs, and a daemon whose test failed would live on. Each
 * program started leaves a file named after its process id; what is still noted and alive at the end of the run is killed.
 */
export function note(pid: number, program: string, run = runDirectory()): void {
  const directory = join(run, 'programs');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, String(pid)), program);
}

export function forget(pid: number): void {
  rmSync(join(runDirectory(), 'programs', String(pid)), { force: true });
}

export function killLeftOver(directory: string): void {
  const programs = join(directory, 'programs');
  if (!existsSync(programs)) return;
  for (const pid of readdirSync(programs)) {
    // The id may belong to somebody else by now.
    if (commandLine(pid).includes(readFileSync(join(programs, pid), 'utf8'))) process.kill(Number(pid), 'SIGKILL');
  }
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(join('/proc', pid, 'cmdline'), 'utf8').split('\0');
  } catch {
    return [];
  }
}
