import { existsSync, readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { findEntry } from '../../archive/entry.js';
import { makeImmutable } from '../../archive/immutable.js';
import { sealedEntryOf } from '../../archive/sealed-entry.js';
import { type ChainPosition, idsBetween } from '../../audit/follow.js';
import { replaceFile } from '../../disk/durable.js';
import { diskFault, errnoOf } from '../../disk/faults.js';
import type { SpoolLayout } from '../../spool/layout.js';

export interface KeeperWorld {
  readonly layout: SpoolLayout;
  readonly audit: { readonly end: ChainPosition | undefined };
  /** Copies of a message that the archive keeps have numbers without gaps; a rule can leave some out. */
  readonly keeps: 'none' | 'all' | 'some';
}

interface SavedState {
  readonly version: 1;
  readonly at: ChainPosition;
  readonly open: readonly string[];
}

/** Messages known at one time; what ended beyond that is read from the chain when there is room. */
const maxOpen = 20_000;
/** Every end of a message is recorded as one of these before our own copy of it goes. */
const endLine = /"event":"(?:committed|sent|dropped)","id":"([0-9a-f-]{36})"/;
const mostMissing = 100;
const looksAtOnce = 16;

/**
 * Gives the archive's files the immutable attribute, behind the work and at its own pace: what ended is read from the audit chain. An entry is
 * a link to our own copy in `work/`, and the attribute is the inode's: set earlier, that copy could not be removed. So a message waits here
 * until its copy is gone; one that lies in retry or quarantine is named by a later record again. Killed: what was read since the state was
 * saved is read again, and setting the attribute twice changes nothing.
 */
export class ImmutableKeeper {
  private readonly world: KeeperWorld;
  private next: ChainPosition | undefined;
  private readonly open = new Set<string>();
  private saved = '';

  constructor(world: KeeperWorld) {
    this.world = world;
  }

  /** At the start, after the first append. What was archived before the attribute was asked for stays as it is. */
  load(): void {
    const state = readState(this.world.layout.immutableFile);
    this.next = state?.at ?? this.world.audit.end;
    for (const id of state?.open ?? []) this.open.add(id);
    if (state === undefined) this.save();
  }

  /** Throws SealdropError `archive-immutable` (wait), and what reading the chain throws; all of it is tried again at the next call. */
  async look(): Promise<void> {
    await this.readEnds();
    const done: string[] = [];
    const files: string[] = [];
    let looked = 0;
    for (const id of this.open) {
      // There may be thousands, and the main thread has mail to see to. What has ended stays so.
      if (++looked % looksAtOnce === 0) await setImmediate();
      const where = this.stateOf(id);
      if (where === 'under-way') continue;
      done.push(id);
      if (where === 'ended') files.push(...this.filesOf(id));
    }
    await makeImmutable(files);
    for (const id of done) this.open.delete(id);
    this.save();
  }

  private async readEnds(): Promise<void> {
    const { end } = this.world.audit;
    const room = maxOpen - this.open.size;
    if (end === undefined || this.next === undefined || room <= 0) return;
    const { ids, at } = await idsBetween(this.world.layout.audit, this.next, end, endLine, room);
    for (const id of ids) this.open.add(id);
    this.next = at;
  }

  private stateOf(id: string): 'under-way' | 'set-aside' | 'ended' {
    const { work, retry, quarantine } = this.world.layout;
    // In this order: a message moves from work to the others, and from them to work only by a record that names it.
    if (existsSync(`${work}/${id}.eml`)) return 'under-way';
    return [retry, quarantine].some((directory) => existsSync(`${directory}/${id}.eml`)) ? 'set-aside' : 'ended';
  }

  private filesOf(id: string): string[] {
    const { archive } = this.world.layout;
    const entry = findEntry(archive, id);
    return entry === undefined ? [] : [`${archive}/${entry.path}`, ...this.copiesOf(id)];
  }

  private copiesOf(id: string): string[] {
    const { keeps, layout } = this.world;
    if (keeps === 'none') return [];
    const found: string[] = [];
    for (let number = 1, missing = 0; missing < (keeps === 'all' ? 1 : mostMissing); number++) {
      const paths = [false, true].map((encrypted) => `${layout.archive}/${sealedEntryOf(id, number, encrypted).path}`);
      const there = paths.filter((path) => existsSync(path));
      missing = there.length === 0 ? missing + 1 : 0;
      found.push(...there);
    }
    return found;
  }

  private save(): void {
    if (this.next === undefined) return;
    const text = `${JSON.stringify({ version: 1, at: this.next, open: [...this.open] } satisfies SavedState)}\n`;
    if (text === this.saved) return;
    const { root, immutableFile } = this.world.layout;
    replaceFile(root, immutableFile.slice(root.length + 1), Buffer.from(text), 0o600);
    this.saved = text;
  }
}

function readState(path: string): SavedState | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as SavedState;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw diskFault(error, 'read', path);
  }
}
