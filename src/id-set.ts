const wordsOfId = 4;

/**
 * Message ids in 24 to 48 octets each, in the order in which they were added: a purge may be of a million. Ids are compared whole, not by
 * hash alone.
 */
export class IdSet {
  private words = new Uint32Array(wordsOfId * 1024);
  private table = new Int32Array(2048).fill(-1);
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** False if it was there already. */
  add(id: string): boolean {
    const parts = partsOf(id);
    if (this.find(parts).index >= 0) return false;
    if (this.count * wordsOfId === this.words.length) this.grow();
    this.table[this.find(parts).place] = this.count;
    this.words.set(parts, this.count * wordsOfId);
    this.count++;
    return true;
  }

  has(id: string): boolean {
    return this.indexOf(id) >= 0;
  }

  /** Its place in the order; negative if it is not there. */
  indexOf(id: string): number {
    return this.find(partsOf(id)).index;
  }

  *[Symbol.iterator](): Generator<string> {
    for (let index = 0; index < this.count; index++) yield this.at(index);
  }

  at(index: number): string {
    const hex = [...this.words.subarray(index * wordsOfId, (index + 1) * wordsOfId)]
      .map((word) => word.toString(16).padStart(8, '0'))
      .join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  /** The last word is random (RFC 9562 §5.7), and serves as hash. */
  private find(parts: readonly [number, number, number, number]): { readonly place: number; readonly index: number } {
    const mask = this.table.length - 1;
    for (let place = parts[3] & mask; ; place = (place + 1) & mask) {
      const index = this.table[place] ?? -1;
      if (index < 0) return { place, index };
      const at = index * wordsOfId;
      if (parts.every((part, n) => this.words[at + n] === part)) return { place, index };
    }
  }

  private grow(): void {
    const words = new Uint32Array(this.words.length * 2);
    words.set(this.words);
    this.words = words;
    this.table = new Int32Array(this.table.length * 2).fill(-1);
    const mask = this.table.length - 1;
    for (let index = 0; index < this.count; index++) {
      let place = (words[index * wordsOfId + 3] ?? 0) & mask;
      while ((this.table[place] ?? -1) >= 0) place = (place + 1) & mask;
      this.table[place] = index;
    }
  }
}

function partsOf(id: string): readonly [number, number, number, number] {
  return [
    Number.parseInt(id.slice(0, 8), 16),
    Number.parseInt(id.slice(9, 13) + id.slice(14, 18), 16),
    Number.parseInt(id.slice(19, 23) + id.slice(24, 28), 16),
    Number.parseInt(id.slice(28), 16),
  ];
}
