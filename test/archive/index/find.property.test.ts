import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Criteria } from '../../../src/archive/index/criteria.js';
import { type State, states } from '../../../src/archive/index/state.js';
import { type Entry, newEntry } from '../../../src/audit/record.js';
import { removeTemp } from '../../kit/temp.js';
import { accepted, at, type MadeMessage, message, originalOf, sha256, Trail } from './trail.js';

const addresses = ['a@one.example', 'b@one.example', 'A@one.example', 'a@two.example', 'c@sub.two.example', '"a(b"@one.example'];
const words = ['Angebot', 'ANGEBOT', 'straße', 'STRASSE', 'ΟΔΟΣ', 'οδος', '100%', 'a_b', "o'clock", '見積書', '😀'];
const ends = ['handed-to-mta', 'taken-by-mta', 'quarantined', 'dropped', 'purged'] as const;

const some = (from: readonly string[], least: number) => fc.uniqueArray(fc.constantFrom(...from), { minLength: least, maxLength: 3 });
const made = fc.record({
  sender: fc.constantFrom(...addresses),
  from: fc.constantFrom(...addresses),
  to: some(addresses, 1),
  blind: fc.boolean(),
  subject: some(words, 0).map((list) => list.join(' ')),
  rule: fc.constantFrom('partner', 'bank', null),
  end: fc.constantFrom(...ends),
  minute: fc.nat({ max: 20 }),
});
const patterns = [...addresses, '@one.example', '*@two.example', '@*.example', '*@*.two.example', '@three.example'];
const criteria = fc.record(
  {
    from: fc.constantFrom(...patterns),
    to: fc.constantFrom(...patterns),
    subject: fc.constantFrom(...words, 'ngeb', 'e', 'e s', 'ß', 'nothing'),
    rule: fc.constantFrom('partner', 'bank', 'none'),
    state: fc.constantFrom<State>(...states),
    after: fc.nat({ max: 20 }),
    before: fc.nat({ max: 20 }),
  },
  { requiredKeys: [] },
);

describe('find', () => {
  test('finds what a look at each message finds, however often the index was brought up to date meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(made, { minLength: 1, maxLength: 12 }),
        fc.array(criteria, { minLength: 12, maxLength: 12 }),
        fc.nat(),
        agree,
      ),
      { numRuns: 40 },
    );
  }, 120_000);
});

type Made = typeof made extends fc.Arbitrary<infer T> ? T : never;
type Wanted = typeof criteria extends fc.Arbitrary<infer T> ? T : never;

async function agree(all: Made[], searches: Wanted[], cut: number): Promise<void> {
  const trail = new Trail();
  try {
    const messages = all.map(({ to, blind, minute, ...rest }, index) => {
      const made = message(minute, { ...rest, visible: blind ? [] : to, blind: blind ? to : [], messageId: `${index}@example.com` });
      return { ...made, end: rest.end };
    });
    const entries = messages.flatMap((each) => recordsOf(trail, each));
    const first = cut % (entries.length + 1);
    await trail.append(...entries.slice(0, first));
    await trail.update();
    await trail.append(...entries.slice(first));
    await trail.update();
    await trail.close();
    for (const wanted of searches) {
      const expected = messages.filter((each) => holds(each, wanted)).map(({ id }) => id);
      expect(trail.ids(criteriaOf(wanted)).toSorted()).toEqual(expected.toSorted());
    }
    // Newest first, to the millisecond.
    const times = trail.ids().map((id) => id.slice(0, 13));
    expect(times).toEqual(times.toSorted().toReversed());
    for (const each of messages.filter(({ end }) => end !== 'purged')) {
      expect(trail.ids({ hash: sha256(originalOf(each)) })).toContain(each.id);
      expect(trail.ids({ messageId: each.messageId })).toEqual([each.id]);
    }
  } finally {
    await trail.close();
    removeTemp(trail.directory);
  }
}

function recordsOf(trail: Trail, each: MadeMessage & { end: Made['end'] }): Entry[] {
  const { id, end } = each;
  const whole = trail.handedOver(each);
  switch (end) {
    case 'handed-to-mta':
      return whole;
    case 'taken-by-mta':
      return [...whole, newEntry('handed-over', { outcome: end }, { ids: [id], apartFrom: [] })];
    case 'purged':
      return [...whole, newEntry('purged', { id }, { rule: 'old' })];
    default:
      return [
        ...whole.slice(0, 2),
        newEntry('quarantined', { id, outcome: 'x' }, { ticket: {} }),
        ...(end === 'dropped' ? [newEntry('dropped', { id }, { by: 0 })] : []),
      ];
  }
}

function criteriaOf({ from, to, subject, rule, state, after, before }: Wanted): Criteria {
  return {
    from: from === undefined ? undefined : at(from),
    to: to === undefined ? undefined : at(to),
    subject,
    rule,
    state,
    afterMs: after === undefined ? undefined : minuteMs(after),
    beforeMs: before === undefined ? undefined : minuteMs(before),
  };
}

/** The same by looking at each message, with what the index does not use. */
function holds(each: MadeMessage & { end: string }, { from, to, subject, rule, state, after, before }: Wanted): boolean {
  const timeMs = Number.parseInt(each.id.replaceAll('-', '').slice(0, 12), 16);
  if (after !== undefined && timeMs < minuteMs(after)) return false;
  if (before !== undefined && timeMs >= minuteMs(before)) return false;
  if (state !== undefined && state !== each.end) return false;
  const asked = [from, to, subject, rule].some((value) => value !== undefined);
  if (each.end === 'purged') return !asked;
  if (from !== undefined && ![each.sender, each.from].some((address) => matches(from, address))) return false;
  if (to !== undefined && ![...each.visible, ...each.blind].some((address) => matches(to, address))) return false;
  if (rule !== undefined && rule !== each.rule) return false;
  return subject === undefined || plain(each.subject).includes(plain(subject));
}

function matches(pattern: string, address: string): boolean {
  const domain = address.slice(address.lastIndexOf('@') + 1);
  if (!/^\*?@/.test(pattern)) return pattern === address;
  const wanted = pattern.slice(pattern.indexOf('@') + 1);
  return wanted.startsWith('*') ? domain.endsWith(wanted.slice(1)) : domain === wanted;
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll('ß', 'ss').replaceAll('ς', 'σ');
}

function minuteMs(minute: number): number {
  return Date.parse('2026-11-01T00:00:00Z') + minute * 60_000;
}

test('records of messages that nobody accepted are no message of a kind that breaks the index', async () => {
  const trail = new Trail();
  await trail.append(
    newEntry('accepted', { id: 'no id at all' }, {}),
    accepted(message(1), Buffer.from('x')),
    newEntry('intent', { id: message(2).id }, { intent: 7, archive: 3 }),
  );
  await trail.update();
  expect(trail.find()).toHaveLength(2);
  await trail.close();
});
