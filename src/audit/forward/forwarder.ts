import type { ChainPosition } from '../follow.js';
import { ChainReader } from './chain-reader.js';
import { Courier } from './courier.js';
import { theBeginning } from './place.js';
import { type Positions, readPositions, type TargetPosition, writePositions } from './positions.js';
import { type OpenOptions, openTarget, type Target, targetFault } from './targets.js';

export interface ForwarderOptions extends Pick<OpenOptions, 'auditDirectory' | 'confirmMs' | 'readTls'> {
  /** Where it is noted how far each target is. */
  readonly positionsFile: string;
  readonly targets: readonly Target[];
  /** Send the details too: personal data. */
  readonly personal: boolean;
  readonly now: () => Date;
  /** Told of each change, at most every `saveMs`. */
  readonly onPositions: (positions: Positions) => void;
  readonly firstPauseMs?: number;
  readonly saveMs?: number;
}

const saveMs = 1000;

/** Brings the chain to every target, each at its own pace. Apart from the files of the audit trail it shares nothing with who writes it. */
export class Forwarder {
  private readonly options: ForwarderOptions;
  private readonly couriers = new Map<string, Courier>();
  private readonly markers = new Map<string, string>();
  private end: ChainPosition | undefined;
  private dirty = true;
  private timer: NodeJS.Timeout | undefined;
  private saving: Promise<void> = Promise.resolve();
  private runs: Promise<void>[] = [];

  constructor(options: ForwarderOptions) {
    this.options = options;
    const known = readPositions(options.positionsFile);
    for (const target of options.targets) this.couriers.set(target.name, this.courierTo(target, known.get(target.name)));
  }

  start(end: ChainPosition | undefined): void {
    this.end = end;
    this.runs = [...this.couriers.values()].map((courier) => courier.run());
    this.timer = setInterval(() => this.save(), this.options.saveMs ?? saveMs);
  }

  /** The chain is durable up to there. */
  reached(end: ChainPosition): void {
    this.end = end;
    for (const courier of this.couriers.values()) courier.wake();
  }

  /** Sends what is left, for at most `longestMs`, and notes how far everybody is. */
  async stop(longestMs: number): Promise<void> {
    for (const courier of this.couriers.values()) courier.stop();
    const timer = setTimeout(() => {
      for (const courier of this.couriers.values()) courier.abort();
    }, longestMs);
    // A step that a dead file server holds does not end when it is let go of.
    await Promise.race([Promise.all(this.runs), new Promise((resolve) => setTimeout(resolve, longestMs + 1000).unref())]);
    clearTimeout(timer);
    clearInterval(this.timer);
    this.dirty = true;
    this.save();
    await this.saving;
  }

  private courierTo(target: Target, known: TargetPosition | undefined): Courier {
    const { auditDirectory, confirmMs, readTls, now, firstPauseMs, personal } = this.options;
    if (known?.marker !== undefined) this.markers.set(target.name, known.marker);
    const marker = { get: () => this.markers.get(target.name), set: (value: string) => this.markers.set(target.name, value) };
    const courier: Courier = new Courier({
      directory: auditDirectory,
      reader: new ChainReader(auditDirectory, { details: personal || target.kind === 'second' }),
      held: known?.held ?? theBeginning,
      open: () =>
        openTarget(target, {
          auditDirectory,
          confirmMs,
          personal,
          readTls,
          first: () => (known?.held.seq ?? 0) === 0 && courier.state.held.seq === 0,
          marker,
        }),
      end: () => this.end,
      now,
      asFault: targetFault,
      changed: () => {
        this.dirty = true;
      },
      ...(firstPauseMs === undefined ? {} : { firstPauseMs }),
    });
    return courier;
  }

  private positions(): Map<string, TargetPosition> {
    return new Map(
      [...this.couriers].map(([name, { state }]) => {
        const { held, fault, differsSince } = state;
        return [name, { held, marker: this.markers.get(name), fault, differsSince }];
      }),
    );
  }

  /** What cannot be noted now is noted the next time; meanwhile the older note stands, and says less. */
  private save(): void {
    if (!this.dirty) return;
    this.dirty = false;
    const positions = this.positions();
    this.options.onPositions(positions);
    this.saving = this.saving
      .then(() => writePositions(this.options.positionsFile, positions))
      .catch(() => {
        this.dirty = true;
      });
  }
}
