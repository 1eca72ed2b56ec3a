import type { IndexDatabase, IndexStatement } from './database.js';

/** Most addresses of a site come again and again; beyond these the database is asked. */
const maxKept = 100_000;

/** Texts that are numbered in a table of their own, each once. */
export class Names {
  private readonly kept = new Map<string, number>();
  private readonly byText: IndexStatement;
  private readonly byNumber: IndexStatement;
  private readonly insert: IndexStatement;
  private readonly remove: IndexStatement;

  /** `text`, `more`: the columns of the text, and of what else is said of a new one. */
  constructor(database: IndexDatabase, table: 'word' | 'domain' | 'address', text: string, more: readonly string[] = []) {
    const names = [text, ...more];
    this.byText = database.prepare(`select n from ${table} where ${text}=?`);
    this.byNumber = database.prepare(`select ${text} as text from ${table} where n=?`);
    this.insert = database.prepare(`insert into ${table}(${names.join(', ')}) values(${names.map(() => '?').join(', ')})`);
    this.remove = database.prepare(`delete from ${table} where ${text}=?`);
  }

  numberOf(text: string, ...more: readonly number[]): number {
    const number = this.find(text) ?? Number(this.insert.run([text, ...more]).lastInsertRowid);
    if (this.kept.size >= maxKept) this.kept.clear();
    this.kept.set(text, number);
    return number;
  }

  find(text: string): number | undefined {
    return this.kept.get(text) ?? (this.byText.get([text])?.n as number | undefined);
  }

  textOf(number: number): string | undefined {
    return this.byNumber.get([number])?.text as string | undefined;
  }

  forget(text: string): void {
    this.remove.run([text]);
    this.kept.delete(text);
  }
}
