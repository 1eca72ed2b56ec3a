import { existsSync } from 'node:fs';
import { ChainOfSegments } from '../../audit/chain-of-segments.js';
import { replay } from '../../audit/checkpoint/replay.js';
import { type CheckpointChecks, CheckpointVerifier } from '../../audit/checkpoint-verify.js';
import { segments } from '../../audit/files.js';
import type { Finding } from '../../audit/finding.js';
import { SealdropError } from '../../errors.js';
import { requireSecond, type SecondPlace } from '../second.js';
import { type CheckOptions, type FilesResult, type FilesTask, noProofs, type Proofs } from './check-files.js';
import { type ComparedPlace, type Heard, tasksOfDay } from './day-files.js';
import { DayTable } from './day-table.js';
import { DestroyedMessages } from './destroyed.js';
import { certificateFindings } from './kept-certificates.js';
import { archiveDays } from './names.js';
import type { ProofOutcome } from './proof.js';
import { type Run, type SampleReport, type TrailReport, verdictOn } from './report.js';
import { bufferOf, dayOfRow, rowBytes, rowKinds } from './rows.js';
import { RowsByDay } from './rows-by-day.js';
import { ruledOutShare, type SampleSize, Sampling } from './sampling.js';
import type { SegmentResult, SegmentTask } from './scan-segment.js';
import { Tally } from './tally.js';
import { type Unrecorded, withoutRecords } from './under-way.js';

export interface Places {
  readonly audit: string;
  readonly archive: string;
  /** The daemon's, where a message under way still has its copy. */
  readonly work: string;
  readonly second?: SecondPlace | undefined;
}

export interface VerifyOptions {
  readonly places: Places;
  /** Prove signatures too, not hashes alone. */
  readonly signatures: boolean;
  /** The chain against its checkpoints too. */
  readonly checkpoints?: CheckpointChecks | undefined;
  /** Open encrypted entries. */
  readonly keys?: CheckOptions['keys'];
  readonly sample?: { readonly size: SampleSize; readonly seed: string } | undefined;
  /** Days of the archive, `YYYY-MM-DD`, inclusive; the trail is verified as a whole either way. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** Memory for what the trail says, in octets; beyond it, files in the system's directory for temporary files. */
  readonly memoryBytes?: number;
  /** What an earlier run with the same options has found out. */
  readonly resume?: SoFar | undefined;
}

/** How far the files have come. Plain data: it is written to disk. */
export interface SoFar {
  /** The last file that was checked; all before it were too, the second location's of a day after the archive's. */
  readonly position: { readonly day: string; readonly second: boolean; readonly name: string };
  readonly read: { readonly originals: number; readonly sizeBytes: number };
  readonly proofs: Proofs;
  readonly findings: readonly Finding[];
}

const defaultMemoryBytes = 256 << 20;

/**
 * A verification of chain, details and archive against each other, both ways, as tasks that can be done anywhere and in any number at once,
 * and what comes of them. Results are given back in the order of the tasks. First the segments of the trail: what they say of the archive is
 * gathered by day; then the files, day by day.
 */
export class Verification {
  readonly segments: readonly string[];
  readonly tally: Tally;
  private readonly options: VerifyOptions;
  private readonly chain = new ChainOfSegments();
  private readonly checkpoints: CheckpointVerifier | undefined;
  private readonly rows: RowsByDay;
  private readonly sampling: Sampling | undefined;
  private readonly findings: Finding[] = [];
  private readonly destroyed = new DestroyedMessages();
  private readonly fileFindings: Finding[];
  private readonly unrecorded: Unrecorded[] = [];
  private readonly proofs: Record<ProofOutcome, number>;
  private read: SoFar['read'];
  private position: SoFar['position'] | undefined;
  private listed = 0;

  constructor(options: VerifyOptions) {
    this.options = options;
    this.fileFindings = [...(options.resume?.findings ?? [])];
    this.proofs = { ...noProofs(), ...options.resume?.proofs };
    this.read = options.resume?.read ?? { originals: 0, sizeBytes: 0 };
    this.position = options.resume?.position;
    // Listed before the chain is read: what a checkpoint covers was there before it.
    this.checkpoints = options.checkpoints === undefined ? undefined : new CheckpointVerifier(options.places.audit, options.checkpoints);
    this.segments = segments(options.places.audit);
    this.tally = new Tally(options.places.audit, this.segments);
    this.rows = new RowsByDay(options.memoryBytes ?? defaultMemoryBytes, (day) => this.isWanted(day));
    this.sampling = options.sample === undefined ? undefined : new Sampling(options.sample.size, options.sample.seed);
  }

  /** How the files are to be checked. */
  get checkOptions(): CheckOptions {
    const { places, signatures, keys = [] } = this.options;
    const { audit, archive, second } = places;
    return { archive, audit, segments: this.segments, signatures, second: second?.directory, keys };
  }

  *segmentTasks(): Generator<SegmentTask> {
    for (const [number, segment] of this.segments.entries()) {
      const newest = number === this.segments.length - 1;
      yield { kind: 'segment', audit: this.options.places.audit, segment, number, newest, notes: this.checkpoints !== undefined };
    }
  }

  addSegment({ report, rows, notes, destroyed }: SegmentResult): void {
    for (const claim of destroyed) this.destroyed.add(claim);
    if (notes !== undefined && this.checkpoints !== undefined) replay(notes, this.checkpoints);
    this.chain.add(report);
    this.offerToSample(rows);
    this.rows.add(rows);
    this.tally.segment(report.segment, rows.length / rowBytes);
  }

