import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { maxUnacknowledgedBytes } from '../../src/audit/repair.js';
import { makeTemp } from '../kit/temp.js';
import { day, entryAbout, linesOf, noon, openWriter, recordsIn, thingsIn, tornFiles, writeTrail } from './chain.js';

let directory: string;
beforeEach(() => {
  directory = makeTemp('audit');
});

describe('a tail that a crash left unfinished', () => {
  test('is cut back, kept in torn/, and the repair is recorded', async () => {
    const { chain } = await writeTrail(directory, 3);
    appendFileSync(chain, '{"seq":5,"time":"2026');
    const writer = await openWriter(directory);
    await writer.close();
    expect(writer.repaired).toMatchObject([{ file: `${day}.chain.jsonl`, bytes: 21 }]);
    const [torn] = tornFiles(directory);
    expect(readFileSync(join(directory, 'torn', torn ?? ''), 'utf8')).toBe('{"seq":5,"time":"2026');
    expect(writer.repaired[0]?.keptAs).toBe(`torn/${torn}`);
    expect(recordsIn(chain).at(-1)?.event).toBe('repaired');
    expect(thingsIn(directory)).toEqual(['thing 1', 'thing 2', 'thing 3']);
  });

  test('is cut back wherever the two files end: what both have stays, the rest goes', async () => {
    const { chain, details } = await writeTrail(directory, 4);
    const [wholeChain, wholeDetails] = [readFileSync(chain), readFileSync(details)];
    const [chainEnds, detailsEnds] = [lineEnds(wholeChain), lineEnds(wholeDetails)];
    for (const chainCut of cutsAround(chainEnds)) {
      for (const detailsCut of cutsAround(detailsEnds)) {
        writeFileSync(chain, wholeChain.subarray(0, chainCut));
        writeFileSync(details, wholeDetails.subarray(0, detailsCut));
        const writer = await openWriter(directory);
        await writer.append([entryAbout('after')]);
        await writer.close();
        const acknowledged = Math.min(count(chainEnds, chainCut), count(detailsEnds, detailsCut));
        // The first record of a file is its segment record.
        const expected = Array.from({ length: Math.max(0, acknowledged - 1) }, (_, n) => `thing ${n + 1}`);
        expect(thingsIn(directory), `${chainCut} ${detailsCut}`).toEqual([...expected, 'after']);
      }
    }
  });

  test('of zeros, as a power cut leaves them, is cut back', async () => {
    const { chain, details } = await writeTrail(directory, 2);
    appendFileSync(chain, Buffer.alloc(4096));
    appendFileSync(details, Buffer.alloc(5000));
    await (await openWriter(directory)).close();
    expect(thingsIn(directory)).toEqual(['thing 1', 'thing 2']);
    expect(tornFiles(directory)).toHaveLength(2);
  });

  test('is cut back at the next start if this one is killed between keeping it and cutting', async () => {
    const { chain } = await writeTrail(directory, 2);
    appendFileSync(chain, 'torn');
    // What a kill leaves: the copy is there, the file not yet shortened.
    await (await openWriter(directory)).close();
    appendFileSync(chain, 'torn');
    await (await openWriter(directory)).close();
    expect(tornFiles(directory)).toHaveLength(2);
    expect(thingsIn(directory)).toEqual(['thing 1', 'thing 2']);
  });

  test('is a whole file when the day had just begun: the day before goes on', async () => {
    await writeTrail(directory, 2);
    for (const name of ['2026-11-25.chain.jsonl', '2026-11-25.details.jsonl']) writeFileSync(join(directory, name), '');
    appendFileSync(join(directory, '2026-11-25.chain.jsonl'), '{"seq":4');
    const writer = await openWriter(directory, () => new Date('2026-11-25T00:00:01Z'));
    await writer.append([entryAbout('after')]);
    await writer.close();
    expect(thingsIn(directory)).toEqual(['thing 1', 'thing 2', 'after']);
    expect(recordsIn(join(directory, '2026-11-25.chain.jsonl'))[0]?.event).toBe('segment');
  });

  test('nothing unfinished, nothing cut', async () => {
    const { chain } = await writeTrail(directory, 2);
    const before = readFileSync(chain);
    const writer = await openWriter(directory);
    await writer.close();
    expect(writer.repaired).toEqual([]);
    expect(readFileSync(chain)).toEqual(before);
    expect(existsSync(join(directory, 'torn'))).toBe(false);
  });

  test('behind a record larger than the usual look back is cut back without touching that record', async () => {
    const large = 'x'.repeat(6 << 20);
    const writer = await openWriter(directory);
    await writer.append([entryAbout('first')]);
    await writer.append([entryAbout(large)]);
    await writer.close();
    const details = join(directory, `${day}.details.jsonl`);
    for (const tail of ['', '{"seq":4,"salt":"', `{"seq":4,"salt":"${'x'.repeat(5 << 20)}`]) {
      appendFileSync(details, tail);
      await (await openWriter(directory)).close();
      expect(thingsIn(directory).map((thing) => thing.length)).toEqual([5, large.length]);
    }
  });
});

