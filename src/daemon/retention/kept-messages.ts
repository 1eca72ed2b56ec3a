import { existsSync } from 'node:fs';
import { chainName, detailsName } from '../../audit/files.js';
import { seqOf } from '../../audit/line-facts.js';
import { type Line, linesOf } from '../../audit/lines.js';
import { commitmentTo, parseChainLine, parseDetailsLine } from '../../audit/record.js';
import { timeOfMessageId } from '../../message-id.js';
import { envelopeOfPlan, type KeptMessage } from '../../policy/retention/message.js';

/**
 * The messages that came into the archive by the records of one segment, in the order of the chain, one at a time. Those whose details are
 * erased are gone and not among them. `unreadable`: the details are missing or not those that the chain committed to, so that nothing can
 * be decided about it. `startOf` knows of messages whose retention began later than their id says.
 */
export function* keptMessages(
  directory: string,
  segment: string,
  startOf: ReadonlyMap<string, number>,
): Generator<{ readonly kind: 'message'; readonly message: KeptMessage } | { readonly kind: 'unreadable'; readonly id: string }> {
  const detailsPath = `${directory}/${detailsName(segment)}`;
  const details = existsSync(detailsPath) ? linesOf(detailsPath) : ([][Symbol.iterator]() as Iterator<Line>);
  let line: Line | undefined;
  for (const { text } of linesOf(`${directory}/${chainName(segment)}`)) {
    const [, digits, id] = /^\{"seq":(\d+),"time":"[^"]*","event":"(?:intent|dropped)","id":"([0-9a-f-]{36})"/.exec(text) ?? [];
    if (id === undefined) continue;
    const seq = Number(digits);
    // An unreadable line has no number, and is passed over.
    while (line === undefined || (seqOf(line.text) ?? 0) < seq) {
      const next = details.next();
      if (next.done === true) break;
      line = next.value;
    }
    const found = line === undefined || seqOf(line.text) !== seq ? undefined : parseDetailsLine(line.text);
    if (found?.kind === 'erased') continue;
    const record = parseChainLine(text);
    if (found?.kind !== 'detail' || record.kind !== 'record' || commitmentTo(found.text, found.salt) !== record.record.detail) {
      yield { kind: 'unreadable', id };
      continue;
    }
    const startMs = startOf.get(id) ?? timeOfMessageId(id).getTime();
    yield { kind: 'message', message: { id, startMs, envelope: envelopeOfPlan(planOf(JSON.parse(found.text))) } };
  }
}

function planOf(detail: unknown): unknown {
  if (typeof detail !== 'object' || detail === null || !('intent' in detail)) return undefined;
  const { intent } = detail;
  return typeof intent === 'object' && intent !== null && 'plan' in intent ? intent.plan : undefined;
}
