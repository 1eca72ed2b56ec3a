import { existsSync } from 'node:fs';
import { detailsName } from './files.js';
import type { Finding } from './finding.js';
import { rawLinesOf } from './lines.js';
import { type ChainRecord, cutDetailsLine, isCommittedTo, type RawDetail } from './record.js';

/** A place in a segment's details file: of one line, without its line feed. */
export interface DetailPlace {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** What the details file says of a record: `text` is what the chain committed to, and stays valid until the next `find`. */
export type FoundDetail =
  | { readonly kind: 'detail'; readonly text: Buffer; readonly place: DetailPlace }
  | { readonly kind: 'erased' | 'missing' | 'altered' };

/** Reads a segment's details alongside its chain; both are in order of seq. */
export class DetailsReader {
  private readonly file: string;
  private readonly lines: ReturnType<typeof rawLinesOf> | undefined;
  private held: Held | undefined;

  constructor(directory: string, segment: string) {
    this.file = detailsName(segment);
    const path = `${directory}/${this.file}`;
    this.lines = existsSync(path) ? rawLinesOf(path) : undefined;
  }

  find(record: ChainRecord, findings: Finding[]): FoundDetail {
    for (;;) {
      this.held ??= this.next(findings);
      if (this.held === undefined || this.held.seq > record.seq) {
        findings.push({ kind: 'details-missing', file: this.file, text: `the details of record ${record.seq} are missing` });
        return { kind: 'missing' };
      }
      const held = this.held;
      this.held = undefined;
      if (held.seq < record.seq) {
        findings.push(this.withoutRecord(held.seq));
        continue;
      }
      const { detail } = held;
      if (detail.kind === 'erased') return { kind: 'erased' };
      if (!isCommittedTo(record.detail, detail)) {
        findings.push({
          kind: 'details-altered',
          file: this.file,
          text: `the details of record ${record.seq} are not what the chain committed to`,
        });
        return { kind: 'altered' };
      }
      return { kind: 'detail', text: detail.text, place: held.place };
    }
  }

  hasMore(): boolean {
    this.held ??= this.next([]);
    return this.held !== undefined;
  }

  finish(findings: Finding[]): void {
    for (let held = this.held ?? this.next(findings); held !== undefined; held = this.next(findings))
      findings.push(this.withoutRecord(held.seq));
  }

  private withoutRecord(seq: number): Finding {
    return { kind: 'details-without-record', file: this.file, text: `details ${seq} have no record in the chain` };
  }

  /** The next readable line; an unreadable one is a finding and passed over. */
  private next(findings: Finding[]): Held | undefined {
    for (;;) {
      const line = this.lines?.next();
      if (line === undefined || line.done === true) return undefined;
      const { bytes, offset, complete } = line.value;
      const cut = complete ? cutDetailsLine(bytes) : undefined;
      if (cut !== undefined) return { seq: cut.seq, detail: cut, place: { offset, sizeBytes: bytes.length } };
      findings.push({ kind: 'details-altered', file: this.file, text: `unreadable line at byte ${offset}` });
    }
  }
}

interface Held {
  readonly seq: number;
  readonly detail: RawDetail;
  readonly place: DetailPlace;
}
