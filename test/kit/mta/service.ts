import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { forget, note } from '../leftovers.js';
import { waitFor } from '../wait-for.js';

export interface ServiceOptions {
  /** Whom it runs as; ourselves by default. */
  readonly uid?: number;
  readonly gid?: number;
}

/** A server program in the foreground, which serves when it listens on its loopback port. What it says is kept. */
export class Service {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  #output = '';

  static async start(program: string, args: readonly string[], port: number, options: ServiceOptions = {}): Promise<Service> {
    const service = new Service(program, args, options);
    await waitFor(`${program} to listen`, () => service.#hasEnded || answers(port), { describe: () => service.output });
    if (service.#hasEnded) throw new Error(`${program} ended: ${service.output}`);
    return service;
  }

  private constructor(program: string, args: readonly string[], options: ServiceOptions) {
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
      });
    }
    this.#exit = new Promise((resolve) => {
      this.#child.on('error', (error) => {
        this.#output += error.message;
        resolve(undefined);
      });
      this.#child.on('close', resolve);
    });
    if (this.#child.pid !== undefined) note(this.#child.pid, program);
  }

  get output(): string {
    return this.#output.slice(-4000);
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#exit;
    if (this.#child.pid !== undefined) forget(this.#child.pid);
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
