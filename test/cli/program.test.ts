import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { sealdrop } from '../kit/daemon.js';
import { succeeded } from './people.js';

const commands = ['demo', 'init', 'run', 'send', 'explain', 'show', 'open', 'keys', 'queue', 'archive', 'audit', 'doctor'];

describe('the command line', () => {
  it('lists every command', async () => {
    const { stdout } = succeeded(await sealdrop(['--help']));
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'));
  });

  it.each(commands)('explains %s', async (command) => {
    expect(succeeded(await sealdrop([command, '--help'])).stdout).toContain(`Usage: sealdrop ${command}`);
  });

  it.each(['sned', 'toString'])('refuses the unknown command %s with exit 64', async (command) => {
    const run = await sealdrop([command]);
    expect(run.status).toBe(64);
    expect(run.stderr).toContain(`unknown command '${command}'`);
  });

  it('suggests the subcommand that was meant', async () => {
    const run = await sealdrop(['keys', 'lst']);
    expect(run.status).toBe(64);
    expect(run.stderr).toContain('Did you mean list?');
  });

  it('ends without a word when its reader has seen enough', () => {
    const [main, large] = ['../../dist/main.js', '../../samples/large.eml'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
    const run = spawnSync('sh', ['-c', `"${process.execPath}" "${main ?? ''}" send "${large ?? ''}" | head -c 5`], { encoding: 'utf8' });
    expect(run.stdout).toHaveLength(5);
    expect(run.stderr).toBe('');
  });
});
