import { chainName, detailsName, segments } from './files.js';
import { DetailsFollower } from './forward/details-follower.js';
import { type ForwardedRecord, forwardedRecord } from './forward/forwarded-record.js';
import { groupsNaming } from './group.js';
import { linesOf } from './lines.js';

export interface ExportOptions {
  /** Only records of that time or later, and of that time or earlier; as ISO 8601 in UTC, or the beginning of it. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Only records about this message. */
  readonly id?: string | undefined;
  /** With their details. */
  readonly personal: boolean;
}

/** Records of the chain in order. Nothing is verified, what cannot be read is passed over; memory holds one record. */
export function* exportedRecords(directory: string, { from = '', to, id, personal }: ExportOptions): Generator<ForwardedRecord> {
  const details = personal ? new DetailsFollower(directory) : undefined;
  for (const segment of segments(directory)) {
    const groups = id === undefined ? undefined : groupsNaming(`${directory}/${detailsName(segment)}`, id);
    for (const { text, complete } of linesOf(`${directory}/${chainName(segment)}`)) {
      const record = complete ? forwardedRecord(text, undefined) : undefined;
      if (record === undefined || record.time < from) continue;
      // "2026-11-25" as the end means the whole day.
      if (to !== undefined && record.time.slice(0, to.length) > to) continue;
      if (id !== undefined && record.id !== id && groups?.has(record.seq) !== true) continue;
      yield details === undefined ? record : { ...record, details: details.find(segment, record.seq) };
    }
  }
}
