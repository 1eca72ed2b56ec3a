import { availableParallelism } from 'node:os';
import type { Issued } from '../pki.js';

/** What an independent program found in a message. */
export interface Verdict {
  /** The innermost signed entity (header block, blank line, body); empty when it could not be reached. */
  readonly entity: Buffer;
  /** Signed, the signature holds, and the signer's certificate chains to the root. */
  readonly signerOk: boolean;
  /** Why `signerOk` is false, in the program's own words; empty when it is true. */
  readonly fault: string;
}

/** One independent S/MIME implementation, holding the keys it was made with. A bad message is a verdict, never an exception. */
export interface Verifier {
  readonly name: string;
  /** Decrypts (if it is encrypted) and verifies one message. */
  open(message: Buffer): Promise<Verdict>;
  /** The same for many, as fast as the program allows; verdicts in the order of the messages. */
  openAll(messages: readonly Buffer[]): Promise<Verdict[]>;
  /** Ends helper processes and removes key stores. */
  close(): Promise<void>;
}

export interface VerifierKeys {
  readonly recipients: readonly Issued[];
  readonly root: Issued;
}

export function accepted(entity: Buffer): Verdict {
  return { entity, signerOk: true, fault: '' };
}

export function refused(fault: string, entity: Buffer = Buffer.alloc(0)): Verdict {
  return { entity, signerOk: false, fault };
}

/** Runs `work` on every item, as many at a time as there are processors, and keeps the order. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  atOnce = availableParallelism(),
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  const lane = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}
