import { createHash } from 'node:crypto';
import { appendFileSync, copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { verifyChain } from '../../src/audit/verify.js';
import { makeTemp } from '../kit/temp.js';
import { entryAbout, linesOf, openWriter } from './chain.js';

const days = ['2026-11-23', '2026-11-24', '2026-11-25'];

let directory: string;
beforeEach(async () => {
  directory = makeTemp('audit');
  let now = new Date();
  const writer = await openWriter(directory, () => now);
  for (const day of days) {
    for (let n = 1; n <= 4; n++) {
      now = new Date(`${day}T10:00:0${n}.000Z`);
      await writer.append([entryAbout(`${day} ${n}`)]);
    }
  }
  await writer.close();
});

test('a chain that nobody touched is without findings, and tells its head', () => {
  const seen: unknown[] = [];
  const report = verifyChain(directory, ({ record, detail }) => {
    if (record.event === 'noted') seen.push((detail as { about: string }).about);
  });
  expect(report).toMatchObject({ records: 15, erasedDetails: 0, unfinishedTail: false, findings: [], head: { seq: 15 } });
  expect(seen).toEqual(days.flatMap((day) => [1, 2, 3, 4].map((n) => `${day} ${n}`)));
});

test('a day that begins while the chain is read is no finding', () => {
  let begun = false;
  const report = verifyChain(directory, () => {
    if (begun) return;
    begun = true;
    for (const name of [chainOf(2), detailsOf(2)])
      copyFileSync(join(directory, name), join(directory, name.replace(days[2] ?? '', '2026-11-26')));
  });
  expect(report).toMatchObject({ records: 15, findings: [] });
});

describe('whoever changes the chain is found out', () => {
  test.each([
    ['an altered record', 'record-altered', chainOf(1), (lines: string[]) => lines.with(2, lines[2]?.replace('noted', 'noTed') ?? '')],
    ['a removed record', 'chain-broken', chainOf(1), (lines: string[]) => lines.toSpliced(2, 1)],
    ['a record said twice', 'chain-broken', chainOf(1), (lines: string[]) => lines.toSpliced(2, 0, lines[2] ?? '')],
    ['exchanged records', 'chain-broken', chainOf(1), (lines: string[]) => lines.with(2, lines[3] ?? '').with(3, lines[2] ?? '')],
    ['the last records of a day that is not the newest removed', 'segment-missing', chainOf(1), (lines: string[]) => lines.slice(0, -1)],
    ['the first record of a day removed', 'chain-broken', chainOf(1), (lines: string[]) => lines.slice(1)],
    ['an unreadable record', 'record-torn', chainOf(1), (lines: string[]) => lines.with(2, 'nonsense')],
    ['altered details', 'details-altered', detailsOf(1), (lines: string[]) => lines.with(2, lines[2]?.replace('2026', '2027') ?? '')],
    [
      'an altered salt',
      'details-altered',
      detailsOf(1),
      (lines: string[]) => lines.with(2, lines[2]?.replace(/"salt":"./, '"salt":"x') ?? ''),
    ],
    ['details removed', 'details-missing', detailsOf(1), (lines: string[]) => lines.toSpliced(2, 1)],
    ['details added', 'details-without-record', detailsOf(1), (lines: string[]) => lines.toSpliced(2, 0, lines[1] ?? '')],
    [
      'details behind the last record of a day that is not the newest',
      'details-without-record',
      detailsOf(1),
      (lines: string[]) => [...lines, lines.at(-1)?.replace(/"seq":\d+/, '"seq":99') ?? ''],
    ],
  ])('%s: %s', (_what, kind, name, change) => {
    edit(name, change);
    expect(kinds()).toContain(kind);
  });

  test('a record replaced together with its hash breaks the link to the next', () => {
    const [line = ''] = linesOf(join(directory, chainOf(1))).slice(2, 3);
    const forged = line.replace('noted', 'noTed');
    edit(chainOf(1), (lines) => lines.with(2, rehashed(forged)));
    expect(kinds()).toEqual(['chain-broken']);
  });

  test('a day removed from the middle, with its details', () => {
    rmSync(join(directory, chainOf(1)));
    rmSync(join(directory, detailsOf(1)));
    expect(kinds()).toEqual(['segment-missing']);
  });

  test('the chain of a day removed without its details', () => {
    rmSync(join(directory, chainOf(1)));
    const report = verifyChain(directory, () => {});
    expect(report.findings.map(({ kind, file }) => [kind, file])).toEqual([
      ['segment-missing', chainOf(2)],
      ['segment-missing', chainOf(1)],
    ]);
  });

  test('the details of a day removed', () => {
    rmSync(join(directory, detailsOf(1)));
    expect(kinds()).toEqual(Array.from({ length: 5 }, () => 'details-missing'));
  });

  test('the oldest days removed', () => {
    rmSync(join(directory, chainOf(0)));
    rmSync(join(directory, detailsOf(0)));
    expect(kinds()).toEqual(['segment-missing']);
  });

  test('a day put in the place of another', () => {
    copyFileSync(join(directory, chainOf(0)), join(directory, chainOf(1)));
    expect(kinds()).toContain('segment-missing');
  });
});

describe('what is no manipulation', () => {
  test('details erased by retention are counted, and the chain still verifies', () => {
    edit(detailsOf(0), (lines) => lines.map((line) => `{"seq":${/\d+/.exec(line)?.[0]},"erased":true}`));
    const report = verifyChain(directory, () => {});
    expect(report).toMatchObject({ erasedDetails: 5, findings: [] });
  });

  test('an unfinished record at the end of the newest file is being written, or left by a crash', () => {
    appendFileSync(join(directory, chainOf(2)), '{"seq":16');
    expect(verifyChain(directory, () => {})).toMatchObject({ unfinishedTail: true, findings: [] });
  });

  test('details written before their record are being written', () => {
    appendFileSync(join(directory, detailsOf(2)), `{"seq":16,"salt":"${'0'.repeat(32)}","detail":{}}\n`);
    expect(verifyChain(directory, () => {})).toMatchObject({ unfinishedTail: true, findings: [] });
  });
});

test('a tail cut off in both files is not seen, which is why completeness is never claimed', () => {
  for (const name of [chainOf(2), detailsOf(2)]) edit(name, (lines) => lines.slice(0, -1));
  expect(verifyChain(directory, () => {})).toMatchObject({ findings: [], head: { seq: 14 } });
});

function chainOf(index: number): string {
  return `${days[index]}.chain.jsonl`;
}

function detailsOf(index: number): string {
  return `${days[index]}.details.jsonl`;
}

function edit(name: string, change: (lines: string[]) => string[]): void {
  const path = join(directory, name);
  const before = readFileSync(path, 'utf8');
  const after = `${change(linesOf(path)).join('\n')}\n`;
  if (after === before) throw new Error('nothing was changed');
  writeFileSync(path, after);
}

/** As somebody would forge it who knows how the hash is made. */
function rehashed(line: string): string {
  const body = line.slice(0, line.lastIndexOf(',"hash"'));
  return `${body},"hash":"${createHash('sha256').update(`${body}}`).digest('hex')}"}`;
}

function kinds(): string[] {
  return verifyChain(directory, () => {}).findings.map(({ kind }) => kind);
}