  /** When all segments have been added. */
  *filesTasks(): Generator<FilesTask> {
    const places = this.comparedPlaces();
    const days = new Set(this.rows.names);
    for (const place of places) {
      const found = archiveDays(place.directory);
      for (const path of found.strangers) this.findings.push(withoutRecord(path, place.second));
      for (const day of found.days) days.add(day);
    }
    this.sampling?.settle();
    for (const day of [...days].filter((each) => this.isWanted(each)).sort()) yield* this.tasksOfDay(day, places);
  }

  addFiles({ day, second, names }: FilesTask, { originals, sizeBytes, proofs, findings }: FilesResult): void {
    this.position = { day, second, name: names.at(-1) ?? '' };
    this.read = { originals: this.read.originals + originals, sizeBytes: this.read.sizeBytes + sizeBytes };
    for (const [outcome, count] of Object.entries(proofs)) this.proofs[outcome as keyof typeof proofs] += count;
    this.fileFindings.push(...findings);
    this.tally.files(originals, sizeBytes);
  }

  /** End of the trail, when all segments have been added. */
  get head(): { readonly seq: number; readonly hash: string } {
    return this.chain.head;
  }

  /** Removes what was put aside on disk. */
  close(): void {
    this.rows.close();
  }

  /** When all has been added. */
  report(runs: readonly Run[]): TrailReport {
    const { places, signatures, sample, since, until } = this.options;
    const chain = this.chain.report(places.audit, this.checkpoints?.finish());
    const unrecorded = withoutRecords(this.unrecorded, places).map(({ path }) => withoutRecord(path, false));
    const findings = unique([
      ...chain.findings,
      ...certificateFindings(places.archive),
      ...this.fileFindings,
      ...this.findings,
      ...unrecorded,
      ...this.destroyed.findings(places.archive),
    ]);
    return {
      ...chain,
      findings,
      archived: this.read.originals,
      sizeBytes: this.read.sizeBytes,
      ...(signatures ? { signatures: { ...this.proofs } } : {}),
      ...(sample === undefined ? {} : { sample: this.sampleReport(sample.seed) }),
      ...(since === undefined && until === undefined ? {} : { range: { since, until } }),
      runs,
      verdict: verdictOn(findings),
    };
  }

  /** How far the files have come, for a later run to go on from. */
  soFar(): SoFar | undefined {
    if (this.position === undefined) return undefined;
    return { position: this.position, read: this.read, proofs: { ...this.proofs }, findings: this.fileFindings };
  }

  private isWanted(day: string): boolean {
    const { since, until } = this.options;
    const date = day.replaceAll('/', '-');
    return (since === undefined || date >= since) && (until === undefined || date <= until);
  }

  /** The second location after the archive, with the same rows. */
  private *tasksOfDay(day: string, places: readonly ComparedPlace[]): Generator<FilesTask> {
    const table = new DayTable(this.rows.take(day));
    for (const place of places) yield* tasksOfDay(place, day, table, this.doneBefore(day, place), this.heard(place));
  }

  /** The last name that an earlier run has checked there; any for all of them. */
  private doneBefore(day: string, { second }: ComparedPlace): string {
    const { position } = this.options.resume ?? {};
    if (position === undefined || day > position.day) return '';
    if (day < position.day || (position.second && !second)) return '\uffff';
    return position.second === second ? position.name : '';
  }

  private heard(place: ComparedPlace): Heard {
    const { archive } = this.options.places;
    return {
      isRead: (id, copy) => {
        if (copy === undefined && !place.second) this.listed++;
        return this.sampling?.has(id) ?? true;
      },
      finding: (finding) => {
        if (!this.destroyed.isAbout(finding.file)) this.findings.push(finding);
      },
      unrecorded: (file) => {
        // What has just been archived, or is under way, is in the archive too: there it is looked into.
        if (!place.second) this.unrecorded.push(file);
        else if (!existsSync(`${archive}/${file.path}`) && existsSync(`${place.directory}/${file.path}`))
          this.findings.push(withoutRecord(file.path, true));
      },
    };
  }

  /** The archive, and the second location if it is there. */
  private comparedPlaces(): ComparedPlace[] {
    const { archive, second } = this.options.places;
    const places = [{ directory: archive, second: false }];
    if (second === undefined) return places;
    try {
      requireSecond(second);
    } catch (error) {
      if (!(error instanceof SealdropError)) throw error;
      this.findings.push({ kind: 'second-unreachable', file: second.directory, text: error.message });
      return places;
    }
    return [...places, { directory: second.directory, second: true }];
  }

  private offerToSample(rows: Uint8Array): void {
    if (this.sampling === undefined) return;
    const all = bufferOf(rows);
    for (let at = 0; at < all.length; at += rowBytes)
      if (all[at + 16] === rowKinds.archived && this.isWanted(dayOfRow(all, at))) this.sampling.offer(all.subarray(at, at + 16));
  }

  private sampleReport(seed: string): SampleReport {
    const { originals } = this.read;
    const share = ruledOutShare(originals, this.listed);
    const altered = new Set(this.fileFindings.map(({ file }) => file)).size;
    const implies =
      altered > 0
        ? `${altered} of ${originals} were not what was recorded: verify all of them`
        : `with 95 % confidence, fewer than ${percent(share)} of the ${this.listed} originals are altered`;
    return { seed, originals, of: this.listed, implies };
  }
}

function unique(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((each) => [`${each.kind} ${each.file} ${each.text}`, each])).values()];
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(2)} %`;
}

function withoutRecord(file: string, second: boolean): Finding {
  return { kind: second ? 'second-without-record' : 'archive-without-record', file, text: 'no record says that this file was archived' };
}
