import { fileURLToPath } from 'node:url';
import { FramedProcess } from './framed-process.js';

/** One leaf part, as Python's `email` package sees it. */
export interface Leaf {
  /** `1`, `1.2`, `1.2.1`. */
  readonly path: string;
  readonly mediaType: string;
  readonly charset: string;
  readonly fileName: string;
  /** Content-Transfer-Encoding, lower case. */
  readonly encoding: string;
  readonly sizeBytes: number;
  /** Of the decoded octets. */
  readonly sha256: string;
  /** The same with every kind of line end as one LF. */
  readonly sha256InLines: string;
  /** And without line ends at the very end. */
  readonly sha256InLinesTrimmed: string;
}

export interface TakenApart {
  /** Outer header fields in order: name as written, value unfolded and decoded (RFC 2047). */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly leaves: readonly Leaf[];
}

/** Header fields and leaf parts of a message, read by leaves.py (one Python process per test process; needs tool `python3`). */
export async function takeApart(message: Buffer): Promise<TakenApart> {
  python ??= new FramedProcess('python3', [fileURLToPath(new URL('leaves.py', import.meta.url))]);
  return JSON.parse((await python.ask(message)).toString()) as TakenApart;
}
let python: FramedProcess | undefined;

export async function leaves(message: Buffer): Promise<readonly Leaf[]> {
  return (await takeApart(message)).leaves;
}

export interface CompareOptions {
  /** A detached signature needs an entity that ends in a line end: then the last text leaf may have gained one. */
  readonly lineEndMayBeAdded?: boolean;
}

/**
 * Compares two messages leaf for leaf and returns what differs, in words; empty = the same mail. Content that was encoded (base64) or
 * declared binary must be equal to the octet; content that stood as lines must have equal lines, whatever their ends.
 */
export async function compareLeaves(submitted: Buffer, opened: Buffer, options: CompareOptions = {}): Promise<string[]> {
  const before = await leaves(submitted);
  const after = await leaves(opened);
  if (before.length !== after.length) return [`${before.length} leaves became ${after.length}: ${types(before)} / ${types(after)}`];
  return before.flatMap((leaf, n) => {
    const now = after[n];
    return now === undefined ? [] : differences(leaf, now, options);
  });
}

function differences(before: Leaf, after: Leaf, options: CompareOptions): string[] {
  const found: string[] = [];
  for (const trait of ['path', 'mediaType', 'fileName'] as const) {
    if (before[trait] !== after[trait]) found.push(`${before.path}: ${trait} ${before[trait]} became ${after[trait]}`);
  }
  // What the sender did not label may be labelled on the way, never relabelled.
  if (before.charset !== '' && before.charset !== after.charset) found.push(`${before.path}: ${before.charset} became ${after.charset}`);
  if (!sameContent(before, after, options)) {
    found.push(`${before.path}: content differs, ${before.sizeBytes} octets (${before.encoding}) / ${after.sizeBytes} (${after.encoding})`);
  }
  return found;
}

function sameContent(before: Leaf, after: Leaf, options: CompareOptions): boolean {
  if (before.sha256 === after.sha256) return true;
  if (before.encoding === 'base64' || before.encoding === 'binary') return false;
  if (before.sha256InLines === after.sha256InLines) return true;
  return options.lineEndMayBeAdded === true && before.sha256InLinesTrimmed === after.sha256InLinesTrimmed;
}

function types(list: readonly Leaf[]): string {
  return list.map(({ path, mediaType }) => `${path} ${mediaType}`).join(', ');
}
