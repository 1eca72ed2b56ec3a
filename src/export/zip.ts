import type { Container, ContainerExtras } from './container.js';
import type { Exhibit } from './exhibit.js';
import { ZipFile } from './zip-file.js';

/** One file with all that a third party needs to check the messages without us. */
export class Zip implements Container {
  readonly extras: ContainerExtras;
  private readonly file: ZipFile;

  constructor(path: string, madeAt: Date) {
    this.file = new ZipFile(path);
    this.extras = {
      addBytes: (name, bytes) => this.file.addBytes(name, bytes, madeAt),
      addFile: (name, from) => this.file.addFile(name, from, madeAt),
    };
  }

  async addOriginal({ account, name, bytes }: Exhibit): Promise<string> {
    const path = `originals/${name}`;
    await this.file.addBytes(path, bytes, new Date(account.accepted?.time ?? account.claimed));
    return path;
  }

  async close(): Promise<undefined> {
    await this.file.close();
  }

  abandon(): void {
    this.file.abandon();
  }
}
