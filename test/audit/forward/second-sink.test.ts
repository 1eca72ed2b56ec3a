import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { verifyChain } from '../../../src/audit/verify.js';
import type { AuditWriter } from '../../../src/audit/writer.js';
import { makeTemp, removeTemp } from '../../kit/temp.js';
import { waitFor } from '../../kit/wait-for.js';
import { day, thingsIn } from '../chain.js';
import { add, type RunningForwarder, startForwarder, startWriter } from './kit.js';

let directory: string;
let audit: string;
let second: string;
let writer: AuditWriter;
let running: RunningForwarder | undefined;

beforeEach(async () => {
  directory = makeTemp('forward-second');
  audit = join(directory, 'audit');
  second = join(directory, 'second');
  mkdirSync(second);
  writer = await startWriter(directory);
});
afterEach(async () => {
  await running?.forwarder.stop(2000);
  await writer.close();
  removeTemp(directory);
});

const start = () => {
  running = startForwarder(directory, writer, [{ kind: 'second', name: 'second', directory: second }]);
  return running;
};
const stop = async () => {
  await running?.forwarder.stop(2000);
  running = undefined;
};
const fault = () => running?.positions().get('second')?.fault?.code;
const chain = (root: string) => join(root, `${day}.chain.jsonl`);
const details = (root: string) => join(root, `${day}.details.jsonl`);
const same = (path: (root: string) => string) => expect(readFileSync(path(second), 'utf8')).toBe(readFileSync(path(audit), 'utf8'));

