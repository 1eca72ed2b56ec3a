import { existsSync, readFileSync, statSync } from 'node:fs';
import { destroyEntries } from '../../archive/destroy.js';
import { requireSecond, type SecondPlace, secondFault } from '../../archive/second.js';
import { eraseDetails, recordsAbout } from '../../audit/erase.js';
import { chainName, segments } from '../../audit/files.js';
import type { ChainPosition } from '../../audit/follow.js';
import { requireSecondTrail } from '../../audit/forward/second-sink.js';
import { linesOf } from '../../audit/lines.js';
import { parseChainLine } from '../../audit/record.js';
import { replaceFile } from '../../disk/durable.js';
import { SealdropError } from '../../errors.js';
import { IdSet } from '../../id-set.js';
import { isMessageId, timeOfMessageId } from '../../message-id.js';
import type { RetentionPlaces } from './places.js';
import { type SegmentSummary, summaries } from './trail-summary.js';

export interface Destroyed {
  readonly messages: number;
  readonly files: number;
  readonly detailLines: number;
}

export interface DestroyWorld {
  readonly places: RetentionPlaces;
  readonly now: () => Date;
  /** Ends the segment that is being written, so that the details of those before it can be written anew. */
  readonly roll: () => Promise<void>;
  readonly progress?: (done: string) => void;
}

/** As many messages at a time: each segment's details are written anew once for all of them. */
const mostAtOnce = 1_000_000;

/**
 * Destroys everything that the chain says is destroyed and that may still be there: files in all archives, then details in all copies of the
 * trail. The records are durable before, so whatever kills this, it is done again from the place that `destroyed.json` names until all of
 * it is gone; each step does no harm when it was done already. That file may be deleted: then the chain is read from its beginning.
 */
export async function finishDestroying(world: DestroyWorld): Promise<Destroyed> {
  const { places, now } = world;
  const total = { messages: 0, files: 0, detailLines: 0 };
  for (;;) {
    const from = readPosition(places);
    const { ids, at } = destroyedSince(places.audit, from, mostAtOnce);
    if (ids.size > 0) {
      total.files += await destroyEntries(places.archive, ids, now().getTime());
      world.progress?.(`files of ${ids.size} messages destroyed`);
      if (places.second !== undefined) {
        total.files += await destroyInSecond(places.second, ids, now().getTime());
        world.progress?.(`files of ${ids.size} messages destroyed in the second archive`);
      }
      total.detailLines += await eraseAbout(world, ids);
      total.messages += ids.size;
    }
    // Not before: from here on nobody looks again.
    if (at !== undefined && (at.segment !== from?.segment || at.offset !== from.offset)) writePosition(places, at);
    if (ids.size < mostAtOnce) return total;
  }
}

/** An empty directory under a mount that is not mounted is no archive in which nothing is left. */
async function destroyInSecond(second: SecondPlace, ids: IdSet, nowMs: number): Promise<number> {
  requireSecond(second);
  try {
    return await destroyEntries(second.directory, ids, nowMs);
  } catch (error) {
    throw secondFault(second.directory)(error);
  }
}

async function eraseAbout(world: DestroyWorld, ids: IdSet): Promise<number> {
  const { places, roll, progress } = world;
  const { audit } = places;
  const hits = new Map<string, number[]>();
  for (const { segment } of segmentsAbout(summaries(audit, places.cache), ids)) {
    const seqs = recordsAbout(audit, segment, ids);
    if (seqs.length > 0) hits.set(segment, seqs);
  }
  const newest = segments(audit).at(-1);
  if (newest !== undefined && hits.has(newest)) await roll();
  let lines = 0;
  for (const [segment, seqs] of hits) {
    lines += eraseDetails(audit, segment, seqs);
    progress?.(`details of ${seqs.length} records erased in ${segment}`);
  }
  const { auditSecond } = places;
  if (auditSecond !== undefined) for (const [segment, seqs] of hits) lines += eraseInSecond(audit, auditSecond, segment, seqs);
  return lines;
}

