import type { Waiting } from '../spool/claim.js';
import { displayName } from '../spool/display-name.js';
import type { DiskReport } from './disk/forecast.js';
import type { PlainFault } from './protocol.js';

export interface HealthReport {
  readonly status: 'ok' | 'waiting' | 'failed';
  /** What makes intake or delivery pause now, each with its cure. */
  readonly pauses: readonly (PlainFault & { readonly since: string; readonly where: string })[];
  /** What is out of order while mail goes on all the same. */
  readonly troubles: readonly (PlainFault & { readonly since: string; readonly where: string })[];
  /** Files that stay in front of a door, and why; at most 100. */
  readonly waitingFiles: readonly {
    readonly file: string;
    readonly door: string;
    readonly code: string;
    readonly text: string;
    readonly cure: string;
  }[];
  /** The file systems that are written to, how full they are and for how long they last. */
  readonly disks: readonly DiskReport[];
  /** Who gets the audit trail: up to which record it is known to hold it, and how many records are missing there. */
  readonly forwarding: readonly { readonly target: string; readonly held: number; readonly time: string; readonly behind: number }[];
  readonly counters: Readonly<Record<string, number>>;
}

interface Forwarded {
  readonly held: number;
  /** Of that record; empty if there is none yet. */
  readonly time: string;
  readonly behind: () => number;
}

const maxWaitingFiles = 100;

/** What the daemon knows of its own state. Everything a person asks is answered from here. */
export class Health {
  private readonly pauses = new Map<string, PlainFault & { since: string }>();
  private readonly troubles = new Map<string, PlainFault & { since: string }>();
  private readonly waitingFiles = new Map<string, { waiting: Waiting; scan: number }>();
  private diskReports: readonly DiskReport[] = [];
  private readonly forwarding = new Map<string, Forwarded>();
  private readonly counters: Record<string, number> = {
    accepted: 0,
    committed: 0,
    'handed-over': 0,
    rejected: 0,
    sent: 0,
    deferred: 0,
    quarantined: 0,
  };
  private readonly log: { warn(message: string, facts: object): void; info(message: string, facts: object): void };

  constructor(log: Health['log']) {
    this.log = log;
  }

  /**
   * `fault` undefined: that place works again. Only a change of the kind of fault is logged: what strikes a worker strikes each of its
   * messages in turn, every second, with another file name.
   */
  pause(where: string, fault: PlainFault | undefined): void {
    this.note(this.pauses, where, fault);
  }

  /** As `pause`, for what does not hold mail up, since something else does the work: a server among several. */
  trouble(where: string, fault: PlainFault | undefined): void {
    this.note(this.troubles, where, fault);
  }

  private note(faults: Map<string, PlainFault & { since: string }>, where: string, fault: PlainFault | undefined): void {
    const known = faults.get(where);
    if (fault === undefined) {
      if (known === undefined) return;
      faults.delete(where);
      this.log.info('works again', { where, code: known.code });
    } else {
      faults.set(where, { ...fault, since: known?.since ?? new Date().toISOString() });
      if (known?.code !== fault.code) this.log.warn(fault.message, { where, code: fault.code, cure: fault.cure });
    }
  }

  /** `scan`: the number of the scan that came upon the file. The ordinary quiet time of the guessing door is no news. */
  fileWaits(waiting: Waiting, scan: number): void {
    if (waiting.code === 'not-settled') return;
    const key = `${waiting.candidate.door}/${waiting.candidate.name}`;
    const known = this.waitingFiles.get(key);
    if (known === undefined && this.waitingFiles.size >= maxWaitingFiles) return;
    this.waitingFiles.set(key, { waiting, scan });
    if (known?.waiting.code === waiting.code) return;
    this.log.warn(`left in the outbox: ${waiting.text}`, { code: waiting.code, cure: waiting.cure });
  }

  /** Workers answer while the next scan runs already, so a file is forgotten only when it was not seen for a whole scan. */
  forgetFilesNotSeenSince(scan: number): void {
    for (const [key, known] of this.waitingFiles) if (known.scan < scan) this.waitingFiles.delete(key);
  }

  disks(reports: readonly DiskReport[]): void {
    this.diskReports = reports;
  }

  forwarded(target: string, state: Forwarded): void {
    this.forwarding.set(target, state);
  }

  count(name: string, by = 1): void {
    this.counters[name] = (this.counters[name] ?? 0) + by;
  }

  report(): HealthReport {
    const listed = (faults: ReadonlyMap<string, PlainFault & { since: string }>) =>
      [...faults].map(([where, fault]) => ({ where, ...fault }));
    const pauses = listed(this.pauses);
    return {
      status: pauses.length > 0 ? 'waiting' : 'ok',
      pauses,
      troubles: listed(this.troubles),
      waitingFiles: [...this.waitingFiles.values()].map(({ waiting: { candidate, code, text, cure } }) => ({
        file: displayName(candidate.name),
        door: candidate.door,
        code,
        text,
        cure,
      })),
      disks: this.diskReports,
      forwarding: [...this.forwarding].map(([target, { held, time, behind }]) => ({ target, held, time, behind: behind() })),
      counters: { ...this.counters },
    };
  }
}
