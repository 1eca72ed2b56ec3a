import type { IndexDatabase } from './database.js';

/**
 * The tables of the index. A message's number holds the time of its id (`number.ts`), so that order of number is order of time, and so is the
 * order within each table that leads to messages.
 */
const schema = `
create table meta(key text primary key, value text not null) without rowid;
create table word(n integer primary key, text text not null unique);
create table domain(n integer primary key, name text not null unique);
create table address(n integer primary key, text text not null unique, domain integer not null);
create table message(
  n integer primary key, id blob not null, state integer not null, erased integer not null,
  form integer, uid integer, size integer, sha256 blob, file text,
  sender text, authors text, visible text, blind text, rules text, message_id text, date integer, subject text, copies blob);
create index message_state on message(state);
create table subject(n integer primary key, folded text not null);
create table party(address integer, role integer, message integer, primary key(address, role, message)) without rowid;
create table domain_party(domain integer, role integer, message integer, primary key(domain, role, message)) without rowid;
create table rule(word integer, message integer, primary key(word, message)) without rowid;
create table digest(prefix integer, message integer, primary key(prefix, message)) without rowid;
`;

/** Raised with every change of the tables or of what stands in them; an index of another version is made anew. */
const schemaVersion = 1;
/** Tells our files from other databases (https://www.sqlite.org/pragma.html#pragma_application_id): 'sdix'. */
const applicationId = 0x73646978;

/** Who a party is to a message: as the author, in From or as envelope sender; or as an envelope recipient. */
export const roles = { from: 0, to: 1 } as const;

export function createTables(database: IndexDatabase): void {
  // Deleted rows are overwritten with zeros, so that what was erased is not left in the file's free pages.
  database.exec(
    `pragma page_size=8192; pragma application_id=${applicationId}; pragma user_version=${schemaVersion}; begin; ${schema} commit`,
  );
}

export function hasOurTables(database: IndexDatabase): boolean {
  const number = (name: string) => database.prepare(`pragma ${name}`).get()?.[name];
  return number('application_id') === applicationId && number('user_version') === schemaVersion;
}
