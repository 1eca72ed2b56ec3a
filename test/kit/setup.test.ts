import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, expect, test } from 'vitest';
import { makeTemp } from './temp.js';

/** Stands in for npm: notes what it was asked for, and leaves behind what npm would. */
const FAKE_NPM = `#!/bin/sh
echo "$1 $2" >> npm-calls
[ -z "$FAIL" ] || { echo "npm says: $FAIL"; exit 3; }
case "$1" in
  ci) mkdir -p node_modules; : > node_modules/.package-lock.json ;;
  run) sleep 0.2; mkdir -p dist; : > dist/main.js ;;
esac
`;

let checkout: string;
const at = (...parts: string[]) => join(checkout, ...parts);
const calls = () => (existsSync(at('npm-calls')) ? readFileSync(at('npm-calls'), 'utf8').trimEnd().split('\n') : []);

beforeEach(() => {
  checkout = makeTemp('checkout');
  cpSync(fileURLToPath(new URL('../../scripts', import.meta.url)), at('scripts'), { recursive: true });
  for (const name of ['src', 'bin']) mkdirSync(at(name));
  for (const name of ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'src/main.ts']) writeFileSync(at(name), '{}');
  writeFileSync(at('bin', 'npm'), FAKE_NPM, { mode: 0o755 });
});

function setup(args: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<{ status: number | null; stderr: string }> {
  const PATH = [at('bin'), process.env.PATH].join(delimiter);
  const child = spawn(process.execPath, [at('scripts', 'setup.mjs'), ...args], { env: { ...process.env, PATH, ...env } });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, stderr })));
}

/** As if written just now: file times may be as coarse as the kernel's clock tick. */
function touch(path: string): void {
  const soon = new Date(Date.now() + 50);
  utimesSync(path, soon, soon);
}

test('installs and builds a fresh clone, then has nothing to do', async () => {
  expect(await setup()).toMatchObject({ status: 0, stderr: expect.stringMatching(/installed the dependencies[\s\S]*built dist/) });
  expect(calls()).toEqual(['ci --include=dev', 'run --silent']);
  expect(await setup()).toEqual({ status: 0, stderr: '' });
  expect(calls()).toHaveLength(2);
});

test('builds again when a source is newer, and installs again when the lock file is', async () => {
  await setup();
  touch(at('src', 'main.ts'));
  await setup();
  expect(calls().slice(2)).toEqual(['run --silent']);
  touch(at('package-lock.json'));
  await setup();
  expect(calls()[3]).toBe('ci --include=dev');
});

test('builds again when a source was removed or a build was cut short', async () => {
  writeFileSync(at('src', 'gone.ts'), '');
  await setup();
  rmSync(at('src', 'gone.ts'));
  touch(at('src'));
  await setup();
  rmSync(at('dist', '.built'));
  await setup();
  expect(calls().slice(2)).toEqual(['run --silent', 'run --silent']);
});

test('several at once install and build once', async () => {
  const results = await Promise.all(Array.from({ length: 4 }, () => setup()));
  expect(results.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
  expect(calls()).toEqual(['ci --include=dev', 'run --silent']);
  expect(readdirSync(at('.tools'))).toEqual([]);
});

test('the lock of a setup that was killed is taken over', async () => {
  // No process has an id above the kernel's limit of 2^22.
  mkdirSync(at('.tools', 'setup.lock'), { recursive: true });
  writeFileSync(at('.tools', 'setup.lock', '4194305'), '');
  expect((await setup()).status).toBe(0);
  expect(calls()).toHaveLength(2);
});

test('a failing step ends setup with its output and status', async () => {
  expect(await setup([], { FAIL: 'no network' })).toMatchObject({ status: 3, stderr: expect.stringContaining('npm says: no network') });
  expect(existsSync(at('dist', '.built'))).toBe(false);
});

test('missing test tools are named and are no failure', async () => {
  await setup();
  writeFileSync(at('scripts', 'test-tools.list'), 'nosuchtool  no-such-tool-anywhere  no-such-package\n');
  const { status, stderr } = await setup(['--test-tools'], { SEALDROP_NO_APT: '1' });
  expect(status).toBe(0);
  expect(stderr).toContain('not installed: nosuchtool. Tests that need them will be reported as skipped.');
});
