import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointPath } from '../../src/audit/checkpoint/files.js';
import { type Checkpoint, checkpointContent } from '../../src/audit/checkpoint/format.js';
import { readCheckpoint } from '../../src/audit/checkpoint/read.js';
import { leafHash, MerkleTree } from '../../src/audit/merkle.js';
import { signFile } from '../../src/smime/sign.js';
import { identityIn, writeAuditIdentity } from '../audit/checkpoint/kit.js';
import { makeTemp } from '../kit/temp.js';
import { type Item, lineOf, put, recommit, rewrite } from './tools.js';
import type { Place } from './trail.js';

/** What a checkpoint says. */
export function checkpointAt({ audit }: Place, number: number): Checkpoint {
  const read = readCheckpoint(readFileSync(checkpointPath(audit, number)));
  if ('fault' in read) throw new Error(read.fault);
  return read.checkpoint;
}

/** An identity that nobody has been told to believe. */
export function strangersKey(): string {
  return writeAuditIdentity(makeTemp('stranger'));
}

/** The one the daemon signs with, which root can read. */
export function stolenKey({ directory }: Place): string {
  return join(directory, 'audit.pem');
}

/** Signs a checkpoint that says the same with that key. */
export function resign(place: Place, number: number, key: string): void {
  put(checkpointPath(place.audit, number), signed(checkpointAt(place, number), key));
}

/** Writes the chain anew, and with it every checkpoint that it names, so that all of it fits. */
export function rewriteWithCheckpoints(place: Place, all: readonly Item[], key: string): void {
  const tree = new MerkleTree();
  const waiting = new Map<number, { head: string; root: string; frontier: string[]; segment: string; offset: number }>();
  const sizes = new Set<number>();
  for (const { record, details } of all) if (record.event === 'checkpoint') sizes.add(recordsIn(details));
  let prev: string | undefined;
  let previous = '0'.repeat(64);
  let number = 0;
  let [segment, offset] = ['', 0];
  for (const [index, item] of all.entries()) {
    if (item.record.event === 'checkpoint') {
      number++;
      const at = waiting.get(recordsIn(item.details));
      if (at === undefined) throw new Error('a checkpoint over records that do not come before it');
      const bytes = signed({ ...at, number, time: item.record.time, records: recordsIn(item.details), previous }, key);
      previous = createHash('sha256').update(bytes).digest('hex');
      put(checkpointPath(place.audit, number), bytes);
      recommit(item, (detail) =>
        detail.replace(/"sha256":"[0-9a-f]{64}"/, `"sha256":"${previous}"`).replace(/"number":\d+/, `"number":${number}`),
      );
    }
    const line = lineOf(item, index + 1, prev);
    prev = line.hash;
    tree.append(leafHash(line.text));
    offset = (item.segment === segment ? offset : 0) + Buffer.byteLength(line.text) + 1;
    segment = item.segment;
    if (!sizes.has(index + 1)) continue;
    const frontier = tree.frontier.map((hash) => hash.toString('hex'));
    waiting.set(index + 1, { head: line.hash, root: tree.root().toString('hex'), frontier, segment, offset });
  }
  rewrite(place, all);
}

function recordsIn(details: string): number {
  return Number(/"records":(\d+)/.exec(details)?.[1]);
}

function signed(checkpoint: Checkpoint, key: string): Buffer {
  const signingTime = new Date(checkpoint.time);
  return Buffer.from(signFile(checkpointContent(checkpoint), [identityIn(key).signer], { digest: 'sha256', scheme: 'auto', signingTime }));
}
