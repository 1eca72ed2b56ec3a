import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeImmutable, makeMutable, proveImmutable } from '../../src/archive/immutable.js';
import { makeTemp } from '../kit/temp.js';

const possible = await proveImmutable(makeTemp('immutable-probe')).then(
  () => true,
  () => false,
);
const title = possible
  ? 'the immutable attribute'
  : 'the immutable attribute [skipped, missing: CAP_LINUX_IMMUTABLE or a file system that has it]';

describe.skipIf(!possible)(title, () => {
  let directory: string;
  let paths: string[];
  beforeEach(() => {
    directory = makeTemp('immutable');
    paths = Array.from({ length: 450 }, (_, number) => join(directory, `${number}.eml`));
    for (const path of paths) writeFileSync(path, 'original');
  });
  afterEach(() => makeMutable(paths));

  test('keeps hundreds of files from being changed, linked and removed, until it is taken off', async () => {
    await makeImmutable(paths);
    for (const path of [paths[0] ?? '', paths[449] ?? '']) {
      for (const attempt of [() => writeFileSync(path, 'x'), () => linkSync(path, `${path}.2`), () => unlinkSync(path)])
        expect(attempt).toThrow(/EPERM/);
    }
    await makeMutable(paths);
    for (const path of paths) unlinkSync(path);
  });

  test('passes over files that are gone', async () => {
    rmSync(paths[7] ?? '');
    await makeImmutable(paths);
    expect(execFileSync('lsattr', [paths[8] ?? '']).toString()).toMatch(/^-+i/);
  });

  test('a probe that a kill has left does not stand in the way of the next', async () => {
    const probe = join(directory, '.sealdrop-immutable');
    writeFileSync(probe, '');
    await makeImmutable([probe]);
    await proveImmutable(directory);
    expect(() => unlinkSync(probe)).toThrow(/ENOENT/);
  });
});

test('where it cannot be, the start is refused with what is needed', async () => {
  const directory = makeTemp('immutable');
  mkdirSync(join(directory, 'archive'));
  const path = process.env.PATH;
  process.env.PATH = '/nonexistent';
  try {
    await expect(proveImmutable(join(directory, 'archive'))).rejects.toMatchObject({
      code: 'archive-immutable',
      disposition: 'fatal',
      cure: expect.stringContaining('CAP_LINUX_IMMUTABLE'),
    });
  } finally {
    process.env.PATH = path;
  }
});
