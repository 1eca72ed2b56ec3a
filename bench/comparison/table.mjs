// @ts-check
import { KEY_NAMES, KEYS, SIZE_NAMES, SIZES } from './cases.mjs';

const head = ['size', 'key', 'program', 'msg/s', 'MB/s', 'CPU ms/msg', 'peak MiB', 'ratio to floor'];

/**
 * The whole of what was measured as text; what was skipped, and why, after it.
 * @param {import('./cases.mjs').Group[]} groups
 */
export function comparisonTable(groups) {
  const lines = aligned([head, ...groups.flatMap(groupRows)], 3).map((cells) => cells.join('  ').trimEnd());
  return [...lines, ...skippedOf(groups).map((line) => `skipped: ${line}`), ''].join('\n');
}

/**
 * What the page on performance shows of it: messages per second, and the ratio to the floor, a column for each size.
 * @param {import('./cases.mjs').Group[]} groups
 */
export function comparisonPage(groups) {
  const sizes = SIZE_NAMES.filter((size) => groups.some((group) => group.size === size));
  const rows = KEY_NAMES.flatMap((key) => {
    const ofKey = groups.filter((group) => group.key === key);
    return [...new Set(ofKey.flatMap((group) => linesOf(group).map(({ label }) => label)))].map((label) => [
      KEYS[key],
      label,
      ...sizes.map((size) => {
        const group = ofKey.find((each) => each.size === size);
        const line = group && linesOf(group).find((each) => each.label === label);
        return line ? `${figure(line.rate)} (${(line.rate / group.floor.rate).toFixed(2)})` : '–';
      }),
    ]);
  });
  const [first = [], ...others] = aligned([['key', 'program', ...sizes.map((size) => SIZES[size].label)], ...rows], 2);
  const rule = first.map((cell, column) => (column < 2 ? '-'.repeat(cell.length) : `${'-'.repeat(cell.length - 1)}:`));
  const table = [first, rule, ...others].map((cells) => `| ${cells.join(' | ')} |`);
  const machines = [...new Set(groups.map(({ machine }) => machine))];
  return [...table, '', `Measured with ${machines.join('; ')}.`, ...skippedOf(groups).map((line) => `Skipped: ${line}.`)].join('\n');
}

/** @param {import('./cases.mjs').Group[]} groups */
function skippedOf(groups) {
  return [...new Set(groups.flatMap(({ key, skipped }) => skipped.map(({ name, reason }) => `${name}, ${KEYS[key]}: ${reason}`)))];
}

/**
 * The floor, and each program under the name it is shown by.
 * @param {import('./cases.mjs').Group} group
 */
export function linesOf({ floor, rows }) {
  const programs = rows.map(({ program, version, rate, cpuMs, peakMiB }) => ({
    label: program === 'sealing-alone' ? 'sealdrop, sealing alone' : `${program} ${version}`.trim(),
    rate,
    cpuMs,
    peak: peakMiB.toFixed(0),
  }));
  return [{ label: 'floor: the bare primitives', rate: floor.rate, cpuMs: floor.cpuMs, peak: '' }, ...programs];
}

/** @param {import('./cases.mjs').Group} group */
function groupRows(group) {
  const { label: size, sizeBytes } = SIZES[group.size];
  return linesOf(group).map(({ label, rate, cpuMs, peak }) => [
    size,
    KEYS[group.key],
    label,
    figure(rate),
    figure((rate * sizeBytes) / 1e6),
    figure(cpuMs),
    peak,
    (rate / group.floor.rate).toFixed(2),
  ]);
}

/**
 * Cells of a column made equally wide.
 * @param {string[][]} rows
 * @param {number} firstFigure the first of the columns of figures, which stand at the right
 */
function aligned(rows, firstFigure) {
  const widths = rows.reduce(
    (all, row) => row.map((cell, column) => Math.max(cell.length, all[column] ?? 0)),
    /** @type {number[]} */ ([]),
  );
  return rows.map((row) =>
    row.map((cell, column) => (column < firstFigure ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))),
  );
}

/**
 * Three digits, and no more than that of a fraction.
 * @param {number} value
 */
export function figure(value) {
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value.toPrecision(3);
}
