// @ts-check
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { KEY_NAMES, SIZE_NAMES } from './cases.mjs';
import { comparisonPlot } from './plot.mjs';
import { comparisonPage } from './table.mjs';

const inProject = (/** @type {string} */ path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** @typedef {import('./cases.mjs').Group} Group */

/** @returns {Group[]} what was kept */
export function savedGroups() {
  const path = inProject('bench/results/compare.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).groups : [];
}

/**
 * Writes what was measured, and what is shown of it.
 * @param {Group[]} groups
 */
export function save(groups) {
  const kept = groups.map(rounded);
  writeFileSync(inProject('bench/results/compare.json'), `${JSON.stringify({ groups: kept }, null, 2)}\n`);
  writeFileSync(inProject('docs/performance.svg'), comparisonPlot(kept));
  const page = inProject('docs/performance.md');
  writeFileSync(page, withComparison(readFileSync(page, 'utf8'), kept));
}

/**
 * The page on performance with the table of these groups where it has its place.
 * @param {string} page
 * @param {Group[]} groups
 */
export function withComparison(page, groups) {
  const place = /(<!-- comparison: [^>]*-->\n\n).*?(\n\n<!-- end of comparison -->)/s;
  if (!place.test(page)) throw new Error('docs/performance.md has no place for the comparison');
  return page.replace(place, (_, before, after) => `${before}${comparisonPage(groups)}${after}`);
}

/**
 * `groups` with those in `measured` put in place of what was there for the same size and key, whole, in the order they are shown in: two
 * runs never share a group.
 * @param {Group[]} groups
 * @param {Group[]} measured
 */
export function merged(groups, measured) {
  const all = new Map([...groups, ...measured].map((group) => [`${group.key} ${group.size}`, group]));
  return KEY_NAMES.flatMap((key) => SIZE_NAMES.flatMap((size) => all.get(`${key} ${size}`) ?? []));
}

/**
 * To four digits, of which the last is noise already.
 * @template T
 * @param {T} value
 * @returns {T}
 */
function rounded(value) {
  return JSON.parse(JSON.stringify(value, (_key, each) => (typeof each === 'number' ? Number(each.toPrecision(4)) : each)));
}
