import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { rename, syncDirectory, writeNewFile } from '../disk/durable.js';
import { diskFault } from '../disk/faults.js';
import type { Container, ContainerExtras } from './container.js';
import type { Exhibit } from './exhibit.js';

/** A directory with each original as a file of its own, and beside them what a zip file has beside them. */
export class Folder implements Container {
  readonly extras: ContainerExtras;
  private readonly path: string;
  private readonly made = new Set<string>();

  constructor(path: string) {
    this.path = path;
    this.make(path);
    this.extras = {
      addBytes: async (name, bytes) => writeNewFile(this.placeOf(name), [bytes], { mode: 0o600 }),
      addFile: async (name, from) => rename(from, this.placeOf(name)),
    };
  }

  async addOriginal({ name, bytes }: Exhibit): Promise<string> {
    writeNewFile(this.placeOf(name), [bytes], { mode: 0o600 });
    return name;
  }

  async close(): Promise<undefined> {
    for (const directory of this.made) syncDirectory(directory);
  }

  abandon(): void {}

  private placeOf(name: string): string {
    const place = join(this.path, name);
    this.make(dirname(place));
    return place;
  }

  private make(directory: string): void {
    if (this.made.has(directory)) return;
    try {
      mkdirSync(directory, { mode: 0o700 });
    } catch (error) {
      throw diskFault(error, 'make', directory);
    }
    this.made.add(directory);
  }
}
