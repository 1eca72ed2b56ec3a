import { expect, test } from 'vitest';
import { ProgressBar, progressLine } from '../../../src/cli/verify/progress-bar.js';

const half = { phase: 'archive', done: 500_000, total: 1_000_000, sizeBytes: 2_500_000_000 } as const;

test('tells how far it is, how fast, and how long it will take', () => {
  expect(progressLine(half, 0, 10, 106)).toBe(
    'Comparing the archive  █████████░░░░░░░░░   50 %  500,000 of 1,000,000 files, 2.5 GB, 50,000/s, 0:10 left',
  );
  const trail = { phase: 'trail', done: 1_200_000_000, total: 4_800_000_000, sizeBytes: 1_200_000_000 } as const;
  expect(progressLine(trail, 0, 6, 100)).toMatch(/^Reading the trail {2}█+░+ {3}25 % {2}1\.2 GB of 4\.8 GB, 200 MB\/s, 0:18 left$/);
});

test('what an earlier run did makes it no faster', () => {
  expect(progressLine(half, 400_000, 10, 100)).toContain('10,000/s, 0:50 left');
});

test('a narrow terminal gets no bar and no second line', () => {
  const line = progressLine(half, 0, 10, 40);
  expect(line.length).toBeLessThan(40);
  expect(line).not.toMatch(/[█░]/);
});

test('draws on a terminal only, not more often than one can see, and leaves nothing behind', () => {
  let written = '';
  let now = 0;
  const stream = { isTTY: true, columns: 90, write: (text: string) => (written += text) };
  const bar = new ProgressBar(stream, () => now);
  for (now = 0; now < 1000; now += 10) bar.show({ ...half, done: 1000 * now });
  expect(written.split('\r').length - 1).toBe(10);
  bar.clear();
  expect(written.endsWith('\r\x1b[2K')).toBe(true);
  written = '';
  const quiet = new ProgressBar({ write: (text: string) => (written += text) });
  quiet.show(half);
  quiet.clear();
  expect(written).toBe('');
});
