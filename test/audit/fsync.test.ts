import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { eraseDetails } from '../../src/audit/erase.js';
import { chainName, detailsName, segments } from '../../src/audit/files.js';
import { disk } from '../disk/noted-fsync.js';
import { makeTemp } from '../kit/temp.js';
import { day, entryAbout, noon, openWriter, thingsIn } from './chain.js';

vi.mock('node:fs', async (original) => (await import('../disk/noted-fsync.js')).withNotedFsync(await original()));

let directory: string;
beforeEach(() => {
  directory = join(makeTemp('audit-fsync'), 'audit');
  disk.synced.length = 0;
  disk.refused = undefined;
});
const chain = () => join(directory, chainName(day));
const details = () => join(directory, detailsName(day));

describe('the audit writer, when an fsync fails', () => {
  test('writes nothing more, also of what came meanwhile, and does not ask the same descriptor again', async () => {
    const writer = await openWriter(directory);
    await writer.append([entryAbout('before')]);
    disk.refused = chain();
    const refused = expect(writer.append([entryAbout('refused')])).rejects.toMatchObject({ code: 'fsync-failed', disposition: 'fatal' });
    // In another turn of the event loop: another group.
    await Promise.resolve();
    await Promise.resolve();
    const next = expect(writer.append([entryAbout('next')])).rejects.toMatchObject({ code: 'fsync-failed' });
    await Promise.all([refused, next]);
    const asked = disk.synced.filter((path) => path === chain()).length;
    await writer.close();
    expect(disk.synced.filter((path) => path === chain())).toHaveLength(asked);
    expect(readFileSync(chain(), 'utf8').match(/"seq":4,/g)).toBeNull();
    const again = await openWriter(directory);
    await again.append([entryAbout('after')]);
    await again.close();
    // What was written and not acknowledged may be there after all, once.
    expect(thingsIn(directory)).toEqual(['before', 'refused', 'after']);
  });
});

describe('the audit writer at its start', () => {
  test('makes durable what a killed process has left, before it begins another file that names its hash', async () => {
    const writer = await openWriter(directory);
    await writer.append([entryAbout('a')]);
    await writer.close();
    disk.synced.length = 0;
    const next = await openWriter(directory, () => new Date(noon.getTime() + 86_400_000));
    expect(disk.synced).toEqual(expect.arrayContaining([chain(), details(), directory]));
    await next.append([entryAbout('b')]);
    await next.close();
    expect(thingsIn(directory)).toEqual(['a', 'b']);
  });
});

describe('the last segment that a day can have', () => {
  test('is not added to by being told to end', async () => {
    const writer = await openWriter(directory);
    await writer.append([entryAbout('a')]);
    await writer.close();
    const last = `${day}.9999`;
    for (const name of [chainName, detailsName])
      writeFileSync(join(directory, name(last)), readFileSync(join(directory, name(day))), { mode: 0o640 });
    const again = await openWriter(directory);
    await again.append([entryAbout('b')]);
    const before = readFileSync(join(directory, chainName(last)), 'utf8');
    await expect(again.roll()).rejects.toMatchObject({ code: 'audit-segments-used-up' });
    expect(readFileSync(join(directory, chainName(last)), 'utf8')).toBe(before);
    await again.append([entryAbout('c')]);
    await again.close();
    expect(segments(directory)).toHaveLength(2);
  });
});

describe('erasing details', () => {
  test('again, after a kill came between the rename and its being durable, makes it durable', async () => {
    const writer = await openWriter(directory);
    await writer.append([entryAbout('a')]);
    await writer.close();
    expect(eraseDetails(directory, day, [2])).toBe(1);
    disk.synced.length = 0;
    expect(eraseDetails(directory, day, [2])).toBe(0);
    expect(disk.synced).toContain(directory);
  });
});
