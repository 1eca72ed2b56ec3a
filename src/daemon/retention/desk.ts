import { Worker } from 'node:worker_threads';
import { newEntry } from '../../audit/record.js';
import type { AuditWriter } from '../../audit/writer.js';
import { SealdropError } from '../../errors.js';
import type { EventDetails } from '../events.js';
import { plainFault, revivedFault } from '../protocol.js';
import type { DaemonWorld } from '../world.js';
import type { DestroyReport, DestroyRequest, RetentionOptions } from './engine.js';
import { retentionOptions } from './options.js';
import { minutesUntil } from './schedule.js';
import type { FromRetentionThread, ToRetentionThread } from './thread-messages.js';

/** What `sealdrop archive` asks of the daemon. */
export type RetentionRequest =
  | ({ readonly kind: 'hold' } & EventDetails['hold-placed'])
  | ({ readonly kind: 'release' } & EventDetails['hold-released'])
  | DestroyRequest;

const minuteMs = 60_000;
/** What could not be finished is looked at again after so long: it may mean reading much. */
const againMs = 10 * minuteMs;

/**
 * Holds, purges and erasures while the daemon runs. Destroying is done by a thread, one job at a time; what was recorded and not finished
 * when the daemon died is finished after the start. What cannot be finished is tried again, and health says why.
 */
export class RetentionDesk {
  private readonly world: DaemonWorld;
  private readonly audit: AuditWriter;
  private readonly options: RetentionOptions;
  private version = 0;
  private holding: Promise<unknown> = Promise.resolve();
  private thread: Worker | undefined;
  private unfinished = true;
  private finishAgainMs = 0;
  private timer: NodeJS.Timeout | undefined;
  private nextPurgeMs: number | undefined;

  constructor(world: DaemonWorld, audit: AuditWriter) {
    this.world = world;
    this.audit = audit;
    this.options = retentionOptions(world.config, world.layout);
  }

  /** Finishes what was left; with `once` it is finished on return, otherwise the clock is looked at from here on. */
  async start(): Promise<void> {
    if (this.world.once) return this.finish();
    this.plan();
    this.tick();
  }

  /** A thread that is killed leaves nothing that the next start does not finish. */
  async stop(): Promise<void> {
    clearTimeout(this.timer);
    await this.thread?.terminate();
  }

  async act(request: RetentionRequest, progress: (done: string) => void): Promise<unknown> {
    if (request.kind === 'purge' || request.kind === 'erase') {
      return this.destroy(request, progress).catch((error: unknown) => {
        // Whoever asked is told; a disk that cannot say what it holds is everybody's matter.
        if (plainFault(error).code === 'fsync-failed') this.world.failed(error);
        throw error;
      });
    }
    const { kind, ...detail } = request;
    this.version++;
    this.holding = this.audit.append([newEntry(kind === 'hold' ? 'hold-placed' : 'hold-released', {}, detail)]);
    await this.holding;
    return { ok: true };
  }

  private async destroy(request: DestroyRequest, progress: (done: string) => void): Promise<DestroyReport> {
    if (this.thread !== undefined) throw busy();
    const report = await this.inThread(request, progress);
    this.world.log.info(request.kind === 'purge' ? 'purged' : 'erased', {
      messages: report.recorded,
      files: report.destroyed.files,
      held: report.held,
      by: request.by.user,
    });
    return report;
  }

  private async finish(): Promise<void> {
    if (this.thread !== undefined || !this.unfinished || Date.now() < this.finishAgainMs) return;
    try {
      const { destroyed } = await this.inThread(undefined, () => {});
      if (destroyed.messages > 0) this.world.log.info('finished what an earlier purge had left', { ...destroyed });
      this.world.health.trouble('destroying', undefined);
    } catch (error) {
      this.finishAgainMs = Date.now() + againMs;
      this.failed('destroying', error);
    }
  }

  /** Looks at least every minute: the clock may be set. */
  private tick(): void {
    void this.finish();
    if (this.nextPurgeMs !== undefined && Date.now() >= this.nextPurgeMs && this.thread === undefined) {
      this.plan();
      void this.purgeBySchedule();
    }
    const untilPurgeMs = (this.nextPurgeMs ?? Number.POSITIVE_INFINITY) - Date.now();
    this.timer = setTimeout(() => this.tick(), Math.min(minuteMs, Math.max(1000, untilPurgeMs)));
  }

  private async purgeBySchedule(): Promise<void> {
    try {
      const by = { uid: process.getuid?.() ?? 0, user: 'schedule' };
      await this.destroy({ kind: 'purge', by, confirm: null, confirmClock: false }, () => {});
      this.world.health.trouble('purge', undefined);
    } catch (error) {
      this.failed('purge', error);
    }
  }

  private plan(): void {
    const { schedule } = this.world.config.archive.purge;
    const isWanted = schedule !== null && this.options.rules !== null;
    this.nextPurgeMs = isWanted ? Date.now() + minutesUntil(schedule, new Date()) * minuteMs : undefined;
  }

  /** What the disk refuses is waited for; what a person has to look at stays in health until a purge works. */
  private failed(where: string, error: unknown): void {
    const fault = plainFault(error);
    if (this.world.isStopping()) return;
    if (fault.disposition === 'fatal') this.world.failed(error);
    else this.world.health.trouble(where, fault);
  }

  private inThread(request: DestroyRequest | undefined, progress: (done: string) => void): Promise<DestroyReport> {
    const thread = new Worker(new URL('./thread.js', import.meta.url), { workerData: { options: this.options, request } });
    this.thread = thread;
    this.unfinished = true;
    return new Promise<DestroyReport>((resolve, reject) => {
      thread.on('message', (message: FromRetentionThread) => {
        if (message.kind === 'progress') progress(message.done);
        else if (message.kind === 'failed') reject(revivedFault(message.fault));
        else if (message.kind === 'ended') {
          this.unfinished = false;
          resolve(message.report);
        } else {
          this.answer(message).then(
            (answer) => this.tell(thread, { question: message.question, answer }),
            (error: unknown) => this.tell(thread, { question: message.question, fault: plainFault(error) }),
          );
        }
      });
      thread.once('error', reject);
      thread.once('exit', () => {
        this.thread = undefined;
        reject(stopped());
      });
    });
  }

  private async answer(message: Extract<FromRetentionThread, { question: number }>): Promise<unknown> {
    if (message.kind === 'roll') return this.audit.roll();
    if (message.kind === 'holds') {
      await this.holding.catch(() => undefined);
      return this.version;
    }
    if (message.version !== this.version) return false;
    await this.audit.append(message.entries);
    return true;
  }

  private tell(thread: Worker, message: ToRetentionThread): void {
    thread.postMessage(message);
  }
}

function busy(): SealdropError {
  return new SealdropError('purge-running', 'a purge or an erasure is under way', {
    disposition: 'retry',
    cure: 'Wait until it has ended; the log says so.',
  });
}

function stopped(): SealdropError {
  return new SealdropError('purge-stopped', 'the purge was stopped with the daemon', {
    disposition: 'retry',
    cure: 'What was recorded is destroyed after the next start; then purge again.',
  });
}
