import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tables } from './tables.js';
import { versions } from './versions.js';

const PAGE = new URL('../../docs/interop.md', import.meta.url);
/** Set by `npm run interop`, after everything was measured. */
const writing = process.env.SEALDROP_INTEROP === 'write';

test('docs/interop.md has the tables that the other tests of this directory hold to be true', () => {
  if (writing) {
    const withTables = withPart(readFileSync(PAGE, 'utf8'), 'tables', tables());
    writeFileSync(PAGE, withPart(withTables, 'versions', `${versions()}.`));
  }
  // Otherwise: `npm run interop` makes the page anew.
  expect(partOf(readFileSync(PAGE, 'utf8'), 'tables')).toBe(tables());
});

test('docs/interop.md says which versions were measured', () => {
  expect(partOf(readFileSync(PAGE, 'utf8'), 'versions')).toMatch(/^OpenSSL \d+\.\d+\.\d+, gpgsm \d/);
});

/** What stands between `<!-- NAME: … -->` and `<!-- end of NAME -->`, each on a line of its own with an empty one inside. */
function partOf(page: string, name: string): string {
  return pattern(name).exec(page)?.[2] ?? '';
}

function withPart(page: string, name: string, text: string): string {
  if (!pattern(name).test(page)) throw new Error(`docs/interop.md has no place for the ${name}`);
  return page.replace(pattern(name), (_match, before: string, _old: string, after: string) => `${before}${text}${after}`);
}

function pattern(name: string): RegExp {
  return new RegExp(`(<!-- ${name}: [^>]*-->\\n\\n)(.*?)(\\n\\n<!-- end of ${name} -->)`, 's');
}
