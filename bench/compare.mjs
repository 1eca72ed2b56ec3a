// @ts-check
// npm run bench:compare [-- --sizes 2KB,20KB,577KB,25MB] [--keys rsa-2048,rsa-3072,p-256] [--programs NAME,…] [--seconds S] [--merge] [--dir DIR]
// sealdrop and what one would use instead of it, on the same mail, in one run, as one table. A whole run is kept in bench/results/compare.json
// and shown in docs/performance.svg; of a part with --merge, its groups (a size and a key, all programs) are put in place of those kept.
import { parseArgs } from 'node:util';
import { KEY_NAMES, SIZE_NAMES } from './comparison/cases.mjs';
import { PROGRAMS } from './comparison/contestants.mjs';
import { measureGroup } from './comparison/group.mjs';
import { merged, save, savedGroups } from './comparison/results.mjs';
import { comparisonTable } from './comparison/table.mjs';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string' },
    keys: { type: 'string' },
    programs: { type: 'string' },
    seconds: { type: 'string', default: '5' },
    merge: { type: 'boolean', default: false },
    dir: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
if (!Number.isInteger(seconds) || seconds < 1) fail('--seconds takes whole seconds, at least 1');
const [sizes, keys] = [chosen('sizes', SIZE_NAMES), chosen('keys', KEY_NAMES)];
const programs = chosen('programs', PROGRAMS);
if (values.merge && programs.length < PROGRAMS.length) fail('--merge takes whole groups: all programs');

/** @type {import('./comparison/cases.mjs').Group[]} */
const groups = [];
for (const key of keys) {
  for (const size of sizes) groups.push(await measureGroup({ size, key, programs, seconds, dir: values.dir }));
}
console.log(comparisonTable(groups));
const isWhole = [values.sizes, values.keys, values.programs].every((each) => each === undefined);
if (isWhole || values.merge) save(merged(values.merge ? savedGroups() : [], groups));

/**
 * What an option names, in the order it names it; everything where it is not given.
 * @template {string} T
 * @param {'sizes' | 'keys' | 'programs'} option
 * @param {readonly T[]} known
 * @returns {T[]}
 */
function chosen(option, known) {
  return (values[option]?.split(',') ?? known).map((name) => {
    const found = known.find((each) => each === name);
    return found ?? fail(`--${option} takes ${known.join(', ')}, not ${name}`);
  });
}

/**
 * @param {string} words
 * @returns {never}
 */
function fail(words) {
  process.stderr.write(`${words}\n`);
  process.exit(64);
}
