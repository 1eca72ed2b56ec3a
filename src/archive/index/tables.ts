import { createHash } from 'node:crypto';
import { columnValues, factsOfRow, messageColumns } from './columns.js';
import type { IndexDatabase, IndexStatement, IndexValue } from './database.js';
import type { Facts } from './facts.js';
import { folded } from './fold.js';
import { Names } from './names.js';
import { roles } from './schema.js';
import type { State } from './state.js';

/** Writes messages into the tables, inside a transaction that is the caller's. */
export class Tables {
  private readonly database: IndexDatabase;
  private readonly words: Names;
  private readonly domains: Names;
  private readonly addresses: Names;
  private readonly statements = new Map<string, IndexStatement>();

  constructor(database: IndexDatabase) {
    this.database = database;
    this.words = new Names(database, 'word', 'text');
    this.domains = new Names(database, 'domain', 'name');
    this.addresses = new Names(database, 'address', 'text', ['domain']);
  }

  wordOf(number: number): string | undefined {
    return this.words.textOf(number);
  }

  factsOf(number: number): Facts | undefined {
    const row = this.statement(`select ${messageColumns.join(', ')} from message where n=?`).get([number]);
    return row === undefined ? undefined : factsOfRow(row);
  }

  add(number: number, id: Buffer, state: State, facts: Facts, erased: boolean): void {
    const names = ['n', 'id', 'state', 'erased', ...messageColumns];
    this.run(`insert into message(${names.join(', ')}) values(${names.map(() => '?').join(', ')})`, [
      number,
      id,
      this.words.numberOf(state),
      erased ? 1 : 0,
      ...columnValues(facts),
    ]);
    this.addLeads(number, facts);
  }

  setState(number: number, state: State): void {
    this.run('update message set state=? where n=?', [this.words.numberOf(state), number]);
  }

  /** What is new about a message that stands here already. */
  replace(number: number, state: State, facts: Facts): void {
    const before = this.factsOf(number);
    if (before !== undefined) this.removeLeads(number, before);
    const values = [...columnValues(facts), this.words.numberOf(state), number];
    this.run(`update message set ${messageColumns.map((name) => `${name}=?`).join(', ')}, state=? where n=?`, values);
    this.addLeads(number, facts);
  }

  /** Nothing stays but the id and what became of it; with secure_delete what stood there is overwritten. */
  erase(number: number, state: State): void {
    const before = this.factsOf(number);
    if (before !== undefined) this.removeLeads(number, before);
    const set = messageColumns.map((name) => `${name}=null`).join(', ');
    this.run(`update message set ${set}, erased=1, state=? where n=?`, [this.words.numberOf(state), number]);
    for (const address of before === undefined ? [] : partiesOf(before).map((each) => each.address)) this.forgetAddress(address);
  }

  private addLeads(number: number, facts: Facts): void {
    for (const { address, role } of partiesOf(facts)) {
      const domain = this.domains.numberOf(domainOf(address));
      const party = this.addresses.numberOf(address, domain);
      this.run('insert or ignore into party(address, role, message) values(?, ?, ?)', [party, role, number]);
      this.run('insert or ignore into domain_party(domain, role, message) values(?, ?, ?)', [domain, role, number]);
    }
    for (const rule of facts.rules) this.run('insert or ignore into rule(word, message) values(?, ?)', [this.words.numberOf(rule), number]);
    for (const prefix of digestsOf(facts)) this.run('insert or ignore into digest(prefix, message) values(?, ?)', [prefix, number]);
    if (facts.subject !== undefined) this.run('insert or replace into subject(n, folded) values(?, ?)', [number, folded(facts.subject)]);
  }

  private removeLeads(number: number, facts: Facts): void {
    for (const { address, role } of partiesOf(facts)) {
      const [party, domain] = [this.addresses.find(address), this.domains.find(domainOf(address))];
      this.run('delete from party where address=? and role=? and message=?', [party ?? null, role, number]);
      this.run('delete from domain_party where domain=? and role=? and message=?', [domain ?? null, role, number]);
    }
    for (const rule of facts.rules) this.run('delete from rule where word=? and message=?', [this.words.find(rule) ?? null, number]);
    for (const prefix of digestsOf(facts)) this.run('delete from digest where prefix=? and message=?', [prefix, number]);
    this.run('delete from subject where n=?', [number]);
  }

  /** An address, and its domain, to which no message leads any more. */
  private forgetAddress(address: string): void {
    if (!this.isLedFrom('party', 'address', this.addresses.find(address))) this.addresses.forget(address);
    const domain = domainOf(address);
    if (!this.isLedFrom('address', 'domain', this.domains.find(domain))) this.domains.forget(domain);
  }

  private isLedFrom(table: 'party' | 'address', column: string, number: number | undefined): boolean {
    return this.statement(`select 1 as one from ${table} where ${column}=? limit 1`).get([number ?? null]) !== undefined;
  }

  private run(sql: string, values: readonly IndexValue[]): void {
    this.statement(sql).run(values);
  }

  private statement(sql: string): IndexStatement {
    const known = this.statements.get(sql) ?? this.database.prepare(sql);
    this.statements.set(sql, known);
    return known;
  }
}

/** Each address once in each role. They are as `parseAddress` returns them, so equal addresses are equal text. */
function partiesOf(facts: Facts): { address: string; role: number }[] {
  const from = new Set([...facts.authors, ...(facts.sender === undefined || facts.sender === '' ? [] : [facts.sender])]);
  const to = new Set([...facts.visible, ...facts.blind]);
  return [...[...from].map((address) => ({ address, role: roles.from })), ...[...to].map((address) => ({ address, role: roles.to }))];
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

function digestsOf(facts: Facts): Set<number> {
  const hashes = [...(facts.sha256 === undefined ? [] : [facts.sha256]), ...facts.copies.values()];
  return new Set([...hashes.map(prefixOfHash), ...(facts.messageId === undefined ? [] : [prefixOfMessageId(facts.messageId)])]);
}

/** The first 48 bits of a hash: what they lead to is compared in full. */
export function prefixOfHash(sha256: string): number {
  return Number.parseInt(sha256.slice(0, 12), 16) || 0;
}

export function prefixOfMessageId(messageId: string): number {
  return prefixOfHash(createHash('sha256').update(messageId, 'utf8').digest('hex'));
}
