import { type ChildProcess, spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { ChainPosition } from '../../audit/follow.js';
import { exitCodes } from '../exit-code.js';
import type { Log } from '../log.js';

export interface IndexKeeperOptions {
  readonly configPath: string;
  readonly log: Log;
  /** Up to where the audit chain is durable. */
  readonly end: () => ChainPosition | undefined;
  readonly everyMs: number;
}

const program = fileURLToPath(new URL('../../main.js', import.meta.url));
const maxWordsCharacters = 2000;
const patienceMs = 5000;

/**
 * Has the search index brought up to date now and then, if there are new records, by a process of its own: what that needs in memory and
 * native code never is in the daemon, and whatever befalls it cannot stop mail. It has the lowest priority and gives way to sealing.
 */
export class IndexKeeper {
  private readonly options: IndexKeeperOptions;
  private timer: NodeJS.Timeout | undefined;
  private child: ChildProcess | undefined;
  private gone: Promise<void> = Promise.resolve();
  private reached: string | undefined;
  private complaint: string | undefined;

  constructor(options: IndexKeeperOptions) {
    this.options = options;
  }

  start(): void {
    this.timer = setInterval(() => this.tick(), this.options.everyMs);
    this.timer.unref();
  }

  /** Ends with the batch that is being written; the next run goes on from there. One that does not end is killed: it is only a cache. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    const { child } = this;
    child?.kill('SIGTERM');
    const late = setTimeout(() => child?.kill('SIGKILL'), patienceMs);
    await this.gone;
    clearTimeout(late);
  }

  private tick(): void {
    const at = JSON.stringify(this.options.end());
    if (this.child !== undefined || at === undefined || at === this.reached) return;
    // The secrets of the environment are not for it.
    const child = spawn(process.execPath, [program, 'archive', 'index', '-c', this.options.configPath], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env.PATH },
    });
    this.child = child;
    let words = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(0, maxWordsCharacters);
    });
    this.gone = new Promise((resolve) => {
      const ended = (fault: string | undefined) => {
        if (this.child !== child) return;
        this.child = undefined;
        this.complain(fault);
        resolve();
      };
      child.once('error', (error) => ended(error.message));
      child.once('close', (code, signal) => {
        if (code === exitCodes.ok) this.reached = at;
        // Another one is at it, or it was told to stop: the next run sees what is left.
        const isFault = code !== exitCodes.ok && code !== exitCodes.tryLater && signal !== 'SIGTERM';
        ended(isFault ? words.trim() || `ended with ${code ?? signal}` : undefined);
      });
    });
    if (child.pid !== undefined) yieldProcessor(child.pid);
  }

  /** Once, not each minute. */
  private complain(fault: string | undefined): void {
    if (fault !== undefined && fault !== this.complaint) this.options.log.warn('the search index is not up to date', { words: fault });
    this.complaint = fault;
  }
}

function yieldProcessor(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended already.
  }
}
