import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditIdentity } from '../../../src/audit/checkpoint/identity.js';
import { checkProof, type ProofChecks } from '../../../src/audit/proof/check.js';
import { type Proof, parseProof, proofText } from '../../../src/audit/proof/format.js';
import { proveMessage, proveRecord } from '../../../src/audit/proof/prove.js';
import { newEntry } from '../../../src/audit/record.js';
import { newMessageId } from '../../../src/message-id.js';
import { makeTemp, removeTemp } from '../../kit/temp.js';
import { chainLinesIn, entryAbout, noon } from '../chain.js';
import { identityIn, openTrail, type Trail, writeAuditIdentity } from '../checkpoint/kit.js';

const original = Buffer.from('the mail as it was submitted');
const sha256 = createHash('sha256').update(original).digest('hex');

let directory: string;
let audit: string;
let identity: AuditIdentity;
let trail: Trail;
let id: string;

beforeEach(async () => {
  directory = makeTemp('proof');
  audit = join(directory, 'audit');
  identity = identityIn(writeAuditIdentity(join(directory, 'keys')));
  trail = await openTrail(audit, identity);
  id = newMessageId(noon.getTime());
});
afterEach(async () => {
  await trail.close();
  removeTemp(directory);
});

/** Records about other things around two of the message, each under a checkpoint of its own. */
async function writeMessage(): Promise<void> {
  for (let n = 1; n <= 5; n++) await trail.writer.append([entryAbout(`before ${n}`)]);
  await trail.maker.make();
  for (let n = 1; n <= 3; n++) await trail.writer.append([entryAbout(`between ${n}`)]);
  await trail.writer.append([newEntry('accepted', { id }, { file: 'a.eml', sha256 })]);
  await trail.writer.append([entryAbout('another')]);
  await trail.maker.make();
  await trail.writer.roll();
  await trail.writer.append([newEntry('committed', { id, outcome: 'handed-to-mta' }, { copies: [] })]);
  for (let n = 1; n <= 4; n++) await trail.writer.append([entryAbout(`after ${n}`)]);
  await trail.maker.make();
}

const believed = (): ProofChecks => ({ trust: { certificates: identity.certificates, anchors: [] }, timestampAnchors: [] });
const sent = (proof: Proof): Proof => {
  const parsed = parseProof(Buffer.from(proofText(proof)));
  if ('fault' in parsed) throw new Error(parsed.fault);
  return parsed;
};

describe('a proof', () => {
  it('shows the records of a message, each under the checkpoint that covers it first, and checks', async () => {
    await writeMessage();
    const proof = sent(proveMessage(audit, id));
    expect(proof.records.map(({ checkpoint }) => checkpoint)).toEqual([2, 3]);
    const report = checkProof(proof, { ...believed(), original: sha256 });
    expect(report.faults).toEqual([]);
    expect(report.records).toMatchObject([
      { event: 'accepted', id, checkpoint: 2, detail: { file: 'a.eml', sha256 } },
      { event: 'committed', outcome: 'handed-to-mta', checkpoint: 3 },
    ]);
    expect(report.checkpoints).toMatchObject([
      { number: 2, signer: 'CN=audit of a test' },
      { number: 3, time: noon.toISOString() },
    ]);
  });

  it('holds nothing of any other record', async () => {
    await writeMessage();
    const text = proofText(proveMessage(audit, id));
    const others = chainLinesIn(audit).filter((line) => !line.includes(id));
    for (const line of others) expect(text).not.toContain((JSON.parse(line) as { detail: string }).detail);
  });

  it('can be made of every single record', async () => {
    await writeMessage();
    const lines = chainLinesIn(audit);
    // The record of the last checkpoint is under none yet.
    for (let seq = 1; seq < lines.length; seq++) {
      const proof = sent(proveRecord(audit, seq));
      expect(proof.records[0]?.line).toBe(lines[seq - 1]);
      expect(checkProof(proof, believed()).faults).toEqual([]);
    }
    expect(() => proveRecord(audit, lines.length)).toThrow(expect.objectContaining({ code: 'not-covered-yet', disposition: 'retry' }));
    expect(() => proveRecord(audit, lines.length + 1)).toThrow(expect.objectContaining({ code: 'no-such-record' }));
  });

  it('reads no line before the checkpoint before', async () => {
    await writeMessage();
    const [first] = chainLinesIn(audit);
    const path = join(audit, '2026-11-24.chain.jsonl');
    // Destroyed at the same length: whoever reads it would not come to the root.
    writeFileSync(path, readFileSync(path, 'utf8').replace(first ?? '', 'x'.repeat((first ?? '').length)));
    expect(checkProof(sent(proveRecord(audit, 9)), believed()).faults).toEqual([]);
    expect(() => proveRecord(audit, 3)).toThrow(expect.objectContaining({ code: 'proof-impossible' }));
  });

  it('without details tells no personal data, and still proves the record', async () => {
    await writeMessage();
    const proof = sent(proveMessage(audit, id, { withoutDetails: true }));
    expect(proofText(proof)).not.toContain('a.eml');
    const report = checkProof(proof, believed());
    expect(report.faults).toEqual([]);
    expect(report.records.map(({ detail }) => detail)).toEqual([undefined, undefined]);
    expect(checkProof(proof, { ...believed(), original: sha256 }).faults).toEqual([
      'the original: the proof leaves out the details that tell its hash',
    ]);
  });

  it('of another original, or believed by nobody, proves nothing', async () => {
    await writeMessage();
    const proof = sent(proveMessage(audit, id));
    expect(checkProof(proof, { ...believed(), original: '0'.repeat(64) }).faults).toEqual([
      'the original: it is not the file that was accepted',
    ]);
    const nobody = checkProof(proof, { trust: { certificates: [], anchors: [] }, timestampAnchors: [] });
    expect(nobody.faults).toHaveLength(2);
    const stranger = identityIn(writeAuditIdentity(join(directory, 'keys'), 'stranger'));
    expect(checkProof(proof, { ...believed(), trust: { certificates: stranger.certificates, anchors: [] } }).faults).toHaveLength(2);
  });
});
