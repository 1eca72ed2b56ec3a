import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { makeTemp } from './temp.js';
import { missingTools } from './tools.js';

afterEach(() => vi.unstubAllEnvs());

test('names the entries that are missing, each of a tool that is several', () => {
  vi.stubEnv('PATH', '/nonexistent');
  expect(missingTools(['gpgsm', 'nss'])).toEqual(['gpgsm', 'cmsutil']);
  expect(missingTools(['bouncycastle'])).toContain('javac');
});

test('finds programs by PATH', () => {
  const directory = makeTemp('path');
  vi.stubEnv('PATH', directory);
  expect(missingTools(['gpgsm'])).toEqual(['gpgsm']);
  writeFileSync(join(directory, 'gpgsm'), '#!/bin/sh\n', { mode: 0o755 });
  expect(missingTools(['gpgsm'])).toEqual([]);
});

test('the installer knows a Debian package for every entry', () => {
  const list = readFileSync(new URL('../../scripts/test-tools.list', import.meta.url), 'utf8');
  const entries = list.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  for (const entry of entries) expect(entry).toMatch(/^\w+ +[\w./-]+ +[a-z][a-z0-9-]+$/);
});
