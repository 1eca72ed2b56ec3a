import { areSettled, type FileStamps, sameStamps, stampsOf } from './file-stamps.js';

/** Which files an entry is made from (files that are not there yet, but would count, included), and how. */
export interface EntrySource<T> {
  readonly paths: readonly string[];
  load(): T;
}

interface Entry<T> {
  readonly value: T;
  readonly stamps: FileStamps;
  readonly paths: readonly string[];
  readonly loadedAtMs: number;
  /** Since when these stamps have been seen. */
  readonly firstSeenMs: number;
  /** The refresh generation in which the stamps were last compared. */
  checkedIn: number;
}

/**
 * Keeps what was parsed, at most `limit` entries, least recently used first to go. An entry is compared with its files once per generation: one
 * stat a file. Within a generation an entry does not change under those who use it.
 */
export class EntryCache<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #limit: number;
  readonly #clock: () => number;

  constructor(limit: number, clock: () => number) {
    this.#limit = limit;
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The entry of `key`, loaded when it is not there or its files changed. What `find` and `load` throw passes through. */
  get(key: string, generation: number, find: () => EntrySource<T>): T {
    const known = this.#entries.get(key);
    // Also when finding throws: keys whose files are gone do not stay in memory.
    this.#entries.delete(key);
    const entry = known?.checkedIn === generation ? known : this.#current(known, generation, find());
    this.#entries.set(key, entry);
    this.#trim();
    return entry.value;
  }

  #current(known: Entry<T> | undefined, generation: number, source: EntrySource<T>): Entry<T> {
    const { paths } = source;
    // Looked at before the files are read: a change in between shows at the next look.
    const stamps = stampsOf(paths);
    const unchanged = known !== undefined && samePaths(known.paths, paths) && sameStamps(known.stamps, stamps);
    if (unchanged && areSettled(stamps, known.loadedAtMs, known.firstSeenMs)) {
      known.checkedIn = generation;
      return known;
    }
    const loadedAtMs = this.#clock();
    const firstSeenMs = unchanged ? Math.min(known.firstSeenMs, loadedAtMs) : loadedAtMs;
    return { value: source.load(), stamps, paths, loadedAtMs, firstSeenMs, checkedIn: generation };
  }

  #trim(): void {
    if (this.#entries.size <= this.#limit) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }
}

function samePaths(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((path, index) => path === other[index]);
}
