import type { Finding } from '../../audit/finding.js';
import { archiveDay, archivePath } from '../path.js';
import type { FilesTask } from './check-files.js';
import type { DayTable } from './day-table.js';
import { expectedOf } from './expected.js';
import { entryName, namesOf } from './names.js';
import { idOfRow, Row, RowWriter } from './rows.js';
import type { Unrecorded } from './under-way.js';

/** A place that holds the archive's files. */
export interface ComparedPlace {
  readonly directory: string;
  /** The second location, which has what records say it has. */
  readonly second: boolean;
}

/** What there is to say of the names alone. */
export interface Heard {
  /** An original that a record names; says whether it is to be read. `id`: 16 octets. */
  readonly isRead: (id: Buffer, copy: number | undefined) => boolean;
  readonly finding: (finding: Finding) => void;
  /** A file that no record names so far. */
  readonly unrecorded: (file: Unrecorded) => void;
}

/** Files of a task: large enough that its way to another thread costs nothing, small enough to be shared out evenly. */
const filesPerTask = 512;

/** Compares the names in one day of a place with the trail's, both ways, and yields what is to be read, from behind the name `after`. */
export function* tasksOfDay(place: ComparedPlace, day: string, table: DayTable, after: string, heard: Heard): Generator<FilesTask> {
  table.forget();
  let chunk = new Chunk(day, place.second);
  for (const name of namesOf(place.directory, day)) {
    const rows = rowsAbout(day, name, table, heard);
    if (rows === undefined || name <= after) continue;
    chunk.add(name, rows);
    if (chunk.files < filesPerTask) continue;
    yield chunk.task();
    chunk = new Chunk(day, place.second);
  }
  if (chunk.files > 0) yield chunk.task();
  for (const file of missingFiles(day, table, place.second)) heard.finding(missing(file, place.second));
}

/** What the trail says of a file; undefined if nobody has to read it. */
function rowsAbout(day: string, name: string, table: DayTable, heard: Heard): Buffer[] | undefined {
  const path = `${day}/${name}`;
  const entry = entryName(name);
  if (entry === undefined) {
    const id = /^\.([0-9a-f-]{36}).*\.tmp$/.exec(name)?.[1];
    heard.unrecorded({ id, path, temporary: true });
    return undefined;
  }
  const { id, copy, form } = entry;
  idOctets.write(id.replaceAll('-', ''), 'hex');
  const kept = copy === undefined ? undefined : table.seeKept(idOctets, copy, form);
  const rows = copy === undefined ? table.see(idOctets, form) : kept === undefined ? [] : [kept];
  if (rows.length > 0) return heard.isRead(idOctets, copy) ? rows : undefined;
  heard.unrecorded({ id: archiveDay(id) === day ? id : undefined, path, temporary: false });
  return undefined;
}

const idOctets = Buffer.alloc(16);

/** In order, for rows are found by chance. */
function missingFiles(day: string, table: DayTable, second: boolean): string[] {
  const files: string[] = [];
  for (const rows of table.unseen()) {
    const [first] = rows;
    const expected = expectedOf(rows);
    if (first !== undefined && expected.archived && (!second || expected.second))
      files.push(archivePath(idOfRow(first, 0)) + (expected.forms.at(-1) ?? ''));
  }
  for (const bytes of table.unseenKept()) {
    const row = new Row(bytes, 0);
    if (!second || row.isInSecond) files.push(`${day}/${idOfRow(bytes, 0)}-${row.number}.eml${row.form ?? ''}`);
  }
  return files.sort();
}

function missing(file: string, second: boolean): Finding {
  return second
    ? { kind: 'second-missing', file, text: 'a record says that the second location has it, and it is not there' }
    : { kind: 'archive-missing', file, text: 'the file that a record names is not there' };
}

/** Files for one task, as they are gathered. */
class Chunk {
  private readonly day: string;
  private readonly second: boolean;
  private readonly names: string[] = [];
  private readonly counts = new Uint8Array(filesPerTask);
  private readonly rows = new RowWriter();

  constructor(day: string, second: boolean) {
    this.day = day;
    this.second = second;
  }

  get files(): number {
    return this.names.length;
  }

  add(name: string, rows: readonly Buffer[]): void {
    // More than a message ever has: the last ones count.
    const last = rows.slice(-255);
    this.counts[this.names.length] = last.length;
    this.names.push(name);
    for (const row of last) this.rows.append(row);
  }

  task(): FilesTask {
    const { day, second, names, counts } = this;
    return { kind: 'files', day, second, names, counts, rows: this.rows.take() };
  }
}
