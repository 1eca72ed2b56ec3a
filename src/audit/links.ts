import type { Finding } from './finding.js';
import { type ChainRecord, firstPrev } from './record.js';

/** What is wrong between a record and the one before it. `opens`: it is the first of its segment. */
export function linkFindings(previous: ChainRecord, record: ChainRecord, { file, opens }: { file: string; opens: boolean }): Finding[] {
  const found: Finding[] = [];
  if (record.prev !== previous.hash || record.seq !== previous.seq + 1) {
    found.push({
      kind: opens ? 'segment-missing' : 'chain-broken',
      file,
      text: `record ${record.seq} does not follow record ${previous.seq}: something between them was removed or changed`,
    });
  }
  if (stepBackMs(previous, record) > clockToleranceMs) {
    found.push({
      kind: 'clock-set-back',
      file,
      text: `record ${record.seq} (${record.time}) is older than the record before it (${previous.time})`,
    });
  }
  return found;
}

/** NTP may set a clock back a little; what is more than this was set by somebody, or the machine stood still. */
const clockToleranceMs = 1000;

/** A small step back of the clock, which is no fault and is told all the same. */
export function clockNotes(previous: ChainRecord, record: ChainRecord, file: string): Finding[] {
  const stepMs = stepBackMs(previous, record);
  if (!(stepMs > 0 && stepMs <= clockToleranceMs)) return [];
  return [{ kind: 'clock-step', file, text: `record ${record.seq} is ${stepMs} ms older than the record before it` }];
}

function stepBackMs(previous: ChainRecord, record: ChainRecord): number {
  // As text, which is in the order of the times: nearly all go forward.
  return record.time >= previous.time ? 0 : Date.parse(previous.time) - Date.parse(record.time);
}

/** What is wrong with the first record of the oldest segment. */
export function beginningFindings(record: ChainRecord, file: string): Finding[] {
  if (record.seq === 1 && record.prev === firstPrev) return [];
  return [
    {
      kind: 'segment-missing',
      file,
      text: `the oldest file begins with record ${record.seq}: what came before it is missing`,
    },
  ];
}