describe('a second location of the audit trail', () => {
  test('has chain and details octet for octet, and verifies by itself', async () => {
    await add(writer, 1, 100);
    const now = start();
    await add(writer, 101, 200, now);
    await now.holds('second', 201);
    same(chain);
    same(details);
    expect(thingsIn(second)).toHaveLength(200);
  });

  test.each([
    ['chain', chain],
    ['details', details],
  ])('of which a crash broke the %s off within a line is gone on with there', async (_, path) => {
    await add(writer, 1, 30);
    await start().holds('second', 31);
    await stop();
    truncateSync(path(second), readFileSync(path(second)).length - 50);
    // As if killed before the note was made: it says less.
    rmSync(join(directory, 'forward.json'));
    await add(writer, 31, 40);
    await start().holds('second', 41);
    same(chain);
    same(details);
  });

  test('does not count what a kill has left there unsynced before it is synced', async () => {
    await add(writer, 1, 10);
    for (const path of [chain, details]) copyFileSync(path(audit), path(second));
    const synced = vi.spyOn(await handlePrototype(), 'datasync');
    try {
      await start().holds('second', 11);
      expect(synced).toHaveBeenCalledTimes(2);
    } finally {
      synced.mockRestore();
    }
  });

  test.each([
    ['details', details, 1],
    ['chain', chain, 2],
  ])('writes anew what a failed sync of the %s may not have put on the disk', async (_, path, call) => {
    await add(writer, 1, 10);
    const prototype = await handlePrototype();
    const { datasync } = prototype;
    let calls = 0;
    const synced = vi.spyOn(prototype, 'datasync').mockImplementation(async function (this: FileHandle) {
      calls++;
      if (calls === call) throw Object.assign(new Error('EIO'), { code: 'EIO' });
      await datasync.call(this);
    });
    const written = vi.spyOn(prototype, 'truncate');
    try {
      await start().holds('second', 11);
      expect(written).toHaveBeenCalledExactlyOnceWith(0);
    } finally {
      synced.mockRestore();
      written.mockRestore();
    }
    expect(readFileSync(path(second)).length).toBeGreaterThan(0);
    same(chain);
    same(details);
  });

  test('is never changed where it is not what is here', async () => {
    await add(writer, 1, 10);
    await start().holds('second', 11);
    await stop();
    rmSync(join(directory, 'forward.json'));
    const text = readFileSync(chain(second), 'utf8');
    writeFileSync(chain(second), text.replace('"event":"noted"', '"event":"other"'));
    const before = readFileSync(chain(second), 'utf8');
    await add(writer, 11, 12);
    start();
    await waitFor('the fault to be told', () => fault() === 'audit-second-differs');
    expect(readFileSync(chain(second), 'utf8')).toBe(before);
  });

  test('that lacks what it had is not filled up', async () => {
    await add(writer, 1, 10);
    await start().holds('second', 11);
    await stop();
    truncateSync(chain(second), 100);
    await add(writer, 11, 12);
    start();
    await waitFor('the fault to be told', () => fault() === 'audit-second-differs');
    expect(readFileSync(chain(second)).length).toBe(100);
  });

  test('goes on when details were erased here, in a file that is shorter', async () => {
    await add(writer, 1, 10);
    const now = start();
    await now.holds('second', 11);
    const before = readFileSync(details(second), 'utf8');
    await writer.close();
    const erased = readFileSync(details(audit), 'utf8').replace(/\{"seq":(5|6|7),"salt".*\}/g, '{"seq":$1,"erased":true}');
    writeFileSync(`${details(audit)}.new`, erased);
    renameSync(`${details(audit)}.new`, details(audit));
    writer = await startWriter(directory);
    await add(writer, 11, 20, now);
    await now.holds('second', 21);
    const after = readFileSync(details(second), 'utf8');
    expect(after.startsWith(before)).toBe(true);
    expect(after.split('\n')).toHaveLength(22);
    expect(verifyChain(second, () => {})).toMatchObject({ records: 21, erasedDetails: 0, findings: [] });
    expect(verifyChain(audit, () => {})).toMatchObject({ records: 21, erasedDetails: 3, findings: [] });
  });

  test('goes on when the details there were replaced by an erasure', async () => {
    await add(writer, 1, 10);
    const now = start();
    await now.holds('second', 11);
    const erased = readFileSync(details(second), 'utf8').replace(/\{"seq":(11),"salt".*\}/g, '{"seq":$1,"erased":true}');
    writeFileSync(`${details(second)}.new`, erased);
    renameSync(`${details(second)}.new`, details(second));
    await add(writer, 11, 20, now);
    await now.holds('second', 21);
    expect(verifyChain(second, () => {})).toMatchObject({ records: 21, erasedDetails: 1, findings: [] });
  });

  test('whose mount is away gets nothing into the directory beneath', async () => {
    await add(writer, 1, 10);
    const now = start();
    await now.holds('second', 11);
    renameSync(second, `${second}.away`);
    mkdirSync(second);
    await add(writer, 11, 20, now);
    await waitFor('the fault to be told', () => fault() === 'audit-second-missing');
    expect(readdirSync(second)).toEqual([]);
    rmSync(second, { recursive: true });
    renameSync(`${second}.away`, second);
    await now.holds('second', 21);
    same(chain);
    same(details);
  });

  test('gets checkpoints too, whole, and keeps those that it has', async () => {
    mkdirSync(join(audit, 'checkpoints'));
    writeFileSync(join(audit, 'checkpoints', '1.p7s'), 'one');
    await add(writer, 1, 3);
    await start().holds('second', 4);
    await stop();
    expect(readFileSync(join(second, 'checkpoints', '1.p7s'), 'utf8')).toBe('one');
    appendFileSync(join(audit, 'checkpoints', '1.p7s'), ' changed');
    writeFileSync(join(audit, 'checkpoints', '2.p7s'), 'two');
    await add(writer, 4, 4);
    await start().holds('second', 5);
    expect(readdirSync(join(second, 'checkpoints')).sort()).toEqual(['1.p7s', '2.p7s']);
    expect(readFileSync(join(second, 'checkpoints', '1.p7s'), 'utf8')).toBe('one');
  });
});

/** Where the methods of all file handles are. */
async function handlePrototype(): Promise<FileHandle> {
  const file = await open('/dev/null', 'r');
  await file.close();
  return Object.getPrototypeOf(file) as FileHandle;
}
