import { statSync } from 'node:fs';
import { daysOf, storedFiles } from '../../archive/destroy.js';
import type { Preview } from '../../daemon/retention/engine.js';
import type { Hold } from '../../daemon/retention/holds.js';
import { printable } from '../../delivery/printable.js';
import { count, print } from '../output.js';

/** What a dry run says; the JSON form of it. */
export interface DestroyFacts {
  readonly messages: number;
  /** In the archive itself; the second location has the same once more. */
  readonly files: number;
  readonly sizeBytes: number;
  readonly rules: readonly { readonly rule: string; readonly messages: number; readonly oldest: string; readonly newest: string }[];
  readonly held: {
    readonly messages: number;
    readonly holds: readonly { readonly hold: string; readonly reason: string; readonly messages: number }[];
  };
  readonly retained: { readonly messages: number; readonly rules: readonly { readonly rule: string; readonly messages: number }[] };
  /** With other recipients than those asked for. */
  readonly shared: number;
  /** Recorded as destroyed before, and some of it is still there. */
  readonly unfinished: number;
  readonly underWay: readonly string[];
  readonly unreadable: readonly string[];
  readonly list?: readonly { readonly id: string; readonly accepted: string; readonly rule: string }[];
}

export function factsOf(selection: Preview, archive: string, holds: readonly Hold[], list: boolean): DestroyFacts {
  const { ids, startMs, rule, ruleNames, held, retained, underWay, unreadable, shared } = selection;
  let [files, sizeBytes] = [0, 0];
  for (const day of daysOf(ids))
    for (const { path } of storedFiles(`${archive}/${day}`, ids)) {
      files++;
      sizeBytes += statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    }
  const perRule = ruleNames.map((name) => ({ rule: name, messages: 0, oldestMs: Number.POSITIVE_INFINITY, newestMs: 0 }));
  startMs.forEach((ms, index) => {
    const counted = perRule[rule[index] ?? 0];
    if (counted === undefined) return;
    counted.messages++;
    counted.oldestMs = Math.min(counted.oldestMs, ms);
    counted.newestMs = Math.max(counted.newestMs, ms);
  });
  return {
    messages: ids.size,
    files,
    sizeBytes,
    rules: perRule.map(({ rule, messages, oldestMs, newestMs }) => ({ rule, messages, oldest: iso(oldestMs), newest: iso(newestMs) })),
    held: {
      messages: selection.heldCount,
      holds: [...held].map(([hold, messages]) => ({ hold, reason: holds.find((each) => each.hold === hold)?.reason ?? '', messages })),
    },
    retained: { messages: selection.retainedCount, rules: [...retained].map(([rule, messages]) => ({ rule, messages })) },
    shared,
    unfinished: selection.unfinished,
    underWay,
    unreadable,
    ...(list && {
      list: [...ids].map((id, index) => ({ id, accepted: iso(startMs[index] ?? 0), rule: ruleNames[rule[index] ?? 0] ?? '' })),
    }),
  };
}

export function printFacts(facts: DestroyFacts): void {
  for (const { id, accepted, rule } of facts.list ?? []) print(`${id}  ${accepted}  ${rule}`);
  for (const { rule, messages, oldest, newest } of facts.rules)
    print(`${count(messages, 'message')} accepted from ${oldest} to ${newest}: ${rule}`);
  for (const { hold, reason, messages } of facts.held.holds) print(printable(`held by ${hold} (${reason}): ${count(messages, 'message')}`));
  for (const { rule, messages } of facts.retained.rules) print(`to be kept, ${rule}: ${count(messages, 'message')}`);
  if (facts.shared > 0)
    print(`${count(facts.shared, 'message')} went to other recipients too; the whole message is destroyed, for all of them`);
  if (facts.unfinished > 0)
    print(
      `${count(facts.unfinished, 'message')} recorded by an interrupted purge; the next one, or the daemon's next start, destroys the rest of them`,
    );
  for (const id of facts.underWay.slice(0, mostNamed)) print(`not touched, under way or held in the queue: ${id}`);
  for (const id of facts.unreadable.slice(0, mostNamed))
    print(`not touched, its details cannot be read (run "sealdrop archive verify"): ${id}`);
  print(
    `${count(facts.messages, 'message')} would be destroyed: ${count(facts.files, 'file')}, ${count(facts.sizeBytes, 'byte')} in the archive`,
  );
}

const mostNamed = 20;

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
