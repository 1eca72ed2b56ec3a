import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { chainName, detailsName, segments } from '../../src/audit/files.js';
import { verifyChain } from '../../src/audit/verify.js';
import { AuditWriter } from '../../src/audit/writer.js';
import { describeWithMounts, mountTiny } from '../disk/mounts.js';
import { makeTemp } from '../kit/temp.js';
import { waitFor } from '../kit/wait-for.js';
import { day, entryAbout, linesOf, noon, openWriter, recordsIn, thingsIn } from './chain.js';

let directory: string;
beforeEach(() => {
  directory = join(makeTemp('audit'), 'audit');
});

describe('the audit writer', () => {
  test('numbers and links its records from the first on; a file begins with a segment record', async () => {
    const writer = await openWriter(directory);
    await writer.append([entryAbout('a'), entryAbout('b')]);
    await writer.close();
    const records = recordsIn(join(directory, `${day}.chain.jsonl`));
    expect(records.map(({ seq, event }) => [seq, event])).toEqual([
      [1, 'segment'],
      [2, 'noted'],
      [3, 'noted'],
    ]);
    expect(records.map(({ prev }) => prev)).toEqual(['0'.repeat(64), records[0]?.hash, records[1]?.hash]);
    expect(thingsIn(directory)).toEqual(['a', 'b']);
  });

  test('has the records in both files when append resolves', async () => {
    const writer = await openWriter(directory);
    await writer.append([entryAbout('a')]);
    expect(linesOf(join(directory, `${day}.chain.jsonl`))).toHaveLength(2);
    expect(readFileSync(join(directory, `${day}.details.jsonl`), 'utf8')).toContain('"about":"a"');
    await writer.close();
  });

  test('keeps the trail from other users', async () => {
    const writer = await openWriter(directory);
    await writer.append([entryAbout('a')]);
    await writer.close();
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(directory)) expect(statSync(join(directory, name)).mode & 0o777, name).toBe(0o640);
  });

  test('writes appends that come together as one group, in their order', async () => {
    let writes = 0;
    const writer = await openWriter(directory, () => {
      writes++;
      return noon;
    });
    writes = 0;
    const names = Array.from({ length: 200 }, (_, n) => String(n));
    await Promise.all(names.map((name) => writer.append([entryAbout(name)])));
    await writer.close();
    expect(thingsIn(directory)).toEqual(names);
    expect(writes).toBe(1);
  });

  test('writes no more than a tear may hold before it makes it durable', async () => {
    let writes = 0;
    const writer = await openWriter(directory, () => {
      writes++;
      return noon;
    });
    writes = 0;
    const large = 'x'.repeat(300_000);
    await writer.append(Array.from({ length: 10 }, () => entryAbout(large)));
    await writer.close();
    expect(thingsIn(directory)).toHaveLength(10);
    expect(writes).toBe(4);
  });

  test('goes on where it stopped', async () => {
    for (const name of ['a', 'b', 'c']) {
      const writer = await openWriter(directory);
      await writer.append([entryAbout(name)]);
      await writer.close();
    }
    expect(thingsIn(directory)).toEqual(['a', 'b', 'c']);
    expect(recordsIn(join(directory, `${day}.chain.jsonl`))).toHaveLength(4);
  });

  test('begins a new file each UTC day, which names the one before and carries its last hash', async () => {
    let now = new Date('2026-11-24T23:59:59.999Z');
    const writer = await openWriter(directory, () => now);
    await writer.append([entryAbout('a')]);
    now = new Date('2026-11-25T00:00:00.000Z');
    await writer.append([entryAbout('b')]);
    await writer.close();
    const [before, after] = [recordsIn(join(directory, '2026-11-24.chain.jsonl')), recordsIn(join(directory, '2026-11-25.chain.jsonl'))];
    expect(after[0]).toMatchObject({ event: 'segment', seq: 3, prev: before[1]?.hash });
    expect(linesOf(join(directory, '2026-11-25.details.jsonl'))[0]).toContain('{"previous":"2026-11-24.chain.jsonl"}');
    expect(thingsIn(directory)).toEqual(['a', 'b']);
  });

  test('stays in the newest file when the clock is set back over midnight, so that file order is chain order', async () => {
    let now = new Date('2026-11-25T00:00:01.000Z');
    const writer = await openWriter(directory, () => now);
    await writer.append([entryAbout('a')]);
    now = new Date('2026-11-24T23:59:00.000Z');
    await writer.append([entryAbout('b')]);
    await writer.close();
    const again = await openWriter(directory, () => now);
    await again.append([entryAbout('c')]);
    await again.close();
    expect(readdirSync(directory).sort()).toEqual(['2026-11-25.chain.jsonl', '2026-11-25.details.jsonl']);
    const records = recordsIn(join(directory, '2026-11-25.chain.jsonl'));
    expect(records.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    const kinds = verifyChain(directory, () => {}).findings.map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(['clock-set-back']));
  });

  test('begins a new segment of the same day when one is full, also after a restart, and closes the old one to everybody', async () => {
    const filled = { directory, now: () => noon, segmentBytes: 6000 };
    for (const about of ['a', 'b']) {
      const writer = await AuditWriter.start(filled);
      for (let n = 0; n < 4; n++) await writer.append([entryAbout(about.repeat(3000))]);
      await writer.close();
    }
    expect(segments(directory)).toEqual([day, ...['0002', '0003', '0004'].map((number) => `${day}.${number}`)]);
    expect(thingsIn(directory)).toHaveLength(8);
    expect(linesOf(join(directory, `${day}.0003.details.jsonl`))[0]).toContain(`{"previous":"${day}.0002.chain.jsonl"}`);
    const modes = segments(directory).map((segment) =>
      [chainName(segment), detailsName(segment)].map((name) => statSync(join(directory, name)).mode & 0o777),
    );
    expect(modes).toEqual([...Array(3).fill([0o440, 0o440]), [0o640, 0o640]]);
  });

  test('ends a segment when told to: nothing is added to it afterwards', async () => {
    const writer = await openWriter(directory);
    await writer.append([entryAbout('a')]);
    const ended = writer.roll();
    const appended = writer.append([entryAbout('b')]);
    await Promise.all([ended, appended]);
    const before = readFileSync(join(directory, `${day}.details.jsonl`), 'utf8');
    await writer.append([entryAbout('c')]);
    expect(readFileSync(join(directory, `${day}.details.jsonl`), 'utf8')).toBe(before);
    expect(recordsIn(join(directory, `${day}.0002.chain.jsonl`)).map(({ event }) => event)).toEqual(['segment', 'noted', 'noted']);
    await writer.roll();
    expect(segments(directory)).toHaveLength(3);
    await writer.close();
    expect(thingsIn(directory)).toEqual(['a', 'b', 'c']);
  });

  test('goes on in a segment that was closed if nothing of the next one was made durable', async () => {
    const writer = await openWriter(directory);
    await writer.append([entryAbout('a')]);
    await writer.roll();
    await writer.close();
    for (const file of ['chain', 'details']) writeFileSync(join(directory, `${day}.0002.${file}.jsonl`), '{"seq":3,"ti');
    expect(statSync(join(directory, `${day}.chain.jsonl`)).mode & 0o777).toBe(0o440);
    const again = await openWriter(directory);
    await again.append([entryAbout('b')]);
    await again.close();
    expect(statSync(join(directory, `${day}.chain.jsonl`)).mode & 0o777).toBe(0o640);
    expect(thingsIn(directory)).toEqual(['a', 'b']);
  });

  test('goes on where a file that is done with cannot be closed to everybody', { skip: !canBeAppendOnly() }, async () => {
    let now = noon;
    const writer = await openWriter(directory, () => now);
    await writer.append([entryAbout('a')]);
    execFileSync('chattr', ['+a', join(directory, chainName(day))]);
    try {
      now = new Date(noon.getTime() + 86_400_000);
      await writer.append([entryAbout('b')]);
      await writer.close();
      const again = await openWriter(directory, () => now);
      await again.append([entryAbout('c')]);
      await again.close();
    } finally {
      execFileSync('chattr', ['-a', join(directory, chainName(day))]);
    }
    expect(thingsIn(directory)).toEqual(['a', 'b', 'c']);
  });

  test('refuses appends after it is closed', async () => {
    const writer = await openWriter(directory);
    await writer.close();
    await expect(writer.append([entryAbout('a')])).rejects.toMatchObject({ code: 'audit-closed' });
  });
});

