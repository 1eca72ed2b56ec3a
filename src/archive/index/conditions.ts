import type { AddressCriterion, Criteria } from './criteria.js';
import type { IndexDatabase, IndexValue } from './database.js';
import type { Facts } from './facts.js';
import { folded } from './fold.js';
import { roles } from './schema.js';
import { prefixOfHash, prefixOfMessageId } from './tables.js';

/** One criterion, in the ways it can take part in a search. */
export interface Condition {
  /** Leads to the messages for which it may hold, in their order. */
  readonly lead: Lead;
  /** Asks about the message `d.message`, whose row is `m`. */
  readonly probe?: { readonly sql: string; readonly values: readonly IndexValue[] };
  /** Looks at the message itself, where the tables do not decide. */
  readonly filter?: (facts: Facts) => boolean;
}

export interface Lead {
  /** `select … as message from …`, then `where`. */
  readonly from: string;
  readonly where: string;
  /** The column that holds the message's number. */
  readonly range: string;
  readonly values: readonly IndexValue[];
  /** It reads all there is, whatever it finds: not worth counting first. */
  readonly readsAll?: true;
  /** It comes upon a message several times, and in no order. */
  readonly sorts?: true;
}

export function conditionsOf(database: IndexDatabase, criteria: Criteria): Condition[] {
  const { from, to, subject, messageId, rule, hash, state } = criteria;
  const word = (text: string) => numberIn(database, 'select n from word where text=?', text);
  const conditions: Condition[] = [];
  if (from !== undefined) conditions.push(partyCondition(database, from, 'from'));
  if (to !== undefined) conditions.push(partyCondition(database, to, 'to'));
  if (hash !== undefined) conditions.push(digestCondition(prefixOfHash(hash), (facts) => hasHash(facts, hash)));
  if (messageId !== undefined) {
    const bare = messageId.replace(/^<(.*)>$/s, '$1');
    conditions.push(digestCondition(prefixOfMessageId(bare), (facts) => facts.messageId === bare));
  }
  if (rule !== undefined) conditions.push(lookUp('rule', [{ column: 'word', value: word(rule) }]));
  if (state !== undefined) {
    const value = word(state);
    const lead: Lead = { from: 'select n as message from message', where: 'state=?', range: 'n', values: [value] };
    conditions.push({ lead, probe: { sql: 'm.state=?', values: [value] } });
  }
  if (subject !== undefined && folded(subject) !== '') conditions.push(subjectCondition(folded(subject)));
  return conditions;
}

function partyCondition(database: IndexDatabase, criterion: AddressCriterion, role: 'from' | 'to'): Condition {
  const inRole = { column: 'role', value: roles[role] };
  if (criterion.kind === 'address') {
    const value = numberIn(database, 'select n from address where text=?', criterion.address);
    return lookUp('party', [{ column: 'address', value }, inRole]);
  }
  if (criterion.kind === 'domain') {
    const value = numberIn(database, 'select n from domain where name=?', criterion.domain);
    return lookUp('domain_party', [{ column: 'domain', value }, inRole]);
  }
  const pattern = new RegExp(`@${criterion.pattern.split('*').map(escaped).join('.*')}$`, 's');
  const lead: Lead = {
    from: 'select message from domain_party',
    where: 'domain in (select n from domain where name glob ?) and role=?',
    range: 'message',
    values: [criterion.pattern, inRole.value],
    sorts: true,
  };
  return { lead, filter: (facts) => addressesOf(facts, role).some((address) => pattern.test(address)) };
}

function addressesOf(facts: Facts, role: 'from' | 'to'): readonly string[] {
  return role === 'to' ? [...facts.visible, ...facts.blind] : [...facts.authors, facts.sender ?? ''];
}

/** A table whose key is these columns and then the message. */
function lookUp(table: 'party' | 'domain_party' | 'rule', columns: readonly { column: string; value: IndexValue }[]): Condition {
  const where = columns.map(({ column }) => `${column}=?`).join(' and ');
  const values = columns.map(({ value }) => value);
  return {
    lead: { from: `select message from ${table}`, where, range: 'message', values },
    probe: { sql: `exists(select 1 from ${table} p where ${where} and p.message=d.message)`, values },
  };
}

function digestCondition(prefix: number, filter: (facts: Facts) => boolean): Condition {
  return { lead: { from: 'select message from digest', where: 'prefix=?', range: 'message', values: [prefix] }, filter };
}

function hasHash(facts: Facts, hash: string): boolean {
  return facts.sha256 === hash || [...facts.copies.values()].includes(hash);
}

function subjectCondition(part: string): Condition {
  return {
    lead: { from: 'select n as message from subject', where: 'instr(folded, ?)>0', range: 'n', values: [part], readsAll: true },
    probe: { sql: 'exists(select 1 from subject s where s.n=d.message and instr(s.folded, ?)>0)', values: [part] },
  };
}

function numberIn(database: IndexDatabase, sql: string, text: string): number | null {
  const number = database.prepare(sql).get([text])?.n;
  return typeof number === 'number' ? number : null;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
