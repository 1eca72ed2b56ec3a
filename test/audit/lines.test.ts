import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { linesOf } from '../../src/audit/lines.js';
import { makeTemp } from '../kit/temp.js';

test('lines have their offsets; the last is incomplete without its line feed', () => {
  const path = fileWith('é\n\nthree');
  expect([...linesOf(path)]).toEqual([
    { text: 'é', offset: 0, end: 3, complete: true },
    { text: '', offset: 3, end: 4, complete: true },
    { text: 'three', offset: 4, end: 9, complete: false },
  ]);
  expect([...linesOf(path, 4)]).toEqual([{ text: 'three', offset: 4, end: 9, complete: false }]);
});

test('lines across the chunks a file is read in are whole', () => {
  const long = `${'a'.repeat(3_000_000)}é`;
  const lines = [...linesOf(fileWith(`x\n${long}\ny\n`))];
  expect(lines.map(({ text }) => text)).toEqual(['x', long, 'y']);
  expect(lines.map(({ offset }) => offset)).toEqual([0, 2, 2 + 3_000_002 + 1]);
});

test('a start in the middle of a character does not shift what follows', () => {
  const [, second] = linesOf(fileWith('€a\nb\n'), 1);
  expect(second).toEqual({ text: 'b', offset: 5, end: 7, complete: true });
});

test('an empty file has no lines', () => {
  expect([...linesOf(fileWith(''))]).toEqual([]);
});

test('a file of one endless line is given up rather than held in memory', () => {
  const lines = [...linesOf(fileWith(Buffer.alloc(70 << 20, 'a')))];
  expect(lines).toEqual([{ text: '', offset: 0, complete: false, end: expect.any(Number) }]);
});

function fileWith(content: string | Buffer): string {
  const path = join(makeTemp('lines'), 'file');
  writeFileSync(path, content);
  return path;
}
