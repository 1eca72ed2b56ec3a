import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditIdentity } from '../../../src/audit/checkpoint/identity.js';
import { checkProof, type ProofChecks } from '../../../src/audit/proof/check.js';
import { type Proof, parseProof, proofText } from '../../../src/audit/proof/format.js';
import { proveMessage, proveRecord } from '../../../src/audit/proof/prove.js';
import { chainLine, commitmentTo, newEntry } from '../../../src/audit/record.js';
import { newMessageId } from '../../../src/message-id.js';
import { makeTemp, removeTemp } from '../../kit/temp.js';
import { entryAbout, noon } from '../chain.js';
import { identityIn, openTrail, writeAuditIdentity } from '../checkpoint/kit.js';

let directory: string;
let identity: AuditIdentity;
let proof: Proof;
let other: Proof;
let forged: Proof;
const id = newMessageId(noon.getTime());

beforeAll(async () => {
  directory = makeTemp('hostile-proof');
  identity = identityIn(writeAuditIdentity(join(directory, 'keys')));
  const trail = await openTrail(join(directory, 'audit'), identity);
  for (let n = 1; n <= 6; n++) await trail.writer.append([entryAbout(`thing ${n}`)]);
  await trail.writer.append([newEntry('accepted', { id }, { sha256: 'a'.repeat(64) })]);
  await trail.maker.make();
  await trail.close();
  proof = proveMessage(join(directory, 'audit'), id);
  other = proveRecord(join(directory, 'audit'), 3);
  // A trail that a forger made himself, whole and with a certificate of the same name.
  const forger = identityIn(writeAuditIdentity(join(directory, 'forger')));
  const forgery = await openTrail(join(directory, 'forgery'), forger);
  await forgery.writer.append([newEntry('accepted', { id }, { sha256: 'b'.repeat(64) })]);
  await forgery.maker.make();
  await forgery.close();
  forged = proveMessage(join(directory, 'forgery'), id);
});
afterAll(() => removeTemp(directory));

const checks = (): ProofChecks => ({ trust: { certificates: identity.certificates, anchors: [] }, timestampAnchors: [] });
const faultsOf = (changed: Proof) => checkProof(changed, checks()).faults;

