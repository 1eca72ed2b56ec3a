import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newEntry } from '../../../src/audit/record.js';
import type { AuditWriter } from '../../../src/audit/writer.js';
import { makeTemp, removeTemp } from '../../kit/temp.js';
import { waitFor } from '../../kit/wait-for.js';
import { day, entryAbout, recordsIn } from '../chain.js';
import { add, linesIn, type RunningForwarder, seqsIn, startForwarder, startWriter, upTo } from './kit.js';

let directory: string;
let elsewhere: string;
let path: string;
let writer: AuditWriter;
let running: RunningForwarder | undefined;

beforeEach(async () => {
  directory = makeTemp('forward-file');
  elsewhere = join(directory, 'elsewhere');
  path = join(elsewhere, 'trail.jsonl');
  mkdirSync(elsewhere);
  writer = await startWriter(directory);
});
afterEach(async () => {
  await running?.forwarder.stop(2000);
  await writer.close();
  removeTemp(directory);
});

const start = (more = {}) => {
  running = startForwarder(directory, writer, [{ kind: 'file', name: 'file', path }], more);
  return running;
};
const stop = async () => {
  await running?.forwarder.stop(2000);
  running = undefined;
};
const fault = () => running?.positions().get('file')?.fault?.code;

describe('a file elsewhere', () => {
  test('has the whole of a long trail when the forwarder is told to stop as it starts', async () => {
    await writer.append(Array.from({ length: 5000 }, (_, n) => entryAbout(`thing ${n}`)));
    start();
    await running?.forwarder.stop(10_000);
    expect(seqsIn(readFileSync(path, 'utf8'))).toEqual(upTo(5001));
  });

  test('gets the lines of the chain octet for octet, also those from before it was named', async () => {
    await add(writer, 1, 50);
    const now = start();
    await add(writer, 51, 100, now);
    await now.holds('file', 101);
    expect(readFileSync(path)).toEqual(readFileSync(join(directory, 'audit', `${day}.chain.jsonl`)));
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  test('gets them over several segments, and goes on where it was after a restart', async () => {
    await add(writer, 1, 10);
    let now = start();
    await now.holds('file', 11);
    await stop();
    await writer.close();
    writer = await startWriter(directory, () => new Date('2026-11-25T01:00:00Z'));
    await add(writer, 11, 20);
    now = start();
    await now.holds('file', 22);
    expect(seqsIn(readFileSync(path, 'utf8'))).toEqual(upTo(22));
  });

  test('gets the details only when it is to, with what proves them', async () => {
    await writer.append([newEntry('noted', {}, { to: 'bob@example.net' })]);
    await start().holds('file', 2);
    await stop();
    expect(readFileSync(path, 'utf8')).not.toContain('bob');
    rmSync(join(directory, 'forward.json'));
    await start({ personal: true }).holds('file', 2);
    const last = JSON.parse(linesIn(path).at(-1) ?? '') as Record<string, unknown>;
    expect(last).toMatchObject({ seq: 2, hash: expect.any(String), salt: expect.any(String), personal: { to: 'bob@example.net' } });
  });

  test('in which a crash broke a line off has the record once more, on a line of its own', async () => {
    await add(writer, 1, 3);
    await start().holds('file', 4);
    await stop();
    appendFileSync(path, '{"seq":5,"ti');
    await add(writer, 4, 4);
    await start().holds('file', 5);
    expect(linesIn(path).slice(-2)).toEqual(['{"seq":5,"ti', expect.stringMatching(/^\{"seq":5,"time".*\}$/)]);
  });

  test('that is gone is not made again where its mount may be missing, and goes on when it is back', async () => {
    await add(writer, 1, 3);
    const now = start();
    await now.holds('file', 4);
    renameSync(path, `${path}.away`);
    await add(writer, 4, 6, now);
    await waitFor('the fault to be told', () => fault() === 'forward-file-missing' || fault() === 'directory-missing');
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
    renameSync(`${path}.away`, path);
    await now.holds('file', 7);
    expect(seqsIn(readFileSync(path, 'utf8'))).toEqual(upTo(7));
    expect(fault()).toBeUndefined();
  });

  test('is not followed through a symbolic link, nor is a directory written to', async () => {
    await add(writer, 1, 3);
    mkdirSync(path);
    start();
    await waitFor('the fault to be told', () => fault() !== undefined);
    rmSync(path, { recursive: true });
    symlinkSync(join(directory, 'target'), path);
    await waitFor('the link to be refused', () => running?.positions().get('file')?.fault?.message.includes('ELOOP'));
    rmSync(path);
    await running?.holds('file', 4);
    expect(existsSync(join(directory, 'target'))).toBe(false);
  });
});

test('a trail that was cut back is noticed, and sent again from its beginning', async () => {
  await add(writer, 1, 20);
  await start().holds('file', 21);
  await stop();
  await writer.close();
  const chain = join(directory, 'audit', `${day}.chain.jsonl`);
  const details = join(directory, 'audit', `${day}.details.jsonl`);
  for (const file of [chain, details]) writeFileSync(file, `${readFileSync(file, 'utf8').split('\n').slice(0, 10).join('\n')}\n`);
  writer = await startWriter(directory);
  await add(writer, 90, 91);
  const now = start();
  await now.holds('file', 12);
  expect(now.positions().get('file')?.differsSince).toBeDefined();
  const hashes = new Set(
    linesIn(path)
      .map((line) => JSON.parse(line) as { seq: number; hash: string })
      .filter(({ seq }) => seq === 11)
      .map(({ hash }) => hash),
  );
  expect(hashes).toContain(recordsIn(chain)[10]?.hash);
  expect(hashes.size).toBe(2);
});
