import { describe, expect, it } from 'vitest';
import { cureByHand } from '../../src/cli/by-hand.js';
import { coloursFor, table, widthOf, wrapped } from '../../src/cli/terminal.js';

describe('text for a terminal', () => {
  it.each([
    [{ isTTY: true }, {}, '\x1b[31mx\x1b[39m'],
    [{ isTTY: false }, {}, 'x'],
    [{ isTTY: true }, { NO_COLOR: '1' }, 'x'],
    [{ isTTY: true }, { NO_COLOR: '' }, '\x1b[31mx\x1b[39m'],
    [{ isTTY: true }, { TERM: 'dumb' }, 'x'],
  ])('on %j with %j is coloured or not', (stream, environment, text) => {
    expect(coloursFor(stream, environment).red('x')).toBe(text);
  });

  it('is broken between words, and a long word is kept whole', () => {
    expect(wrapped('a bb /a/long/path/to/copy c', '* ', '  ', 10)).toEqual(['* a bb', '  /a/long/path/to/copy', '  c']);
  });

  it('has a pleasant width on any terminal', () => {
    expect([undefined, 10, 80, 300].map((columns) => widthOf(columns === undefined ? {} : { columns }))).toEqual([100, 40, 80, 120]);
  });

  it('stands in columns', () => {
    expect(
      table([
        ['a', 'long', 'x'],
        ['bbb', 'c', 'y'],
      ]),
    ).toEqual(['a    long  x', 'bbb  c     y']);
    expect(table([])).toEqual([]);
  });
});

describe('a cure, when there is no daemon that keeps the message', () => {
  it.each([
    ['Get a certificate, then run "sealdrop queue retry".', 'Get a certificate, then try again.'],
    ['Check the server. Mail waits and goes on by itself.', 'Check the server; then try again.'],
    ['Mount the directory; sealdrop goes on by itself.', 'Mount the directory; then try again.'],
    ['Run "chmod 600 key".', 'Run "chmod 600 key".'],
  ])('%s', (cure, worded) => {
    expect(cureByHand(cure)).toBe(worded);
  });
});
