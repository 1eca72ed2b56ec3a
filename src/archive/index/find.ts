import { archivePath } from '../path.js';
import { factsOfRow, messageColumns, octetsOf } from './columns.js';
import { type Condition, conditionsOf, type Lead } from './conditions.js';
import type { Criteria } from './criteria.js';
import type { IndexDatabase, IndexValue } from './database.js';
import type { Facts } from './facts.js';
import { idOf, numberAt } from './number.js';

export interface FoundMessage extends Facts {
  readonly id: string;
  readonly state: string;
  /** Purged or erased: nothing else is known of it. */
  readonly erased: boolean;
  /** Relative to the archive directory; undefined: the archive does not have it. */
  readonly archive: string | undefined;
}

/**
 * The messages for which all criteria hold, newest first. The rarest of them leads the search; each other is then asked about one message at
 * a time, so that memory does not grow and the first answers come at once.
 */
export function* findMessages(database: IndexDatabase, criteria: Criteria, limit: number): Generator<FoundMessage> {
  const range = { low: numberAt(criteria.afterMs ?? 0), high: numberAt(criteria.beforeMs ?? Number.MAX_SAFE_INTEGER) - 1 };
  const conditions = conditionsOf(database, criteria);
  const rarest = rarestOf(database, conditions, range);
  const others = conditions.filter((condition) => condition !== rarest);
  const lead = rarest?.lead ?? everything;
  const values: IndexValue[] = [...lead.values, range.low, range.high];
  const probes = others.flatMap(({ probe }) => {
    if (probe === undefined) return [];
    values.push(...probe.values);
    return [`and ${probe.sql}`];
  });
  const filters = conditions.flatMap(({ filter }) => filter ?? []);
  // Without a filter behind it, the database itself stops in time.
  const most = filters.length === 0 ? `limit ${Math.min(limit, Number.MAX_SAFE_INTEGER)}` : '';
  const sql = `select m.n as number, m.id, m.erased, w.text as state_name, ${messageColumns.map((name) => `m.${name}`).join(', ')}
    from (${lead.sorts ? lead.from.replace('select', 'select distinct') : lead.from} where ${lead.where} and ${lead.range} between ? and ?) d
    cross join message m on m.n = d.message cross join word w on w.n = m.state
    where 1 ${probes.join(' ')} order by d.message desc ${most}`;
  let found = 0;
  for (const row of database.prepare(sql).iterate(values)) {
    const facts = factsOfRow(row);
    if (!filters.every((filter) => filter(facts))) continue;
    yield messageOf(idOf(octetsOf(row.id)), row.state_name as string, row.erased === 1, facts);
    if (++found >= limit) return;
  }
}

/** Whether among the newest messages there is one whose original is encrypted, so that its subject is not known. */
export function holdsEncrypted(database: IndexDatabase): boolean {
  return (
    database.prepare('select 1 from (select form from message order by n desc limit 10000) where form >= 2 limit 1').get() !== undefined
  );
}

const everything: Lead = { from: 'select n as message from message', where: '1', range: 'n', values: [] };

/** Beyond as many, how many more there are makes no difference. */
const countedAtMost = 50_000;
/** So many can be sorted in less than a second; where there are more, the newest messages are looked at one by one. */
const sortedAtMost = 200_000;

function rarestOf(
  database: IndexDatabase,
  conditions: readonly Condition[],
  { low, high }: { low: number; high: number },
): Condition | undefined {
  const counted = conditions.flatMap((condition) => {
    const { lead } = condition;
    // To read all subjects takes as long as to ask about this many messages one by one.
    if (lead.readsAll) return [{ condition, count: countedAtMost - 1 }];
    const most = lead.sorts ? sortedAtMost : countedAtMost;
    const sql = `select count(*) as count from (${lead.sorts ? lead.from.replace('select', 'select distinct') : lead.from} where ${lead.where} and ${lead.range} between ? and ? limit ${most})`;
    const count = Number(database.prepare(sql).get([...lead.values, low, high])?.count ?? 0);
    return lead.sorts && count === most ? [] : [{ condition, count }];
  });
  return counted.sort((one, other) => one.count - other.count)[0]?.condition;
}

function messageOf(id: string, state: string, erased: boolean, facts: Facts): FoundMessage {
  const { form } = facts;
  const archive = form === undefined ? undefined : `${archivePath(id)}${form.compressed ? '.gz' : ''}${form.encrypted ? '.p7m' : ''}`;
  return { ...facts, id, state, erased, archive };
}
