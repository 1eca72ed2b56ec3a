import { Row } from './rows.js';

/** All that the trail says of one original. */
export interface Expected {
  /** Of the original; undefined if unknown (erased). */
  readonly sha256: Buffer | undefined;
  /** Of its file, where that is not the plain original. */
  readonly stored: Buffer | undefined;
  /** Ends of its file's name behind `.eml` that were recorded; none if unknown (erased). */
  readonly forms: readonly string[];
  /** A record says that the archive has it; before that the entry may not be there yet. */
  readonly archived: boolean;
  /** The second location has it too. */
  readonly second: boolean;
  /** Where the details of its intents stand. */
  readonly intents: readonly NonNullable<Row['place']>[];
}

/** What the rows of one id say together; a later one counts more. */
export function expectedOf(rows: readonly Buffer[]): Expected {
  const read = rows.map((bytes) => new Row(bytes, 0));
  const isOriginal = ({ kind }: Row) => kind === 'accepted' || kind === 'archived';
  return {
    sha256: read.filter(isOriginal).findLast(({ sha256 }) => sha256 !== undefined)?.sha256,
    stored: read.findLast(({ kind }) => kind === 'stored')?.sha256,
    forms: read.flatMap(({ kind, form }) => (kind === 'archived' && form !== undefined ? [form] : [])),
    archived: read.some(({ kind }) => kind === 'archived'),
    second: read.some(({ isInSecond }) => isInSecond),
    intents: read.flatMap(({ place }) => place ?? []),
  };
}
