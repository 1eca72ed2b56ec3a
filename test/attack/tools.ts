import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chainName, detailsName, segments } from '../../src/audit/files.js';
import { commitmentTo, firstPrev } from '../../src/audit/record.js';
import type { Place } from './trail.js';

/** What an editor and a few lines of script do to a trail. */

/** A record and its details, as somebody has them who rewrites both. */
export interface Item {
  segment: string;
  /** The chain line's members but `hash`. */
  record: Record<string, unknown> & { seq: number; event: string; id?: string; time: string; detail: string };
  details: string;
}

export function items({ audit }: Place): Item[] {
  return segments(audit).flatMap((segment) => {
    const details = linesOf(join(audit, detailsName(segment)));
    return linesOf(join(audit, chainName(segment))).map((line, index): Item => {
      const { hash: _, ...record } = JSON.parse(line) as Item['record'] & { hash: string };
      return { segment, record, details: details[index] ?? '' };
    });
  });
}

/** Writes chain and details anew, numbered and hashed as sealdrop does it: a rewrite without a fault in it. */
export function rewrite({ audit }: Place, all: readonly Item[]): void {
  let prev = firstPrev;
  const chain = new Map<string, string[]>();
  const details = new Map<string, string[]>();
  for (const [index, item] of all.entries()) {
    const { text, hash } = lineOf(item, index + 1, prev);
    prev = hash;
    push(chain, item.segment, text);
    push(details, item.segment, item.details.replace(/^\{"seq":\d+/, `{"seq":${index + 1}`));
  }
  for (const segment of segments(audit)) {
    if (!chain.has(segment)) for (const name of [chainName(segment), detailsName(segment)]) rmSync(join(audit, name));
  }
  for (const [segment, lines] of chain) put(join(audit, chainName(segment)), `${lines.join('\n')}\n`);
  for (const [segment, lines] of details) put(join(audit, detailsName(segment)), `${lines.join('\n')}\n`);
}

/** A chain line at its place, and its hash. */
export function lineOf({ record }: Item, seq: number, prev: string = firstPrev): { text: string; hash: string } {
  const unhashed = JSON.stringify({ ...record, seq, prev });
  const hash = createHash('sha256').update(unhashed).digest('hex');
  return { text: `${unhashed.slice(0, -1)},"hash":"${hash}"}`, hash };
}

/** Gives a record other details, with a salt and a commitment that fit. */
export function recommit(item: Item, change: (detail: string) => string): void {
  const text = /^\{"seq":\d+,"salt":"[0-9a-f]+","detail":(.*)\}$/s.exec(item.details)?.[1] ?? '';
  const changed = change(text);
  if (changed === text) throw new Error(`nothing to change in ${item.details}`);
  const salt = randomBytes(16).toString('hex');
  item.details = `{"seq":${item.record.seq},"salt":"${salt}","detail":${changed}}`;
  item.record.detail = commitmentTo(changed, salt);
}

/** Edits the lines of a file in place. */
export function editLines(path: string, edit: (lines: string[]) => string[]): void {
  const before = linesOf(path);
  const after = edit([...before]);
  if (after.join('\n') === before.join('\n')) throw new Error(`${path} was not changed`);
  put(path, after.length === 0 ? '' : `${after.join('\n')}\n`);
}

export function chainOf(place: Place, segment: string): string {
  return join(place.audit, chainName(segment));
}

export function detailsOf(place: Place, segment: string): string {
  return join(place.audit, detailsName(segment));
}

/** The segment at that place, counted from the end if negative. */
export function segmentAt({ audit }: Place, index: number): string {
  const found = segments(audit).at(index);
  if (found === undefined) throw new Error(`there is no segment ${index}`);
  return found;
}

/** Originals and kept copies in an archive, oldest first; `form`: how their names end. */
export function archived(archive: string, form: RegExp): string[] {
  const found = readdirSync(archive, { recursive: true, encoding: 'utf8' })
    .filter((name) => form.test(name))
    .sort();
  if (found.length < 2) throw new Error(`there are too few files ${form} in ${archive}`);
  return found.map((name) => join(archive, name));
}

export const plain = /[0-9a-f]{12}\.eml$/;
export const encrypted = /[0-9a-f]{12}\.eml\.gz\.p7m$/;
export const certificate = /\.der$/;
export const keptCopy = /-\d+\.eml$/;

/** Overwrites, whatever the mode. */
export function put(path: string, bytes: string | Buffer): void {
  if (existsSync(path)) chmodSync(path, 0o640);
  writeFileSync(path, bytes);
}

/** Changes one octet in the middle. */
export function flip(path: string): void {
  const bytes = readFileSync(path);
  const middle = bytes.length >> 1;
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  put(path, bytes);
}

/** Two files change places. */
export function swap(one: string, other: string): void {
  renameSync(one, `${one}.away`);
  renameSync(other, one);
  renameSync(`${one}.away`, other);
}

export function first<T>(found: readonly T[], index = 0): T {
  const item = found.at(index);
  if (item === undefined) throw new Error('there is too little in the trail for this');
  return item;
}

function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

function push(map: Map<string, string[]>, key: string, value: string): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}