/**
 * The second location is only ever added to by who forwards; that is over for a segment when its chain is there as a whole. One that is still
 * being copied is waited for, lest what is added to the file that is replaced be lost.
 */
function eraseInSecond(audit: string, second: string, segment: string, seqs: readonly number[]): number {
  requireSecondTrail(second);
  const [here, there] = [audit, second].map((directory) => statSync(`${directory}/${chainName(segment)}`, { throwIfNoEntry: false })?.size);
  if (here === undefined || there === undefined || there < here) {
    throw new SealdropError(
      'audit-second-behind',
      `${second} does not have all of segment ${segment} yet, so nothing can be erased there`,
      {
        disposition: 'wait',
        cure: 'The running daemon copies it, and erases there when it has; see its health for what keeps it from doing so.',
      },
    );
  }
  try {
    return eraseDetails(second, segment, seqs);
  } catch (error) {
    throw secondTrailFault(second, error);
  }
}

/** Nothing at the second location ends the daemon. A file that failed is not gone on with: the next try writes it anew. */
function secondTrailFault(second: string, error: unknown): SealdropError {
  const said = error instanceof Error ? error.message : String(error);
  return new SealdropError('audit-second-unavailable', `nothing can be erased in the second audit trail ${second}: ${said}`, {
    disposition: 'wait',
    cure: 'Mend the disk, the mount or its server; sealdrop goes on by itself.',
    cause: error,
  });
}

/** What is recorded as destroyed and may still be there. */
export function unfinishedIn(places: RetentionPlaces): IdSet {
  return destroyedSince(places.audit, readPosition(places), Number.POSITIVE_INFINITY).ids;
}

/** Those with records about messages claimed between the first and the last of these. */
function segmentsAbout(trail: readonly SegmentSummary[], ids: IdSet): SegmentSummary[] {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const id of ids) {
    const ms = timeOfMessageId(id).getTime();
    first = Math.min(first, ms);
    last = Math.max(last, ms);
  }
  return trail.filter(({ firstIdMs, lastIdMs }) => firstIdMs <= last && lastIdMs >= first);
}

/** The messages with a record `purged` or `erased` from a place of the chain on, at most `most`, and the place they reach to. */
function destroyedSince(audit: string, from: ChainPosition | undefined, most: number): { ids: IdSet; at: ChainPosition | undefined } {
  const ids = new IdSet();
  let at = from;
  for (const segment of segments(audit)) {
    if (from !== undefined && segment < from.segment) continue;
    const start = segment === from?.segment ? from.offset : 0;
    at = { segment, offset: start };
    for (const { text, end, complete } of linesOf(`${audit}/${chainName(segment)}`, start)) {
      if (!complete) break;
      const id = /^\{"seq":\d+,"time":"[^"]*","event":"(?:purged|erased)","id":"([0-9a-f-]{36})"/.exec(text)?.[1];
      // One that somebody has altered decides nothing.
      if (id === undefined || !isMessageId(id) || parseChainLine(text).kind !== 'record') continue;
      ids.add(id);
      // Not to the end of the file: what stands there may not be durable yet, and after a power cut other records stand in its place.
      at = { segment, offset: end };
      if (ids.size === most) return { ids, at };
    }
  }
  return { ids, at };
}

/** Undefined, that is the beginning, too when it names a place that the chain does not have: it was put back from a backup. */
function readPosition({ audit, position }: RetentionPlaces): ChainPosition | undefined {
  try {
    const { segment, offset } = JSON.parse(readFileSync(`${position.directory}/${position.name}`, 'utf8')) as ChainPosition;
    const path = `${audit}/${chainName(segment)}`;
    return typeof offset === 'number' && existsSync(path) && statSync(path).size >= offset ? { segment, offset } : undefined;
  } catch {
    return undefined;
  }
}

function writePosition({ position }: RetentionPlaces, at: ChainPosition): void {
  replaceFile(position.directory, position.name, Buffer.from(`${JSON.stringify(at)}\n`), 0o600);
}
