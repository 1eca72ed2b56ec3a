import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { keysAt, sectionsWith, settingSchema } from '../../src/config/known-keys.js';
import { brokenLinks, pages, read, root } from './pages.js';

describe('the pages', () => {
  test.each(pages())('%s links only to files that are there', (page) => {
    expect(brokenLinks(page)).toEqual([]);
  });

  test.each(pages())('%s names only files of deploy/ and scripts/ that are there', (page) => {
    const named = [...read(page).matchAll(/`?((?:deploy|scripts)\/[\w.@/-]+\w)`?/g)].map(([, path = '']) => path);
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

describe('docs/configuration.md', () => {
  const named = [...read('docs/configuration.md').matchAll(/^\| `([\w.]+)` +\|/gm)].map(([, key = '']) => key);

  test('lists every key of the configuration, and none that is not there', () => {
    expect(named.toSorted()).toEqual(settings().toSorted());
  });

  test('names the defaults that the schema has', () => {
    const table = new Map(
      [...read('docs/configuration.md').matchAll(/^\| `([\w.]+)` +\| `([^`]*)` +\|/gm)].map(([, key = '', value = '']) => [key, value]),
    );
    const wrong = [...table].filter(([key, value]) => JSON.stringify(defaultOf(key)) !== JSON.stringify(parsed(value)));
    expect(table.size).toBeGreaterThan(25);
    expect(wrong).toEqual([]);
  });
});

describe('docs/dependencies.md', () => {
  test('has a line for every dependency, with its version', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
    const wanted = Object.entries({ ...dependencies, ...devDependencies }).map(([name, version]) => `${name} ${version}`);
    const listed = [...read('docs/dependencies.md').matchAll(/^\| ([@\w/-]+ \d[\w.]*) +\|/gm)].map(([, line = '']) => line);
    expect(listed.toSorted()).toEqual(wanted.toSorted());
  });
});

/** Every key of the schema in dotted form; `rules` and `senders` as one, for what is in them has a page of its own. */
function settings(section: readonly string[] = []): string[] {
  return keysAt(section).flatMap((key) => {
    const path = [...section, key];
    const inner = keysAt(path).length > 0 && sectionsWith(keysAt(path)[0] ?? '').includes(path.join('.'));
    return inner ? settings(path) : [path.join('.')];
  });
}

function defaultOf(key: string): unknown {
  let at: ReturnType<typeof settingSchema> | undefined = settingSchema();
  for (const part of key.split('.')) at = at?.properties?.[part];
  return at?.default;
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