describe('a hostile proof', () => {
  it('is sound before it is changed', () => {
    expect(faultsOf(proof)).toEqual([]);
  });

  it('with a line that was rewritten, own hash and all, is found', () => {
    const record = proof.records[0];
    const facts = JSON.parse(record?.line ?? '') as { seq: number; prev: string };
    const entry = newEntry('accepted', { id }, { sha256: 'b'.repeat(64) });
    const { line } = chainLine(entry, { seq: facts.seq, time: noon, prev: facts.prev });
    const details = `{"seq":${facts.seq},"salt":"${entry.salt}","detail":${entry.detail}}`;
    expect(faultsOf({ ...proof, records: [{ ...record, line, details } as Proof['records'][0]] })).toEqual([
      expect.stringMatching(/not under the root/),
    ]);
  });

  it('with other details than were committed to is found', () => {
    const [record] = proof.records;
    const salt = '0'.repeat(32);
    const text = `{"sha256":"${'b'.repeat(64)}"}`;
    expect(commitmentTo(text, salt)).toHaveLength(64);
    const seq = (JSON.parse(record?.line ?? '') as { seq: number }).seq;
    const details = `{"seq":${seq},"salt":"${salt}","detail":${text}}`;
    expect(faultsOf({ ...proof, records: [{ ...record, details } as Proof['records'][0]] })).toEqual([
      expect.stringMatching(/details are not/),
    ]);
  });

  it('that shows another message under this id is found', () => {
    expect(faultsOf({ ...other, id })).toEqual([expect.stringMatching(/is not about/)]);
  });

  it('that mixes a record with the path of another one is found', () => {
    const records = proof.records.map((record) => ({ ...record, path: other.records[0]?.path ?? [] }));
    expect(faultsOf({ ...proof, records })).toEqual([expect.stringMatching(/not under the root/)]);
  });

  it('from a trail made by somebody with a certificate of the same name is found', () => {
    expect(faultsOf(forged)).toEqual([expect.stringMatching(/whose certificate is not one that was given/)]);
    // Nor with the genuine certificate put beside the forged checkpoint.
    const genuine = proof.checkpoints[0]?.certificate ?? '';
    expect(faultsOf({ ...forged, checkpoints: forged.checkpoints.map((each) => ({ ...each, certificate: genuine })) }).join('\n')).toMatch(
      /certificate beside it/,
    );
  });

  it('that names a checkpoint it does not hold, or gives it another number, is found', () => {
    expect(faultsOf({ ...proof, checkpoints: [] })).toEqual([expect.stringMatching(/not among them/)]);
    const renumbered = proof.checkpoints.map((each) => ({ ...each, number: 7 }));
    expect(faultsOf({ ...proof, checkpoints: renumbered })).toEqual([
      'checkpoint 7: it is number 1',
      expect.stringMatching(/not among them/),
    ]);
  });

  it('with a checkpoint twice, the good one and a forged one, is found whichever comes first', () => {
    const both = [...proof.checkpoints, ...forged.checkpoints];
    expect(faultsOf({ ...proof, checkpoints: both })).not.toEqual([]);
    expect(faultsOf({ ...proof, checkpoints: both.toReversed() })).not.toEqual([]);
  });

  it('with any bit of its checkpoint changed is found, or says what it said before', () => {
    const cms = Buffer.from(proof.checkpoints[0]?.cms ?? '', 'base64');
    let unnoticed = 400;
    fc.assert(
      fc.property(fc.nat(cms.length * 8 - 1), (bit) => {
        const changed = Buffer.from(cms);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const checkpoints = proof.checkpoints.map((each) => ({ ...each, cms: changed.toString('base64') }));
        // A few octets of CMS are under no signature (versions, the list of digests): they say nothing.
        const report = checkProof({ ...proof, checkpoints }, checks());
        if (report.faults.length === 0) expect(report).toEqual(checkProof(proof, checks()));
        else unnoticed--;
      }),
      { numRuns: 400 },
    );
    expect(unnoticed).toBeLessThan(60);
  });

  it('of any other form is refused in words, never thrown at', () => {
    const text = proofText(proof);
    const forms = [
      '',
      'null',
      '[]',
      '{}',
      text.replace('sealdrop-proof', 'other'),
      text.replace('"version": 1', '"version": 2'),
      text.replace(/"path": \[[^\]]*\]/, '"path": ["zz"]'),
      text.replace(
        /"path": \[[^\]]*\]/,
        `"path": [${Array(65)
          .fill(`"${'0'.repeat(64)}"`)
          .join()}]`,
      ),
      text.replace(/"records": \[[\s\S]*\]/, '"records": []'),
      text.replace(/"cms": "/, '"cms": "*'),
      text.replace(/"checkpoint": 1/, '"checkpoint": 1e99'),
    ];
    for (const form of forms) {
      expect(form === '' || form !== text).toBe(true);
      expect(parseProof(Buffer.from(form))).toHaveProperty('fault');
    }
  });

  it('made of anything never throws, and is never proven', () => {
    const text = fc.oneof(fc.string(), fc.constantFrom(proof.records[0]?.line ?? '', '{"seq":1e300,"hash":"0"}', '{"seq":-1}'));
    const record = fc.record({
      line: text,
      details: text,
      checkpoint: fc.integer(),
      path: fc.array(fc.constant('0'.repeat(64)), { maxLength: 64 }),
    });
    const checkpoint = fc.record({
      number: fc.constantFrom(1, 2),
      cms: fc.base64String(),
      certificate: fc.string(),
      timestamp: fc.base64String(),
    });
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 3 }), fc.array(checkpoint, { maxLength: 2 }), (records, checkpoints) => {
        expect(faultsOf({ records, checkpoints })).not.toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
