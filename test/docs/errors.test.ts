import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: readFileSync(join(root, 'src', name), 'utf8') }));

describe('docs/errors.md', () => {
  test('explains every code in src, and none that is not there', () => {
    expect(documentedCodes()).toEqual([...codesInSource().keys()].sort());
  });

  test('says of every code what it means for the message, in the words of src/errors.ts', () => {
    const dispositions = rows().map(([, disposition = '']) => disposition);
    const known = /^(?:wait|retry|quarantine|fatal|left|held|refused|deferred|command)(?:, (?:wait|retry|quarantine|fatal|command))*$/;
    expect(dispositions.filter((each) => !known.test(each))).toEqual([]);
  });

  test('agrees with the disposition that src gives where it stands beside the code', () => {
    const table = new Map(rows().map(([code = '', disposition = '']) => [code, disposition.split(', ')]));
    // What a command alone ends with concerns no mail, whatever its error class says.
    const wrong = statedDispositions().filter(({ code, disposition }) => {
      const documented = table.get(code) ?? [];
      return !documented.includes('command') && !documented.includes(disposition);
    });
    expect(statedDispositions().length).toBeGreaterThan(30);
    expect(wrong).toEqual([]);
  });
});

describe('docs/audit.md', () => {
  test('explains every kind of finding of `audit verify`', () => {
    const findings = sources.find(({ name }) => name === join('audit', 'finding.ts'))?.text ?? '';
    const kinds = [...(/readonly kind:([^;]*);/.exec(findings)?.[1] ?? '').matchAll(/'([a-z-]+)'/g)].map(([, kind = '']) => kind);
    const page = readFileSync(join(root, 'docs', 'audit.md'), 'utf8');
    expect(kinds.length).toBeGreaterThan(5);
    expect(kinds.filter((kind) => !page.includes(`\`${kind}\``))).toEqual([]);
  });
});

/** Table rows that begin with a code, cell by cell. */
function rows(): string[][] {
  const page = readFileSync(join(root, 'docs', 'errors.md'), 'utf8');
  return [...page.matchAll(/^\| `([a-z0-9-]+)` +\| ([^|]+) \|/gm)].map(([, code = '', disposition = '']) => [code, disposition.trim()]);
}

function documentedCodes(): string[] {
  return rows()
    .map(([code = '']) => code)
    .sort();
}

/** Every code a SealdropError, a file left in the outbox or a recipient's outcome can have, and a file it stands in. */
function codesInSource(): Map<string, string> {
  const found = new Map<string, string>();
  const makers = makersOfCodes();
  for (const { name, text } of sources) {
    for (const [maker, position] of makers) {
      const before = String.raw`(?:[\w.]+,\s*)`.repeat(position);
      const calls = text.matchAll(new RegExp(String.raw`\b${maker}\(\s*${before}(?:[^'"();]*[?]{1,2}[^'"();]*)?'([a-z0-9-]+)'`, 'g'));
      for (const [, code = ''] of calls) found.set(code, name);
    }
    for (const [, code = ''] of text.matchAll(/\bcode: '([a-z0-9]+(?:-[a-z0-9]+)+)'/g)) found.set(code, name);
  }
  return found;
}

/** The error class, and the functions that take a code as their first or second argument. */
function makersOfCodes(): Map<string, 0 | 1> {
  const makers = new Map<string, 0 | 1>([['SealdropError', 0]]);
  for (const { text } of sources) {
    for (const [, maker = '', first] of text.matchAll(/\bfunction (\w+)\(\s*(\w+: \w+,\s*)?code: string/g)) {
      makers.set(maker, first === undefined ? 0 : 1);
    }
  }
  return makers;
}

/** Where one call gives a code and a literal disposition. */
function statedDispositions(): { code: string; disposition: string }[] {
  return sources.flatMap(({ text }) =>
    [...text.matchAll(/new SealdropError\(\s*'([a-z0-9-]+)',(.*?)disposition: '(\w+)'/gs)]
      .filter(([, , between = '']) => !between.includes('new SealdropError'))
      .map(([, code = '', , disposition = '']) => ({ code, disposition })),
  );
}
