import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.js';
import { makeTemp, removeTemp } from '../kit/temp.js';
import { blocksOf, pages, root } from './pages.js';

const files = readdirSync(join(root, 'deploy'), { recursive: true, encoding: 'utf8' });
const unit = readFileSync(join(root, 'deploy/systemd/sealdrop.service'), 'utf8');

let directory: string;
beforeAll(() => {
  directory = makeTemp('docs');
});
afterAll(() => removeTemp(directory));

describe('example configurations', () => {
  test.each(files.filter((name) => name.endsWith('.yaml')))('deploy/%s loads', (name) => {
    expect(loadConfig(join(root, 'deploy', name), {}).spool).toBe('/var/spool/sealdrop');
  });

  test('beside PowerMTA mail goes by pickup, beside Momentum by SMTP', () => {
    expect(loadConfig(join(root, 'deploy/powermta/sealdrop.yaml'), {}).delivery.via).toBe('pickup');
    expect(loadConfig(join(root, 'deploy/momentum/sealdrop.yaml'), {}).delivery.via).toBe('smtp');
  });

  const examples = pages()
    .flatMap(blocksOf)
    .filter(({ language }) => language === 'yaml');

  test.each(examples.map(({ page, text }, index) => ({ page, text, index })))(
    'YAML in $page loads, alone or in the smallest configuration',
    ({ text, index }) => {
      const path = join(directory, `${index}.yaml`);
      writeFileSync(path, Object.hasOwn(parse(text) as object, 'delivery') ? text : `${smallest}${text}`);
      expect(() => loadConfig(path, {})).not.toThrow();
    },
  );
});

const smallest = `
delivery:
  pickup: { directory: /mta/pickup, staging: /mta/staging, bad: /mta/bad }
`;

describe('the systemd unit', () => {
  test('runs as its own user and can do nothing that needs a privilege but read', () => {
    expect(setting('User')).toEqual(['sealdrop']);
    expect(setting('AmbientCapabilities')).toEqual(['CAP_DAC_READ_SEARCH']);
    expect(setting('CapabilityBoundingSet')).toEqual(['CAP_DAC_READ_SEARCH']);
  });

  test('allows the parent of staging and pickup once, for two paths would be two mounts', () => {
    const writable = setting('ReadWritePaths').map((path) => path.replace(/^-/, ''));
    const { spool, delivery } = loadConfig(join(root, 'deploy/powermta/sealdrop.yaml'), {});
    const { directory: pickup = '', staging = '', bad = '' } = delivery.pickup ?? {};
    for (const path of [pickup, staging, bad, spool]) {
      expect(writable.filter((parent) => `${path}/`.startsWith(`${parent}/`))).toHaveLength(1);
    }
    expect(writable).not.toContain(pickup);
    expect(writable).not.toContain(staging);
  });

  test('does not start again and again after a mistake in the set-up', () => {
    expect(setting('RestartPreventExitStatus')).toEqual(['64 77 78']);
  });

  test('leaves out what sealdrop cannot work with', () => {
    for (const name of ['MemoryDenyWriteExecute', 'RestrictSUIDSGID', 'ProcSubset']) expect(setting(name)).toEqual([]);
  });

  const analyze = spawnSync('systemd-analyze', ['--version']);
  test.skipIf(analyze.error !== undefined)('passes systemd-analyze verify (skipped without systemd-analyze)', () => {
    const copy = join(directory, 'unit');
    mkdirSync(copy);
    // Node.js need not be where the unit has it.
    writeFileSync(join(copy, 'sealdrop.service'), unit.replace('/usr/bin/node', process.execPath));
    const run = spawnSync('systemd-analyze', ['verify', '--man=no', join(copy, 'sealdrop.service')], { encoding: 'utf8' });
    expect(run.stderr.split('\n').filter((line) => line.includes('sealdrop'))).toEqual([]);
  });
});

function setting(name: string): string[] {
  return [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);
}
