import { createHash } from 'node:crypto';
import { closeSync } from 'node:fs';
import { openNewFile, syncDescriptor, writeAll } from '../disk/durable.js';

export interface FileFacts {
  readonly sizeBytes: number;
  /** Hex. */
  readonly sha256: string;
}

const mostHeldBytes = 1 << 18;

/** A new file (mode 0600) that is written from the beginning to the end, and hashed on the way. Durable when `close` returns. */
export class HashedFile {
  readonly path: string;
  private readonly descriptor: number;
  private readonly hash = createHash('sha256');
  private held: Buffer[] = [];
  private heldBytes = 0;
  private sizeBytes = 0;

  constructor(path: string) {
    this.path = path;
    this.descriptor = openNewFile(path, { mode: 0o600 });
  }

  write(content: string | Buffer): void {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
    this.held.push(bytes);
    this.heldBytes += bytes.length;
    if (this.heldBytes >= mostHeldBytes) this.flush();
  }

  close(): FileFacts {
    try {
      this.flush();
      syncDescriptor(this.descriptor, this.path);
    } finally {
      closeSync(this.descriptor);
    }
    return { sizeBytes: this.sizeBytes, sha256: this.hash.digest('hex') };
  }

  /** Closes it as it is: it is not wanted any more. */
  abandon(): void {
    closeSync(this.descriptor);
  }

  private flush(): void {
    const bytes = Buffer.concat(this.held.splice(0), this.heldBytes);
    this.heldBytes = 0;
    writeAll(this.descriptor, bytes, this.path);
    this.hash.update(bytes);
    this.sizeBytes += bytes.length;
  }
}
