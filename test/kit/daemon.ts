import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { forget, note } from './leftovers.js';
import type { Site } from './site.js';
import { waitFor } from './wait-for.js';

export interface ProgramOptions {
  readonly input?: Buffer | string;
  /** Added to the test's own environment; undefined removes. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Another program than dist/main.js, run by Node. */
  readonly program?: string;
}

export interface Exit {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const running = new Set<ChildProcess>();

/** `sealdrop <args>` as a real process, whose output is kept and which is killed at the end of the vitest run if it still lives. */
export class Program {
  readonly exit: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];

  constructor(args: readonly string[], options: ProgramOptions = {}) {
    const program = options.program ?? MAIN;
    if (!existsSync(program)) throw new Error(`${program} is missing: run "npm run setup" first`);
    const { cwd, uid, gid } = options;
    this.#child = spawn(process.execPath, [program, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
      ...(cwd === undefined ? {} : { cwd }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#stdout.push(chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#stderr.push(chunk));
    // A program that ends without reading its input closes the pipe.
    this.#child.stdin?.on('error', () => {});
    this.#child.stdin?.end(options.input);
    running.add(this.#child);
    const { pid } = this.#child;
    if (pid !== undefined) note(pid, program);
    this.exit = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (status, signal) => {
        running.delete(this.#child);
        if (pid !== undefined) forget(pid);
        resolve({ status, signal });
      });
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the program did not start');
    return this.#child.pid;
  }

  get stdout(): string {
    return Buffer.concat(this.#stdout).toString();
  }

  get stdoutBytes(): Buffer {
    return Buffer.concat(this.#stdout);
  }

  get stderr(): string {
    return Buffer.concat(this.#stderr).toString();
  }

  get hasEnded(): boolean {
    return !running.has(this.#child);
  }

  /** Waits until `condition` holds; fails at once, with the program's output, when the program ends before. */
  async until<T>(what: string, condition: () => T, deadlineMs?: number): Promise<Exclude<T, undefined | null | false>> {
    const output = () => `stdout: ${this.stdout.slice(-2000)}\nstderr: ${this.stderr.slice(-2000)}`;
    const found = await waitFor(
      what,
      () => {
        // Asked first: what is true once the program has ended was true in time.
        const ended = this.hasEnded;
        const met = condition();
        return met !== undefined && met !== null && met !== false ? { met } : ended && { met };
      },
      { describe: output, ...(deadlineMs === undefined ? {} : { deadlineMs }) },
    );
    const { met } = found;
    if (met === undefined || met === null || met === false) throw new Error(`the program ended before: ${what}\n${output()}`);
    return met as Exclude<T, undefined | null | false>;
  }

  /** Waits for text on stdout or stderr. */
  untilOutput(pattern: RegExp, deadlineMs?: number): Promise<RegExpExecArray> {
    return this.until(`output ${pattern}`, () => pattern.exec(this.stdout) ?? pattern.exec(this.stderr), deadlineMs);
  }

  /** Waits for its end; a program that hangs is killed and reported with its output. */
  async ended(deadlineMs = 60_000): Promise<Exit> {
    try {
      await waitFor('the program to end', () => this.hasEnded, {
        deadlineMs,
        describe: () => `${this.stdout}\n${this.stderr}`.slice(-4000),
      });
    } catch (error) {
      await this.kill();
      throw error;
    }
    return this.exit;
  }

  /** kill -9, and waits until the process is gone. */
  kill(): Promise<Exit> {
    this.#child.kill('SIGKILL');
    return this.exit;
  }

  /** SIGTERM, and waits for the graceful end. */
  terminate(deadlineMs?: number): Promise<Exit> {
    this.#child.kill('SIGTERM');
    return this.ended(deadlineMs);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

/** Starts `sealdrop run -c FILE` on a site and leaves it running. */
export function startDaemon(site: Site, options: ProgramOptions & { args?: readonly string[] } = {}): Program {
  return new Program(['run', '-c', site.configFile, ...(options.args ?? [])], options);
}

export interface Finished extends Exit {
  readonly stdout: string;
  readonly stdoutBytes: Buffer;
  readonly stderr: string;
}

/** `sealdrop run -c FILE --once`, to its end. */
export function runOnce(site: Site, options: ProgramOptions & { deadlineMs?: number } = {}): Promise<Finished> {
  return sealdrop(['run', '-c', site.configFile, '--once'], options);
}

/** Any command, to its end. */
export async function sealdrop(args: readonly string[], options: ProgramOptions & { deadlineMs?: number } = {}): Promise<Finished> {
  const program = new Program(args, options);
  const exit = await program.ended(options.deadlineMs);
  return { ...exit, stdout: program.stdout, stdoutBytes: program.stdoutBytes, stderr: program.stderr };
}
