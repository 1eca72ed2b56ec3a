import { namesIn } from '../disk/names-in.js';

/**
 * The audit directory:
 *   <segment>.chain.jsonl     the records of one UTC day (or later, if the clock was set back), hash-chained across files
 *   <segment>.details.jsonl   what each record is about, by seq
 *   torn/                     what a crash left unfinished and start-up cut back
 * A segment is named by its day, `YYYY-MM-DD`; further ones of that day `YYYY-MM-DD.0002` and so on. The order of the names as
 * text is the order of the chain.
 */
const chainSuffix = '.chain.jsonl';
const detailsSuffix = '.details.jsonl';

const segmentName = /^\d{4}-\d\d-\d\d(?:\.\d{4})?$/;
const mostSegmentsOfADay = 9999;

export function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}

/** `YYYY-MM-DD` of the UTC day on which a segment was begun. */
export function dayOfSegment(segment: string): string {
  return segment.slice(0, 10);
}

/** The next segment of the same day; undefined when the day has used up its numbers, and the last one has to go on. */
export function segmentAfter(segment: string): string | undefined {
  const number = segment.length > 10 ? Number(segment.slice(11)) : 1;
  return number >= mostSegmentsOfADay ? undefined : `${dayOfSegment(segment)}.${String(number + 1).padStart(4, '0')}`;
}

export function chainName(segment: string): string {
  return segment + chainSuffix;
}

export function detailsName(segment: string): string {
  return segment + detailsSuffix;
}

/** The segments that have a chain file, oldest first. */
export function segments(directory: string): string[] {
  return segmentsWith(directory, chainSuffix);
}

/** Those that may hold records of that time or later; a day earlier is among them, for a clock that was set back. */
export function segmentsSince(directory: string, since: Date): string[] {
  const firstDay = dayOf(new Date(since.getTime() - 86_400_000));
  return segments(directory).filter((segment) => segment >= firstDay);
}

export function detailsSegments(directory: string): string[] {
  return segmentsWith(directory, detailsSuffix);
}

function segmentsWith(directory: string, suffix: string): string[] {
  return namesIn(directory)
    .filter((name) => name.endsWith(suffix))
    .map((name) => name.slice(0, -suffix.length))
    .filter((segment) => segmentName.test(segment))
    .sort();
}
