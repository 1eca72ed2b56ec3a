import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ZipFile } from '../../src/export/zip-file.js';
import { makeTemp } from '../kit/temp.js';
import { describeWith } from '../kit/tools.js';
import { noon } from './archived.js';

async function zipOf(count: number, bytesOf: (n: number) => Buffer): Promise<string> {
  const path = join(makeTemp('zip'), 'export.zip');
  const zip = new ZipFile(path);
  for (let n = 0; n < count; n++) await zip.addBytes(`originals/${n}.eml`, bytesOf(n), noon);
  await zip.close();
  return path;
}

test('is for its maker alone, and never written over another file', async () => {
  const path = await zipOf(1, () => Buffer.from('x'));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const before = readFileSync(path);
  expect(() => new ZipFile(path)).toThrow(expect.objectContaining({ code: 'disk-error' }));
  expect(readFileSync(path)).toEqual(before);
});

describeWith(['unzip', 'python3'], 'read by unzip and Python', () => {
  test('gives back the octets of bytes and of files', async () => {
    const path = join(makeTemp('zip'), 'export.zip');
    const source = join(makeTemp('zip'), 'large');
    const large = Buffer.alloc(3_000_000, 'From the beginning\r\n\x00\xff');
    writeFileSync(source, large);
    const zip = new ZipFile(path);
    await zip.addBytes('originals/a.eml', Buffer.from([0, 255, 13, 10, 13]), noon);
    await zip.addBytes('originals/b.eml.p7m', Buffer.from('stored'), noon);
    await zip.addBytes('empty', Buffer.alloc(0), noon);
    await zip.addFile('manifest.json', source, noon);
    await zip.close();
    expect(spawnSync('unzip', ['-tq', path]).status).toBe(0);
    expect(spawnSync('unzip', ['-p', path, 'originals/a.eml']).stdout).toEqual(Buffer.from([0, 255, 13, 10, 13]));
    expect(spawnSync('unzip', ['-p', path, 'manifest.json'], { maxBuffer: 1e8 }).stdout.equals(large)).toBe(true);
    expect(python(path, 'print(z.testzip(), [i.filename for i in z.infolist()])')).toBe(
      "None ['originals/a.eml', 'originals/b.eml.p7m', 'empty', 'manifest.json']",
    );
  });

  test('holds more entries than the old format counts', { timeout: 120_000 }, async () => {
    const path = await zipOf(66_000, (n) => Buffer.from(String(n)));
    expect(spawnSync('unzip', ['-tq', path]).status).toBe(0);
    expect(python(path, 'print(len(z.namelist()), z.read("originals/65999.eml"))')).toBe("66000 b'65999'");
  });

  // 4.3 GB on the disk, and as much time as it takes to write and read them: SEALDROP_LARGE=1.
  test.runIf(process.env.SEALDROP_LARGE)('is longer than the old format measures', { timeout: 600_000 }, async () => {
    const bytes = Buffer.alloc(50 << 20, 1);
    const path = join(makeTemp('zip'), 'export.zip');
    const zip = new ZipFile(path);
    for (let n = 0; n < 88; n++) await zip.addBytes(`${n}.p7m`, bytes, noon);
    await zip.close();
    expect(statSync(path).size).toBeGreaterThan(2 ** 32);
    expect(spawnSync('unzip', ['-tq', path]).status).toBe(0);
    expect(python(path, 'print(z.getinfo("87.p7m").header_offset > 2**32, z.testzip())')).toBe('True None');
  });
});

function python(path: string, statement: string): string {
  const run = spawnSync('python3', ['-c', `import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\n${statement}`, path], {
    encoding: 'utf8',
  });
  expect(run.stderr).toBe('');
  return run.stdout.trim();
}
