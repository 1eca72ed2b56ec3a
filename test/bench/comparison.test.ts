import { describe, expect, test } from 'vitest';
import type { Group } from '../../bench/comparison/cases.mjs';
import { comparisonPlot } from '../../bench/comparison/plot.mjs';
import { merged, savedGroups, withComparison } from '../../bench/comparison/results.mjs';
import { comparisonTable } from '../../bench/comparison/table.mjs';
import { read } from '../docs/pages.js';

describe('what was compared', () => {
  test('is shown in docs/performance.md and its picture as it was kept', () => {
    // Otherwise: `npm run bench:compare` writes all three.
    const page = read('docs/performance.md');
    expect(withComparison(page, savedGroups())).toBe(page);
    expect(comparisonPlot(savedGroups())).toBe(read('docs/performance.svg'));
  });

  test('of one size and key comes from one run: a later one replaces it whole, and keeps the order', () => {
    const kept = [group('2KB', 'rsa-2048', ['sealdrop', 'M2Crypto']), group('20KB', 'rsa-2048', ['sealdrop']), group('2KB', 'p-256', [])];
    const later = [group('2KB', 'rsa-3072', ['sealdrop']), group('20KB', 'rsa-2048', ['BouncyCastle'])];
    const all = merged(kept, later).map(({ size, key, rows }) => [size, key, rows.map(({ program }) => program)]);
    expect(all).toEqual([
      ['2KB', 'rsa-2048', ['sealdrop', 'M2Crypto']],
      ['20KB', 'rsa-2048', ['BouncyCastle']],
      ['2KB', 'rsa-3072', ['sealdrop']],
      ['2KB', 'p-256', []],
    ]);
  });

  test('is printed with its ratio to the floor, and with what was skipped', () => {
    const lines = comparisonTable([group('20KB', 'p-256', ['sealdrop'])]).split('\n');
    expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
      ['size', 'key', 'program', 'msg/s', 'MB/s', 'CPU ms/msg', 'peak MiB', 'ratio to floor'],
      ['20 KB', 'P-256', 'floor: the bare primitives', '2,000', '40.0', '1.00', '1.00'],
      ['20 KB', 'P-256', 'sealdrop', '500', '10.0', '1.50', '200', '0.25'],
      ['skipped: openssl, P-256: there is no openssl'],
      [''],
    ]);
  });

  test('is drawn on a scale that has room for a single rate', () => {
    expect(comparisonPlot([group('20KB', 'rsa-2048', [])])).not.toMatch(/NaN|undefined|Infinity/);
  });
});

function group(size: Group['size'], key: Group['key'], programs: string[]): Group {
  const floor = { rate: 2000, least: 1900, most: 2100, cpuMs: 1 };
  const rows = programs.map((program) => ({ program, version: '', rate: 500, cpuMs: 1.5, peakMiB: 200 }));
  return { size, key, machine: '2 cores', floor, rows, skipped: [{ name: 'openssl', reason: 'there is no openssl' }] };
}
