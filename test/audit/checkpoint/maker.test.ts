import { readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpointPath } from '../../../src/audit/checkpoint/files.js';
import { readCheckpoint } from '../../../src/audit/checkpoint/read.js';
import { leafHash, MerkleTree } from '../../../src/audit/merkle.js';
import { newEntry } from '../../../src/audit/record.js';
import { openssl } from '../../kit/openssl-cli.js';
import { makeTemp, removeTemp } from '../../kit/temp.js';
import { chainLinesIn, entryAbout, linesOf, noon } from '../chain.js';
import { checkpointBytes, identityIn, kindsIn, openTrail, reportOn, writeAuditIdentity } from './kit.js';

let directory: string;
let keyFile: string;

beforeEach(() => {
  directory = makeTemp('checkpoints');
  keyFile = writeAuditIdentity(join(directory, 'keys'));
});
afterEach(() => removeTemp(directory));

const audit = () => join(directory, 'audit');

function sound(number: number) {
  const file = readCheckpoint(checkpointBytes(audit(), number));
  if ('fault' in file) throw new Error(file.fault);
  return file;
}

describe('a checkpoint', () => {
  it('says how many records there are, the last one and the Merkle root over all lines', async () => {
    const trail = await openTrail(audit(), identityIn(keyFile));
    for (let n = 1; n <= 7; n++) await trail.writer.append([entryAbout(`thing ${n}`)]);
    await trail.maker.make();
    await trail.close();
    const lines = chainLinesIn(audit()).slice(0, 8);
    const tree = new MerkleTree();
    for (const line of lines) tree.append(leafHash(line));
    const { checkpoint } = sound(1);
    expect(checkpoint).toMatchObject({ number: 1, time: noon.toISOString(), records: 8, previous: '0'.repeat(64), segment: '2026-11-24' });
    expect(checkpoint.head).toBe((JSON.parse(lines[7] ?? '') as { hash: string }).hash);
    expect(checkpoint.root).toBe(tree.root().toString('hex'));
    expect(checkpoint.offset).toBe(Buffer.byteLength(`${lines.join('\n')}\n`));
    expect(statSync(checkpointPath(audit(), 1)).mode & 0o777).toBe(0o440);
  });

  it.each(['p-256', 'rsa-3072'] as const)('is verified by openssl alone, with a key %s', async (key) => {
    const file = writeAuditIdentity(join(directory, 'keys'), key, { key });
    const trail = await openTrail(audit(), identityIn(file));
    await trail.writer.append([entryAbout('thing')]);
    await trail.maker.make();
    await trail.close();
    const certificate = file.replace(/pem$/, 'crt');
    const path = checkpointPath(audit(), 1);
    const content = openssl(['cms', '-verify', '-inform', 'DER', '-in', path, '-CAfile', certificate, '-purpose', 'any', '-binary']);
    expect(JSON.parse(content.toString())).toMatchObject({ version: 1, ...sound(1).checkpoint });
  });

  it('is followed by a record that names it, and covers the record of the one before', async () => {
    const trail = await openTrail(audit(), identityIn(keyFile));
    await trail.writer.append([entryAbout('thing')]);
    const first = await trail.maker.make();
    const second = await trail.maker.make();
    await trail.close();
    expect([first.records, second.records]).toEqual([2, 3]);
    expect(sound(2).checkpoint.previous).toBe(first.sha256);
    const report = reportOn(audit(), identityIn(keyFile));
    expect(report.findings).toEqual([]);
    expect(report.checkpoints).toMatchObject({ sound: 2, last: { number: 2, records: 3 } });
    expect(report.records).toBe(4);
  });

  it('is made one after the other, however many ask at the same time', async () => {
    const trail = await openTrail(audit(), identityIn(keyFile));
    await trail.writer.append([entryAbout('thing')]);
    const made = await Promise.all([trail.maker.make(), trail.maker.make(), trail.maker.make()]);
    await trail.close();
    expect(made.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(kindsIn(reportOn(audit(), identityIn(keyFile)))).toEqual([]);
  });
});

describe('at the start', () => {
  it('goes on from the last checkpoint and the lines since, across segments, to the same root as over the whole chain', async () => {
    const first = await openTrail(audit(), identityIn(keyFile));
    for (let n = 1; n <= 5; n++) await first.writer.append([entryAbout(`thing ${n}`)]);
    await first.maker.make();
    await first.writer.append([entryAbout('not covered')]);
    await first.writer.roll();
    await first.close();
    const second = await openTrail(audit(), identityIn(keyFile));
    await second.writer.append([entryAbout('after the restart')]);
    await second.maker.make();
    await second.close();
    const report = reportOn(audit(), identityIn(keyFile));
    expect(report.findings).toEqual([]);
    expect(report.checkpoints).toMatchObject({ sound: 2, last: { number: 2, records: 10 } });
  });

  it('reads the whole chain once where there was no checkpoint yet', async () => {
    const { AuditWriter } = await import('../../../src/audit/writer.js');
    const writer = await AuditWriter.start({ directory: audit(), now: () => noon });
    for (let n = 1; n <= 20; n++) await writer.append([entryAbout(`thing ${n}`)]);
    await writer.close();
    const trail = await openTrail(audit(), identityIn(keyFile));
    expect(trail.maker.uncovered).toBe(21);
    await trail.maker.make();
    await trail.close();
    expect(reportOn(audit(), identityIn(keyFile)).checkpoints).toMatchObject({ sound: 1, findings: [] });
  });

  it('writes the record that a crash kept from being written, before the next checkpoint', async () => {
    const trail = await openTrail(audit(), identityIn(keyFile));
    await trail.writer.append([entryAbout('thing')]);
    await trail.close();
    // The chain refuses the record: what is on disk is what a kill between file and record leaves.
    await expect(trail.maker.make()).rejects.toThrow();
    expect(readdirSync(join(audit(), 'checkpoints'))).toEqual(['00000001.p7s']);
    expect(kindsIn(reportOn(audit(), identityIn(keyFile)))).toEqual([]);

    const again = await openTrail(audit(), identityIn(keyFile));
    await again.maker.make();
    await again.close();
    const events = chainLinesIn(audit()).map((line) => (JSON.parse(line) as { event: string }).event);
    expect(events).toEqual(['segment', 'noted', 'checkpoint', 'checkpoint']);
    const report = reportOn(audit(), identityIn(keyFile));
    expect(report.findings).toEqual([]);
    expect(report.checkpoints?.sound).toBe(2);
  });

  it('does not write that record twice', async () => {
    const trail = await openTrail(audit(), identityIn(keyFile));
    await trail.writer.append([entryAbout('thing')]);
    await trail.maker.make();
    await trail.close();
    const again = await openTrail(audit(), identityIn(keyFile));
    await again.maker.make();
    await again.close();
    expect(reportOn(audit(), identityIn(keyFile)).findings).toEqual([]);
    const events = chainLinesIn(audit()).map((line) => (JSON.parse(line) as { event: string }).event);
    expect(events).toEqual(['segment', 'noted', 'checkpoint', 'checkpoint']);
  });

  it('replaces what a crash left of a file under way', async () => {
    const trail = await openTrail(audit(), identityIn(keyFile));
    await trail.writer.append([entryAbout('thing')]);
    writeFileSync(join(audit(), 'checkpoints', '.00000001.p7s.tmp'), 'half of');
    await trail.maker.make();
    await trail.close();
    expect(readdirSync(join(audit(), 'checkpoints'))).toEqual(['00000001.p7s']);
    expect(reportOn(audit(), identityIn(keyFile)).findings).toEqual([]);
  });

  it('refuses to go on where the chain has lost what a checkpoint covers', async () => {
    const trail = await openTrail(audit(), identityIn(keyFile));
    for (let n = 1; n <= 5; n++) await trail.writer.append([entryAbout(`thing ${n}`)]);
    await trail.maker.make();
    await trail.close();
    const lines = chainLinesIn(audit());
    const kept = Buffer.byteLength(`${lines.slice(0, 4).join('\n')}\n`);
    truncateSync(join(audit(), '2026-11-24.chain.jsonl'), kept);
    await expect(openTrail(audit(), identityIn(keyFile))).rejects.toMatchObject({ code: 'audit-behind-checkpoint', disposition: 'fatal' });
  });

  it('does not sign a chain that has lost records in an earlier segment', async () => {
    const { AuditWriter } = await import('../../../src/audit/writer.js');
    const writer = await AuditWriter.start({ directory: audit(), now: () => noon });
    for (let n = 1; n <= 5; n++) await writer.append([entryAbout(`thing ${n}`)]);
    await writer.roll();
    await writer.close();
    const path = join(audit(), '2026-11-24.chain.jsonl');
    const lines = linesOf(path);
    rmSync(path);
    writeFileSync(path, `${lines.toSpliced(2, 1).join('\n')}\n`);
    await expect(openTrail(audit(), identityIn(keyFile))).rejects.toMatchObject({ code: 'audit-chain-broken', disposition: 'fatal' });
  });

  it('goes on with the next number where the checkpoints were taken away, and says so', async () => {
    const trail = await openTrail(audit(), identityIn(keyFile));
    await trail.writer.append([entryAbout('thing')]);
    await trail.maker.make();
    await trail.maker.make();
    await trail.close();
    rmSync(join(audit(), 'checkpoints'), { recursive: true });
    const again = await openTrail(audit(), identityIn(keyFile));
    expect(again.maker.fault).toMatch(/records 2 checkpoints, and none is there/);
    expect((await again.maker.make()).number).toBe(3);
    await again.close();
    expect(kindsIn(reportOn(audit(), identityIn(keyFile)))).toContain('checkpoint-missing checkpoints/00000001.p7s');
  });

  it('does not go on from a checkpoint that somebody else signed', async () => {
    const trail = await openTrail(audit(), identityIn(keyFile));
    await trail.writer.append([entryAbout('thing')]);
    await trail.maker.make();
    await trail.close();
    const other = identityIn(writeAuditIdentity(join(directory, 'keys'), 'other'));
    const again = await openTrail(audit(), other);
    expect(again.maker.fault).toMatch(/whose certificate is not one that was given/);
    await again.maker.make();
    await again.close();
    expect(kindsIn(reportOn(audit(), other))).toEqual(['checkpoint-untrusted checkpoints/00000001.p7s']);
  });

  it('keeps no more in memory than the hashes of the perfect subtrees', async () => {
    const trail = await openTrail(audit(), identityIn(keyFile));
    await trail.writer.append(Array.from({ length: 1022 }, (_, n) => newEntry('noted', {}, { n })));
    await trail.maker.make();
    await trail.close();
    expect(sound(1).checkpoint.records).toBe(1023);
    expect(sound(1).checkpoint.frontier).toHaveLength(10);
  });
});