describeWithMounts('the audit writer on a full disk', () => {
  beforeEach(() => mountTiny(directory, 64));

  test('tells why it waits, and writes the same records when space is freed', async () => {
    const waits: (string | undefined)[] = [];
    const writer = await AuditWriter.start({ directory, now: () => noon, retryMs: 5, onWait: (fault) => waits.push(fault?.code) });
    await writer.append([entryAbout('before')]);
    fill();
    const held = writer.append([entryAbout('x'.repeat(5000))]);
    const next = writer.append([entryAbout('next')]);
    await waitFor('a refused write', () => waits.length > 0);
    expect(waits[0]).toBe('disk-full');
    rmSync(join(directory, 'filler'));
    await Promise.all([held, next]);
    expect(waits.at(-1)).toBeUndefined();
    await writer.close();
    expect(thingsIn(directory)).toEqual(['before', 'x'.repeat(5000), 'next']);
  });

  test('fails an append under --once, leaves nothing of it, and the chain goes on', async () => {
    const writer = await openWriter(directory);
    await writer.append([entryAbout('before')]);
    fill();
    await expect(writer.append([entryAbout('x'.repeat(5000))])).rejects.toMatchObject({ code: 'disk-full', disposition: 'wait' });
    rmSync(join(directory, 'filler'));
    await writer.append([entryAbout('after')]);
    await writer.close();
    expect(thingsIn(directory)).toEqual(['before', 'after']);
  });

  test('can be closed while it waits: the append fails, the chain is whole', async () => {
    let waits = 0;
    const writer = await AuditWriter.start({ directory, now: () => noon, retryMs: 5, onWait: () => waits++ });
    await writer.append([entryAbout('before')]);
    fill();
    const held = writer.append([entryAbout('x'.repeat(5000))]);
    const refused = expect(held).rejects.toMatchObject({ code: 'disk-full' });
    await waitFor('a refused write', () => waits > 0);
    await writer.close();
    await refused;
    rmSync(join(directory, 'filler'));
    expect(thingsIn(directory)).toEqual(['before']);
  });

  test('begins a new day as if nothing had happened once there is space', async () => {
    let now = noon;
    const writer = await openWriter(directory, () => now);
    await writer.append([entryAbout('before')]);
    fill();
    now = new Date('2026-11-25T00:00:00Z');
    await expect(writer.append([entryAbout('x'.repeat(5000))])).rejects.toMatchObject({ code: 'disk-full' });
    rmSync(join(directory, 'filler'));
    await writer.append([entryAbout('after')]);
    await writer.close();
    expect(thingsIn(directory)).toEqual(['before', 'after']);
    expect(recordsIn(join(directory, '2026-11-25.chain.jsonl')).map(({ event }) => event)).toEqual(['segment', 'noted']);
  });

  function fill(): void {
    const { bavail, bsize } = statfsSync(directory);
    writeFileSync(join(directory, 'filler'), Buffer.alloc(bavail * bsize));
  }
});

/** Not every file system knows the attribute, and not every user may set it. */
function canBeAppendOnly(): boolean {
  const probe = join(makeTemp('append-only'), 'probe');
  writeFileSync(probe, '');
  const works = spawnSync('chattr', ['+a', probe]).status === 0;
  spawnSync('chattr', ['-a', probe]);
  return works;
}
