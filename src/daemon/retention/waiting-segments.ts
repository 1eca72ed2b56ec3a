import { readFileSync, statSync } from 'node:fs';
import { detailsName } from '../../audit/files.js';
import { replaceFile } from '../../disk/durable.js';
import { SealdropError } from '../../errors.js';
import type { RetentionRule } from '../../policy/retention/rules.js';
import type { SegmentSummary } from './trail-summary.js';

interface Known {
  readonly detailsBytes: number;
  readonly detailsMs: number;
  readonly chainBytes: number;
  /** When the first of its messages is due; null: none ever is, under these rules. */
  readonly nextMs: number | null;
}

/**
 * Which segments have nothing that is due yet, so that a daily purge reads only what has become due. Holds for the rules it was made with
 * and for details of the same size and time. It may be deleted at any time.
 */
export class WaitingSegments {
  private readonly audit: string;
  private readonly place: { readonly directory: string; readonly name: string };
  private readonly rules: string;
  private readonly known: Map<string, Known>;
  private changed = false;

  constructor(audit: string, place: { directory: string; name: string }, rules: readonly RetentionRule[]) {
    this.audit = audit;
    this.place = place;
    this.rules = JSON.stringify(rules);
    this.known = this.read();
  }

  isWaiting({ segment, chainBytes }: SegmentSummary, nowMs: number): boolean {
    const known = this.known.get(segment);
    if (known === undefined || known.chainBytes !== chainBytes || (known.nextMs !== null && known.nextMs <= nowMs)) return false;
    const { size, mtimeMs } = this.detailsOf(segment);
    return known.detailsBytes === size && known.detailsMs === mtimeMs;
  }

  /** `nextMs`: when the first of its messages is due, infinite for never; the past if it has to be looked at each time. */
  found({ segment, chainBytes }: SegmentSummary, nextMs: number): void {
    const { size, mtimeMs } = this.detailsOf(segment);
    this.known.set(segment, {
      detailsBytes: size,
      detailsMs: mtimeMs,
      chainBytes,
      nextMs: nextMs === Number.POSITIVE_INFINITY ? null : Math.max(0, nextMs),
    });
    this.changed = true;
  }

  /** A cache that cannot be written costs time, nothing else. */
  save(): void {
    if (!this.changed) return;
    try {
      const text = JSON.stringify({ version: 1, rules: this.rules, segments: [...this.known] });
      replaceFile(this.place.directory, this.place.name, Buffer.from(text), 0o600);
    } catch (error) {
      if (!(error instanceof SealdropError)) throw error;
    }
  }

  private detailsOf(segment: string): { size: number; mtimeMs: number } {
    return statSync(`${this.audit}/${detailsName(segment)}`, { throwIfNoEntry: false }) ?? { size: 0, mtimeMs: 0 };
  }

  private read(): Map<string, Known> {
    try {
      const kept = JSON.parse(readFileSync(`${this.place.directory}/${this.place.name}`, 'utf8')) as {
        version: number;
        rules: string;
        segments: [string, Known][];
      };
      return new Map(kept.version === 1 && kept.rules === this.rules ? kept.segments : []);
    } catch {
      return new Map();
    }
  }
}
