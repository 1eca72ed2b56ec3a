import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { chainName, segments } from '../../audit/files.js';
import { rawLinesOf } from '../../audit/lines.js';
import { readChainLine } from '../../audit/record.js';
import { removeIfThere, replaceFile } from '../../disk/durable.js';
import { diskFault, errnoOf } from '../../disk/faults.js';
import { SealdropError } from '../../errors.js';
import type { Run } from './report.js';
import type { SoFar } from './verification.js';

interface Head {
  readonly seq: number;
  readonly hash: string;
}

interface SavedOptions {
  /** What is verified, and how. */
  readonly about: string;
  /** Of a sample, if one was asked for. */
  readonly seed: string | undefined;
  /** Go on from what is there, if anything is; otherwise it is passed over and replaced. */
  readonly resume: boolean;
  /** It is an error if the file cannot be written. */
  readonly mustBeSaved: boolean;
}

interface State {
  readonly version: 1;
  /** What was verified, and how; another run must want the same to go on from here. */
  readonly about: string;
  /** Of a sample. */
  readonly seed: string | undefined;
  /** End of the trail that the files were compared with. */
  readonly head: Head;
  readonly runs: readonly Run[];
  readonly soFar: SoFar;
}

/**
 * What earlier runs of the same verification have found out, in a file of the caller's own. Killed while it is written: the one before is
 * there, and some files are checked once more. Whoever can write the file can make a later run pass over files; so others' are refused.
 */
export class SavedRuns {
  private readonly path: string;
  private readonly options: SavedOptions;
  private readonly state: State | undefined;

  private constructor(path: string, options: SavedOptions, state: State | undefined) {
    this.path = path;
    this.options = options;
    this.state = state;
  }

  /** Throws `verify-state-unusable` for a state of another verification, of somebody else, or that cannot be read. */
  static open(path: string, options: SavedOptions): SavedRuns {
    return new SavedRuns(path, options, options.resume ? readState(path, options) : undefined);
  }

  get isAskedFor(): boolean {
    return this.options.mustBeSaved;
  }

  get seed(): string | undefined {
    return this.state?.seed;
  }

  get soFar(): SoFar | undefined {
    return this.state?.soFar;
  }

  get runs(): readonly Run[] {
    return this.state?.runs ?? [];
  }

  /** Throws `verify-state-unusable` unless the trail still holds the record that was its end at the earlier run. */
  requireSameTrail(now: Head, audit: string): void {
    const then = this.state?.head;
    if (then === undefined || (then.seq === now.seq && then.hash === now.hash)) return;
    if (hashOfRecord(audit, then.seq) !== then.hash)
      throw unusable(this.path, `the trail no longer holds record ${then.seq} as it was then, so it is not the one that was verified`);
  }

  save(soFar: SoFar | undefined, now: { readonly head: Head; readonly runs: readonly Run[]; readonly seed: string | undefined }): void {
    if (soFar === undefined) return;
    const state: State = { version: 1, about: this.options.about, ...now, soFar };
    const directory = dirname(this.path);
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      replaceFile(directory, basename(this.path), Buffer.from(`${JSON.stringify(state)}\n`), 0o600);
    } catch (error) {
      // Nobody asked for it: then it is no reason to end.
      if (this.options.mustBeSaved) throw error instanceof SealdropError ? error : diskFault(error, 'make', directory);
    }
  }

  remove(): void {
    try {
      removeIfThere(this.path);
    } catch (error) {
      // A home that the caller may not enter, as under sudo, holds no state of theirs.
      if (this.options.mustBeSaved) throw error;
    }
  }
}

function readState(path: string, { about, seed }: SavedOptions): State | undefined {
  let text: string;
  try {
    const { uid, mode } = statSync(path);
    if (uid !== process.getuid?.() || (mode & 0o022) !== 0) throw unusable(path, 'others can write it, and so decide what is passed over');
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof SealdropError) throw error;
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw diskFault(error, 'read', path);
  }
  let state: Partial<State>;
  try {
    state = JSON.parse(text) as Partial<State>;
  } catch (cause) {
    throw unusable(path, 'it is not the state of a verification', cause);
  }
  const { version, head, runs, soFar } = state;
  if (version !== 1 || head === undefined || runs === undefined || soFar === undefined)
    throw unusable(path, 'it is not the state of a verification');
  if (state.about !== about || (seed !== undefined && state.seed !== seed))
    throw unusable(path, 'it is the state of another verification: another place, or other options');
  return { version, about, seed: state.seed, head, runs, soFar };
}

function hashOfRecord(audit: string, seq: number): string | undefined {
  for (const segment of segments(audit).toReversed()) {
    for (const { bytes, complete } of rawLinesOf(`${audit}/${chainName(segment)}`)) {
      const parsed = complete ? readChainLine(bytes) : undefined;
      if (parsed?.kind !== 'record') continue;
      // Everything in this segment is later, and so is what follows it.
      if (parsed.record.seq > seq) break;
      if (parsed.record.seq === seq) return parsed.record.hash;
    }
  }
  return undefined;
}

function unusable(path: string, why: string, cause?: unknown): SealdropError {
  return new SealdropError('verify-state-unusable', `the state file ${path} cannot be used: ${why}`, {
    disposition: 'fatal',
    cure: 'Verify anew, without --resume; it is replaced then.',
    cause,
  });
}
