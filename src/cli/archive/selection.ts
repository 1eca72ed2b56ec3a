import { Option } from 'commander';
import { SealdropError } from '../../errors.js';
import type { Selection } from '../../export/survey.js';
import { isMessageId } from '../../message-id.js';
import { readInput } from '../input.js';

/** Options that say which archived messages are meant. */
export interface SelectionOptions {
  readonly idsFrom?: string;
  readonly all?: boolean;
  readonly after?: string;
  readonly before?: string;
  readonly from?: string;
  readonly to?: string;
}

export const selectionOptions: readonly Option[] = [
  new Option('--ids-from <file>', 'message ids, one a line, or what "archive find --json" writes; - for standard input'),
  new Option('--all', 'every archived message'),
  new Option('--after <time>', 'accepted at this time or later: 2026-11-25 or 2026-11-25T14:00:00Z (UTC)'),
  new Option('--before <time>', 'accepted before this time'),
  new Option('--from <pattern>', 'sender or signing address: alice@example.com, *@example.com'),
  new Option('--to <pattern>', 'an envelope recipient'),
];

/** What is asked for: ids that are named, or a selection; and the words for it. Throws `usage` and `no-such-message`. */
export async function selected(
  ids: readonly string[],
  options: SelectionOptions,
): Promise<{ ids: string[] | undefined; selection: Selection | undefined; words: string }> {
  const { idsFrom, all, after, before, from, to } = options;
  const conditions = { after, before, from, to };
  const given = Object.entries(conditions).filter(([, value]) => value !== undefined);
  const ways = [ids.length > 0, idsFrom !== undefined, all === true, given.length > 0].filter(Boolean).length;
  if (ways !== 1)
    throw usage(ways === 0 ? 'nothing says which messages are meant' : 'ids, --ids-from, --all and conditions exclude each other');
  if (all === true) return { ids: undefined, selection: {}, words: '--all' };
  if (given.length > 0) {
    const selection = {
      ...(after === undefined ? {} : { after: timeOf('--after', after) }),
      ...(before === undefined ? {} : { before: timeOf('--before', before) }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    };
    return { ids: undefined, selection, words: given.map(([name, value]) => `--${name} ${value}`).join(' ') };
  }
  const named = idsFrom === undefined ? ids : idsIn((await readInput(idsFrom)).toString('utf8'));
  const strange = named.find((id) => !isMessageId(id));
  if (strange !== undefined) throw noId(strange);
  const distinct = [...new Set(named)];
  const words = distinct.length <= 3 ? distinct.join(' ') : `${distinct.length} ids${idsFrom === undefined ? '' : ' from a list'}`;
  return { ids: distinct, selection: undefined, words };
}

/** One a line, or lines of JSON as `archive find --json` writes them. */
function idsIn(text: string): string[] {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  return lines.map((line) => /^\s*\{.*?"id":"([0-9a-f-]{36})"/.exec(line)?.[1] ?? line.trim());
}

function timeOf(option: string, text: string): Date {
  const time = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text) ? new Date(text) : new Date(Number.NaN);
  if (Number.isNaN(time.getTime())) throw usage(`${option} takes a day as 2026-11-25, or a time as 2026-11-25T14:00:00Z`);
  return time;
}

function noId(text: string): SealdropError {
  return new SealdropError('no-such-message', `${JSON.stringify(text.slice(0, 60))} is not a message id`, {
    disposition: 'fatal',
    cure: 'Look the id up with "sealdrop audit list"; it looks like 019ab0c1-2d3e-7f40-8a51-b263c4d5e6f7.',
  });
}

function usage(what: string): SealdropError {
  return new SealdropError('usage', what, { disposition: 'fatal', cure: 'sealdrop archive export --help' });
}
