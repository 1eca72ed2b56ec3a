import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { rename, syncDirectory, writeNewFile } from '../disk/durable.js';
import { diskFault } from '../disk/faults.js';
import type { Container } from './container.js';
import type { Exhibit } from './exhibit.js';

/** A Maildir (cr.yp.to/proto/maildir.html): each message is written into `tmp` and renamed into `new`, under `<seconds>.<id>.<host>`. */
export class Maildir implements Container {
  private readonly path: string;
  private readonly host = hostname().replaceAll('/', '\\057').replaceAll(':', '\\072');

  constructor(path: string) {
    this.path = path;
    for (const directory of [path, ...['tmp', 'new', 'cur'].map((name) => `${path}/${name}`)]) makeDirectory(directory);
  }

  async addOriginal({ account, bytes }: Exhibit): Promise<string> {
    const { id, accepted, claimed } = account;
    const name = `${Math.floor(Date.parse(accepted?.time ?? claimed) / 1000)}.${id}.${this.host}`;
    writeNewFile(`${this.path}/tmp/${name}`, [bytes], { mode: 0o600 });
    rename(`${this.path}/tmp/${name}`, `${this.path}/new/${name}`);
    return `new/${name}`;
  }

  async close(): Promise<undefined> {
    for (const name of ['new', '.']) syncDirectory(`${this.path}/${name}`);
  }

  abandon(): void {}
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    throw diskFault(error, 'make', path);
  }
}
