import { hash } from 'node:crypto';

/** How many of the originals are read; the others are only looked for. */
export type SampleSize = { readonly count: number } | { readonly share: number };

const scale = 2 ** 48;

/**
 * A uniform sample, the same for the same seed: each id is given a number by SHA-256 of the seed and the id, and the smallest are in it. Nobody
 * who alters the archive can tell which those are without the seed.
 */
export class Sampling {
  private readonly seed: Buffer;
  private readonly size: SampleSize;
  /** Of a counted sample: the smallest numbers so far, and some more. */
  private smallest: number[] = [];
  private limit: number;

  constructor(size: SampleSize, seed: string) {
    this.size = size;
    this.seed = Buffer.from(`${seed}\n`, 'utf8');
    this.limit = 'share' in size ? size.share * scale : scale;
  }

  /** Tells of an id (16 octets) that can be chosen. More than once does not count more. */
  offer(id: Buffer): void {
    if ('share' in this.size) return;
    const number = this.numberOf(id);
    if (number < this.limit) this.smallest.push(number);
    if (this.smallest.length >= 2 * this.size.count + 1000) this.keepOnly(this.size.count);
  }

  /** After the last one was told of. */
  settle(): void {
    if ('count' in this.size) this.keepOnly(this.size.count);
    this.smallest = [];
  }

  /** Whether the id is in the sample; to be asked when it is settled. */
  has(id: Buffer): boolean {
    return this.numberOf(id) < this.limit;
  }

  private keepOnly(count: number): void {
    this.smallest = [...new Set(this.smallest)].sort((a, b) => a - b).slice(0, count);
    const last = this.smallest[count - 1];
    if (last !== undefined) this.limit = last + 1;
  }

  private numberOf(id: Buffer): number {
    return hash('sha256', Buffer.concat([this.seed, id]), 'buffer').readUIntBE(0, 6);
  }
}

/**
 * The share of altered originals that a sample without any rules out with this confidence: were more altered, such a sample would have shown
 * one with that probability. (1 - x)^n = 1 - confidence; drawing without replacement only makes it less.
 */
export function ruledOutShare(sampled: number, of: number, confidence = 0.95): number {
  if (sampled === 0) return 1;
  return sampled >= of ? 0 : 1 - (1 - confidence) ** (1 / sampled);
}
