import {
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { checkpointNames, checkpointPath } from '../../src/audit/checkpoint/files.js';
import { checkpointAt, resign, rewriteWithCheckpoints, stolenKey, strangersKey } from './checkpoints.js';
import {
  archived,
  certificate,
  chainOf,
  detailsOf,
  editLines,
  encrypted,
  first,
  flip,
  type Item,
  items,
  keptCopy,
  lineOf,
  plain,
  put,
  recommit,
  rewrite,
  segmentAt,
  swap,
} from './tools.js';
import { type Place, replaceAll, type Trail } from './trail.js';

export interface Attack {
  /** What somebody does who is root, or has the service's account, and an editor. Stands in docs/compliance.md. */
  readonly what: string;
  /** Findings that `audit verify` has, or, with `byAnchor`, that it has when it is given what somebody else holds. */
  readonly found: readonly string[];
  /** Nothing on this host can tell: the verdict is "completeness not proven" without an anchor. */
  readonly byAnchor?: boolean;
  /** Found by `archive verify`, which also proves each signature. `audit verify` does not look there. */
  readonly byArchiveVerify?: boolean;
  readonly act: (place: Place, trail: Trail) => void;
}

const numbers = ({ audit }: Place) => checkpointNames(audit).checkpoints;
const newestCheckpoint = (place: Place) => first(numbers(place), -1);
const middle = <T>(found: readonly T[]) => first(found, found.length >> 1);
const isEvent = (event: string) => (item: Item) => item.record.event === event;
/** All records, of which one says something else, with details that fit. */
function forged(place: Place): Item[] {
  const all = items(place);
  recommit(middle(all.filter(isEvent('accepted'))), (detail) => detail.replace(/"uid":\d+/, '"uid":4711'));
  return all;
}

export const chainAttacks: readonly Attack[] = [
  {
    what: 'a record is edited',
    found: ['record-altered'],
    act: (place) =>
      editLines(chainOf(place, segmentAt(place, 1)), (lines) =>
        lines.with(5, first(lines, 5).replace(/"event":"[a-z-]+"/, '"event":"forged"')),
      ),
  },
  {
    what: 'a record is edited and given a hash that fits',
    found: ['chain-broken'],
    act: (place) => {
      const item = middle(items(place));
      const forged = lineOf({ ...item, record: { ...item.record, event: 'forged' } }, item.record.seq, String(item.record.prev));
      editLines(chainOf(place, item.segment), (lines) =>
        lines.map((line) => (line.startsWith(`{"seq":${item.record.seq},`) ? forged.text : line)),
      );
    },
  },
  {
    what: 'the chain is rewritten from a record on, all hashes right',
    found: ['checkpoint-mismatch'],
    act: (place) => {
      rewrite(place, forged(place));
    },
  },
  {
    what: 'the chain is rewritten and the checkpoints after it are removed',
    found: ['checkpoint-missing'],
    act: (place) => {
      rewrite(place, forged(place));
      for (const number of numbers(place).slice(1)) rmSync(checkpointPath(place.audit, number));
    },
  },
  {
    what: 'the chain is rewritten and its checkpoints are made anew with another key',
    found: ['checkpoint-untrusted'],
    act: (place) => rewriteWithCheckpoints(place, forged(place), strangersKey()),
  },
  {
    what: 'the chain is rewritten and its checkpoints are made anew with the stolen audit identity',
    found: ['anchor-differs'],
    byAnchor: true,
    act: (place) => rewriteWithCheckpoints(place, forged(place), stolenKey(place)),
  },
  {
    what: 'a record is taken out',
    found: ['chain-broken'],
    act: (place) => editLines(chainOf(place, segmentAt(place, 1)), (lines) => lines.toSpliced(5, 1)),
  },
  {
    what: 'a record is taken out, and all after it are rewritten',
    found: ['checkpoint-mismatch'],
    act: (place) => rewrite(place, items(place).toSpliced(20, 1)),
  },
  {
    what: 'a record is put in',
    found: ['chain-broken'],
    act: (place) => editLines(chainOf(place, segmentAt(place, 1)), (lines) => lines.toSpliced(5, 0, first(lines, 9))),
  },
  {
    what: 'a record is put in, and all after it are rewritten',
    found: ['checkpoint-mismatch'],
    act: (place) => {
      const all = items(place);
      const stolen = first(all, 12);
      rewrite(place, all.toSpliced(20, 0, { ...stolen, record: { ...stolen.record } }));
    },
  },
  {
    what: 'two records change places',
    found: ['chain-broken'],
    act: (place) => editLines(chainOf(place, segmentAt(place, 1)), (lines) => lines.toSpliced(5, 2, first(lines, 6), first(lines, 5))),
  },
  {
    what: 'the end is cut off in both files',
    found: ['records-missing'],
    act: (place) => cutTail(place, 12),
  },
  {
    what: 'the end is cut off in both files, and the checkpoints and originals that tell of it are removed, in the second location too',
    found: ['anchor-ahead'],
    byAnchor: true,
    act: (place) => cutWithoutTrace(place),
  },
  {
    what: 'the last record is torn, as a crash would',
    found: ['anchor-ahead'],
    byAnchor: true,
    act: (place) => {
      const path = chainOf(place, segmentAt(place, -1));
      truncateSync(path, statSync(path).size - 10);
    },
  },
  {
    what: 'the end of the chain is cut off, not that of the details',
    found: ['records-missing'],
    act: (place) => editLines(chainOf(place, segmentAt(place, -1)), (lines) => lines.slice(0, -3)),
  },
  { what: 'a segment in the middle is removed', found: ['segment-missing'], act: (place) => removeSegment(place, segmentAt(place, 1)) },
  { what: 'the first segment is removed', found: ['segment-missing'], act: (place) => removeSegment(place, segmentAt(place, 0)) },
  { what: 'the newest segment is removed', found: ['records-missing'], act: (place) => removeSegment(place, segmentAt(place, -1)) },
  {
    what: 'a segment is given the name of another day',
    found: ['segment-missing'],
    act: (place) => {
      const segment = segmentAt(place, 1);
      renameSync(chainOf(place, segment), chainOf(place, '2026-01-01'));
      renameSync(detailsOf(place, segment), detailsOf(place, '2026-01-01'));
    },
  },
  { what: 'a segment is emptied', found: ['segment-missing'], act: (place) => put(chainOf(place, segmentAt(place, 1)), '') },
  {
    what: 'the audit trail is restored from yesterday’s backup, not the archive',
    found: ['archive-without-record'],
    act: (place, { yesterday }) => replaceAll(place, { ...yesterday, archive: place.archive, second: place.second }),
  },
  {
    what: 'archive and audit trail are restored from yesterday’s backup, their second locations too',
    found: ['anchor-ahead'],
    byAnchor: true,
    act: (place, { yesterday }) => replaceAll(place, yesterday),
  },
  {
    what: 'archive and audit trail are replaced by an invented history, signed with the stolen audit identity',
    found: ['anchor-differs'],
    byAnchor: true,
    act: (place, { invented }) => replaceAll(place, invented),
  },
  {
    what: 'the clock is set back, and records are written',
    found: ['clock-set-back'],
    act: (place) => {
      const all = items(place);
      for (const { record } of all.slice(-4)) record.time = record.time.replace(/^\d{4}/, '2001');
      rewrite(place, all);
    },
  },
];

export const detailsAttacks: readonly Attack[] = [
  {
    what: 'details are edited',
    found: ['details-altered'],
    act: (place) =>
      editLines(detailsOf(place, segmentAt(place, 1)), (lines) =>
        lines.map((line, n) => (n === 4 ? line.replace(/\}\}$/, ',"x":1}}') : line)),
      ),
  },
  {
    what: 'details are replaced, with another salt',
    found: ['details-altered'],
    act: (place) =>
      editLines(detailsOf(place, segmentAt(place, 1)), (lines) => {
        const item: Item = { ...first(items(place)), details: first(lines, 4) };
        recommit(item, (detail) => detail.replace(/\}$/, ',"x":1}'));
        return lines.toSpliced(4, 1, item.details.replace(/^\{"seq":\d+/, /^\{"seq":\d+/.exec(first(lines, 4))?.[0] ?? ''));
      }),
  },
  {
    what: 'details are removed',
    found: ['details-missing'],
    act: (place) => editLines(detailsOf(place, segmentAt(place, 1)), (lines) => lines.toSpliced(4, 1)),
  },
  {
    what: 'details are added',
    found: ['details-without-record'],
    act: (place) =>
      editLines(detailsOf(place, segmentAt(place, 1)), (lines) =>
        lines.toSpliced(4, 0, first(lines, 4).replace(/^\{"seq":\d+/, '{"seq":99999')),
      ),
  },
  {
    what: 'the details of two records change places',
    found: ['details-altered'],
    act: (place) =>
      editLines(detailsOf(place, segmentAt(place, 1)), (lines) => {
        const [one, other] = [first(lines, 4), first(lines, 5)];
        const numberOf = (line: string) => /^\{"seq":\d+/.exec(line)?.[0] ?? '';
        return lines.toSpliced(4, 2, other.replace(/^\{"seq":\d+/, numberOf(one)), one.replace(/^\{"seq":\d+/, numberOf(other)));
      }),
  },
  {
    what: 'the details of a whole segment are removed',
    found: ['details-missing'],
    act: (place) => rmSync(detailsOf(place, segmentAt(place, 1))),
  },
  {
    what: 'details are edited, their commitment and all hashes after it',
    found: ['checkpoint-mismatch'],
    act: (place) => {
      const all = items(place);
      recommit(middle(all.filter(isEvent('accepted'))), (detail) => detail.replace(/"file":"[^"]*"/, '"file":"other.eml"'));
      rewrite(place, all);
    },
  },
];

export const archiveAttacks: readonly Attack[] = [
  { what: 'an original is edited', found: ['archive-altered'], act: ({ archive }) => flip(first(archived(archive, plain))) },
  {
    what: 'an original is edited, and its size and times are put back',
    found: ['archive-altered'],
    act: ({ archive }) => {
      const path = first(archived(archive, plain));
      const { atime, mtime } = statSync(path);
      flip(path);
      utimesSync(path, atime, mtime);
    },
  },
  { what: 'an encrypted original is edited', found: ['archive-altered'], act: ({ archive }) => flip(first(archived(archive, encrypted))) },
  { what: 'an original is removed', found: ['archive-missing'], act: ({ archive }) => rmSync(first(archived(archive, plain))) },
  {
    what: 'an original is replaced by another message’s',
    found: ['archive-altered'],
    act: ({ archive }) => replaceFile(first(archived(archive, plain)), first(archived(archive, plain), 1)),
  },
  {
    what: 'two originals change places',
    found: ['archive-altered'],
    act: ({ archive }) => swap(first(archived(archive, plain)), first(archived(archive, plain), 1)),
  },
  {
    what: 'an original is replaced by a hard link to another',
    found: ['archive-altered'],
    act: ({ archive }) => {
      const [one, other] = [first(archived(archive, plain)), first(archived(archive, plain), 1)];
      rmSync(one);
      linkSync(other, one);
    },
  },
  {
    what: 'an original is replaced by a symbolic link to the same bytes elsewhere, to be changed later',
    found: ['archive-altered'],
    act: ({ archive, directory }) => {
      const path = first(archived(archive, plain));
      const elsewhere = join(directory, 'elsewhere.eml');
      renameSync(path, elsewhere);
      symlinkSync(elsewhere, path);
    },
  },
  {
    what: 'a file is added',
    found: ['archive-without-record'],
    act: ({ archive }) => {
      const path = first(archived(archive, plain));
      copyFileSync(path, path.replace(/[0-9a-f]{12}\.eml$/, '0123456789ab.eml'));
    },
  },
  {
    what: 'an original is renamed',
    found: ['archive-missing', 'archive-without-record'],
    act: ({ archive }) =>
      renameSync(first(archived(archive, plain)), first(archived(archive, plain)).replace(/[0-9a-f]{12}\.eml$/, '0123456789ab.eml')),
  },
  {
    what: 'an original is moved to another day',
    found: ['archive-missing', 'archive-without-record'],
    act: ({ archive }) => {
      const path = first(archived(archive, plain));
      const day = join(archive, '2001', '01', '01');
      mkdirSync(day, { recursive: true });
      renameSync(path, join(day, basename(path)));
    },
  },
  {
    what: 'an original, its hash in the details, their commitment and all hashes after it are changed',
    found: ['checkpoint-mismatch'],
    act: (place) => {
      const path = first(archived(place.archive, plain));
      flip(path);
      const all = items(place);
      const accepted = first(all.filter((item) => isEvent('accepted')(item) && item.record.id === basename(path, '.eml')));
      recommit(accepted, (detail) => detail.replace(/"sha256":"[0-9a-f]{64}"/, `"sha256":"${'0'.repeat(64)}"`));
      rewrite(place, all);
    },
  },
  {
    what: 'a sealed copy that was kept is replaced',
    found: ['archive-altered'],
    act: ({ archive }) => replaceFile(first(archived(archive, keptCopy)), first(archived(archive, keptCopy), 1)),
  },
  {
    what: 'a sealed copy that was kept is removed',
    found: ['archive-missing'],
    act: ({ archive }) => rmSync(first(archived(archive, keptCopy))),
  },
  {
    what: 'a certificate is replaced',
    found: ['certificate-altered'],
    act: ({ archive }) => replaceFile(first(archived(archive, certificate)), first(archived(archive, certificate), 1)),
  },
  {
    what: 'a certificate is removed',
    found: ['certificate-missing'],
    byArchiveVerify: true,
    act: ({ archive }) => rmSync(first(archived(archive, certificate))),
  },
  {
    what: 'an original in the second location is edited',
    found: ['second-altered'],
    act: ({ second }) => flip(first(archived(second, plain))),
  },
  {
    what: 'an original in the second location is removed',
    found: ['second-missing'],
    act: ({ second }) => rmSync(first(archived(second, plain))),
  },
  {
    what: 'a file is added in the second location',
    found: ['second-without-record'],
    act: ({ second }) =>
      copyFileSync(
        first(archived(second, plain)),
        join(
          dirname(first(archived(second, plain))),
          basename(first(archived(second, plain))).replace(/[0-9a-f]{12}\.eml$/, '0123456789ab.eml'),
        ),
      ),
  },
];

export const checkpointAttacks: readonly Attack[] = [
  {
    what: 'a checkpoint is removed',
    found: ['checkpoint-missing'],
    act: (place) => rmSync(checkpointPath(place.audit, middle(numbers(place)))),
  },
  {
    what: 'a checkpoint is edited',
    found: ['checkpoint-altered'],
    act: (place) => flip(checkpointPath(place.audit, middle(numbers(place)))),
  },
  {
    what: 'a checkpoint is replaced by an older one',
    found: ['checkpoint-altered'],
    act: (place) => replaceFile(checkpointPath(place.audit, middle(numbers(place))), checkpointPath(place.audit, first(numbers(place)))),
  },
  {
    what: 'two checkpoints change numbers',
    found: ['checkpoint-altered'],
    act: (place) => swap(checkpointPath(place.audit, 2), checkpointPath(place.audit, 3)),
  },
  {
    what: 'a checkpoint is signed anew by another key',
    found: ['checkpoint-untrusted'],
    act: (place) => resign(place, newestCheckpoint(place), strangersKey()),
  },
  {
    what: 'a checkpoint is added',
    found: ['checkpoint-altered'],
    act: (place) =>
      copyFileSync(checkpointPath(place.audit, newestCheckpoint(place)), checkpointPath(place.audit, newestCheckpoint(place) + 1)),
  },
];

export const retentionAttacks: readonly Attack[] = [
  {
    what: 'details are erased by hand',
    found: ['details-erased-without-record'],
    act: (place) => eraseDetails(place, (item) => isEvent('accepted')(item) && item.segment === segmentAt(place, 1)),
  },
  {
    what: 'an original is removed and the details of its message are erased, without a record',
    found: ['archive-missing', 'details-erased-without-record'],
    act: (place) => {
      const path = first(archived(place.archive, plain));
      rmSync(path);
      rmSync(path.replace(place.archive, place.second));
      eraseDetails(place, ({ record }) => record.id === basename(path, '.eml'));
    },
  },
  {
    what: 'an erasure is forged: files removed, details erased, a record put in, all hashes after it rewritten',
    found: ['checkpoint-mismatch'],
    act: (place) => rewrite(place, forgedErasure(place)),
  },
  {
    what: 'an erasure is forged, and the checkpoints after it are made anew with the stolen audit identity',
    found: ['anchor-differs'],
    byAnchor: true,
    act: (place) => rewriteWithCheckpoints(place, forgedErasure(place), stolenKey(place)),
  },
  {
    what: 'a message that was erased is put back',
    found: ['purge-unfinished'],
    act: (place) => {
      const { record } = first(items(place).filter(isEvent('erased')));
      const path = first(archived(place.archive, encrypted));
      copyFileSync(path, join(dirname(path), `${String(record.id)}.eml.gz.p7m`));
    },
  },
  {
    what: 'a legal hold is taken out of the chain',
    found: ['chain-broken'],
    act: (place) =>
      editLines(chainOf(place, first(items(place).filter(isEvent('hold-placed'))).segment), (lines) =>
        lines.filter((line) => !line.includes('"event":"hold-placed"')),
      ),
  },
  {
    what: 'a legal hold is taken out, and all after it are rewritten',
    found: ['checkpoint-mismatch'],
    act: (place) =>
      rewrite(
        place,
        items(place).filter((item) => !isEvent('hold-placed')(item)),
      ),
  },
  {
    what: 'what a legal hold is about is edited',
    found: ['details-altered'],
    act: (place) =>
      editLines(detailsOf(place, first(items(place).filter(isEvent('hold-placed'))).segment), (lines) =>
        lines.map((line) => line.replace('"reason":"case 1"', '"reason":"case 2"')),
      ),
  },
  {
    what: 'what a legal hold is about is erased by hand',
    found: ['details-erased-without-record'],
    act: (place) => eraseDetails(place, isEvent('hold-placed')),
  },
];

export const attacks: readonly Attack[] = [
  ...chainAttacks,
  ...detailsAttacks,
  ...archiveAttacks,
  ...checkpointAttacks,
  ...retentionAttacks,
];

function cutTail(place: Place, count: number): void {
  rewrite(place, items(place).slice(0, -count));
}

/** Back to the last record before a checkpoint, with everything that is left behind removed as well. */
function cutWithoutTrace(place: Place): void {
  const all = items(place);
  const [last] = all.filter(isEvent('checkpoint')).slice(-1);
  const kept = all.slice(0, all.indexOf(first(all.filter(isEvent('stopped')), -2)) + 1);
  if (last === undefined) throw new Error('no checkpoint');
  const ids = new Set(all.slice(kept.length).flatMap(({ record }) => (record.id === undefined ? [] : [record.id])));
  rewrite(place, kept);
  for (const number of numbers(place)) if (checkpointAt(place, number).records > kept.length) rmSync(checkpointPath(place.audit, number));
  for (const directory of [place.archive, place.second])
    for (const path of archived(directory, /\.(eml|p7m)$/)) if ([...ids].some((id) => basename(path).startsWith(id))) rmSync(path);
}

function removeSegment(place: Place, segment: string): void {
  rmSync(chainOf(place, segment));
  rmSync(detailsOf(place, segment));
}

function replaceFile(path: string, by: string): void {
  put(path, readFileSync(by));
}

function eraseDetails(place: Place, which: (item: Item) => boolean): void {
  const seqs = new Set(
    items(place)
      .filter(which)
      .map(({ record }) => record.seq),
  );
  if (seqs.size === 0) throw new Error('nothing to erase');
  for (const { segment } of items(place).filter(which)) {
    const erased = (line: string) => {
      const seq = /^\{"seq":(\d+),/.exec(line)?.[1] ?? '';
      return seqs.has(Number(seq)) && !line.includes('"erased":true') ? `{"seq":${seq},"erased":true}` : line;
    };
    put(detailsOf(place, segment), readFileSync(detailsOf(place, segment), 'utf8').split('\n').map(erased).join('\n'));
  }
}

/** Everything as after a real erasure of another message, with a record that says so. */
function forgedErasure(place: Place): Item[] {
  const path = first(archived(place.archive, plain));
  const id = basename(path, '.eml');
  rmSync(path);
  rmSync(path.replace(place.archive, place.second));
  const all = items(place);
  const real = first(all.filter(isEvent('erased')));
  const record = { ...real, record: { ...real.record, id } };
  for (const item of all) if (item.record.id === id) item.details = `{"seq":${item.record.seq},"erased":true}`;
  return all.toSpliced(all.indexOf(real) + 1, 0, record);
}
