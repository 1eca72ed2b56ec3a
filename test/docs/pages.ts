import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Block {
  /** Path of the page, relative to the project. */
  readonly page: string;
  readonly language: string;
  readonly text: string;
}

/** README.md and everything in docs/, relative to the project. */
export function pages(): string[] {
  const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', ...docs.map((name) => join('docs', name)).sort()];
}

export function read(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string): Block[] {
  return [...read(page).matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({ page, language, text }));
}

/** Links of a page to files of the project that are not there. */
export function brokenLinks(page: string): string[] {
  const links = [...read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
  return links.filter((target) => !/^[a-z]+:/.test(target) && !existsSync(resolve(root, dirname(page), target)));
}