describe('what no crash can leave is never cut: sealdrop does not start, and changes nothing', () => {
  test.each([
    ['a record in the tail was altered', (lines: string[]) => lines.with(-1, lines.at(-1)?.replace('noted', 'noTed') ?? '')],
    ['a record before the tail was altered', (lines: string[]) => lines.with(2, lines.at(2)?.replace('noted', 'noTed') ?? '')],
    ['a record was removed', (lines: string[]) => lines.toSpliced(2, 1)],
    ['two records were exchanged', (lines: string[]) => lines.with(2, lines.at(3) ?? '').with(3, lines.at(2) ?? '')],
  ])('%s', async (_what, change) => {
    const { chain, details } = await writeTrail(directory, 5);
    writeFileSync(chain, `${change(linesOf(chain)).join('\n')}\n`);
    await expectRefusal(chain, details);
  });

  test('the details file is gone', async () => {
    const { chain, details } = await writeTrail(directory, 5);
    rmSync(details);
    await expectRefusal(chain);
    expect(existsSync(details)).toBe(false);
  });

  test('damage lies further back than what can be unacknowledged', async () => {
    const { chain, details } = await writeTrail(directory, 1);
    const writer = await openWriter(directory);
    await writer.append(Array.from({ length: 5000 }, (_, n) => entryAbout(`more ${n}`)));
    await writer.close();
    const lines = linesOf(chain);
    expect(statSync(chain).size).toBeGreaterThan(maxUnacknowledgedBytes);
    writeFileSync(chain, `${lines.with(5, 'torn').join('\n')}\n`);
    await expectRefusal(chain, details);
  });

  async function expectRefusal(...files: string[]): Promise<void> {
    const before = files.map((path) => readFileSync(path));
    await expect(openWriter(directory)).rejects.toMatchObject({ code: 'audit-chain-broken', disposition: 'fatal' });
    files.forEach((path, index) => {
      expect(before[index]?.equals(readFileSync(path)), path).toBe(true);
    });
    expect(tornFiles(directory)).toEqual([]);
  }
});

test('details that retention erased are no damage', async () => {
  const { details } = await writeTrail(directory, 3);
  const lines = linesOf(details).map((line, index) => (index === 0 ? line : `{"seq":${index + 1},"erased":true}`));
  writeFileSync(details, `${lines.join('\n')}\n`);
  const writer = await openWriter(directory);
  await writer.append([entryAbout('after')]);
  await writer.close();
  expect(writer.repaired).toEqual([]);
});

test('an empty audit directory begins a chain', async () => {
  const writer = await openWriter(directory, () => noon);
  await writer.append([entryAbout('first')]);
  await writer.close();
  expect(readdirSync(directory)).toContain(`${day}.chain.jsonl`);
});

function lineEnds(bytes: Buffer): number[] {
  return [...bytes.entries()].filter(([, octet]) => octet === 10).map(([at]) => at + 1);
}

/** At the end of the last three lines, and just before and behind. */
function cutsAround(ends: readonly number[]): number[] {
  const last = ends.at(-1) ?? 0;
  return [...new Set(ends.slice(-3).flatMap((end) => [end - 1, end, end + 7]))].filter((at) => at <= last);
}

function count(ends: readonly number[], cut: number): number {
  return ends.filter((end) => end <= cut).length;
}
