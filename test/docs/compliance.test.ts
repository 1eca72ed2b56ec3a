import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { attacks } from '../attack/attacks.js';
import { root } from './pages.js';

const page = readFileSync(join(root, 'docs/compliance.md'), 'utf8');

describe('docs/compliance.md', () => {
  test('names for each requirement tests and pages that are there', () => {
    const named = [...page.matchAll(/`((?:test|docs)\/[\w./-]+)`/g)].map(([, path = '']) => path);
    expect(named.length).toBeGreaterThan(30);
    expect([...new Set(named)].filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('has for every row of a requirement something that shows it', () => {
    const rows = page.split('\n').filter((line) => /^\| (?:\(f\)|… |Art\.|§)/.test(line));
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.filter((row) => !/`(?:test|docs)\/[^`]+`[^|]*\|$/.test(row))).toEqual([]);
  });

  test('lists every attack of the tests with what finds it, and none that is not tried', () => {
    const between = /<!-- attacks -->(.*)<!-- \/attacks -->/s.exec(page)?.[1] ?? '';
    const rows = between
      .split('\n')
      .slice(1)
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .filter((cells) => cells.length > 3 && !/^-+$/.test(cells[1] ?? '') && cells[1] !== 'somebody’s work')
      .map(([, what = '', by = '', finding = '']) => ({ what, by, finding }));
    const tried = attacks.map(({ what, byAnchor, byArchiveVerify, found }) => ({
      what,
      by: byAnchor === true ? 'anchor' : byArchiveVerify === true ? '`archive verify`' : 'verify',
      finding: found.map((kind) => `\`${kind}\``).join(', '),
    }));
    expect(rows).toEqual(tried);
  });
});
