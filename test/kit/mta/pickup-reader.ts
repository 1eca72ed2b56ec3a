import { copyFileSync, readdirSync, readFileSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type PickupMail, type PickupParsing, PickupRefusal, parsePickupFile } from './pickup-mail.js';

export interface PickupReaderOptions extends PickupParsing {
  /** The `pickup <pickup-dir> <bad-file-dir>` directive; only one such pair an MTA. */
  readonly pickup: string;
  readonly bad: string;
  /**
   * Takes the mail into the MTA's own spool, or sends it on. `'later'`, or a fault other than PickupRefusal: a transient error, the file stays
   * and is tried again. Throwing PickupRefusal: a permanent one (a suppressed recipient), the file goes to the bad directory.
   */
  readonly take?: (mail: PickupMail) => undefined | 'later' | Promise<undefined | 'later'>;
  /** The order names are taken in; the file system's own by default, as nothing promises any. */
  readonly order?: (names: string[]) => string[];
  /** What a file is called in the bad directory; its own name by default. */
  readonly badName?: (name: string) => string;
  readonly everyMs?: number;
}

/**
 * A pickup reader that behaves as PowerMTA's is documented (User's Guide 5.0, 7.2 and 10.16): it takes whatever file stands in the
 * directory, dot-files and unfinished ones too, removes a file it has taken, moves one it can never take into the bad directory as it is,
 * gives no receipt and writes no reason.
 */
export class PickupMta {
  /** In the order they were taken; a copy that was committed twice stands here twice. */
  readonly taken: PickupMail[] = [];
  /** Why files went to the bad directory, by name in pickup. */
  readonly refused = new Map<string, string>();
  readonly #options: PickupReaderOptions;
  #stopped = false;
  #running: Promise<void>;

  constructor(options: PickupReaderOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Finishes the file it is at. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  /** One look at the directory: every file that stands in it, once. */
  async look(): Promise<void> {
    const { pickup, order = (names) => names } = this.#options;
    for (const name of order(readdirSync(pickup))) if (isFile(join(pickup, name))) await this.#process(name);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.look();
      await new Promise((resolve) => setTimeout(resolve, this.#options.everyMs ?? 10));
    }
  }

  async #process(name: string): Promise<void> {
    const path = join(this.#options.pickup, name);
    try {
      const mail = parsePickupFile(name, readFileSync(path), this.#options);
      if ((await this.#options.take?.(mail)) === 'later') return;
      unlinkSync(path);
      this.taken.push(mail);
    } catch (error) {
      if (!(error instanceof PickupRefusal)) return;
      this.refused.set(name, error.message);
      moveFile(path, join(this.#options.bad, this.#options.badName?.(name) ?? name));
    }
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** The bad directory may be on another mount. */
function moveFile(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    copyFileSync(from, to);
    unlinkSync(from);
  }
}
