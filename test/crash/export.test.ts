import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Archived } from '../export/archived.js';
import { Program, sealdrop } from '../kit/daemon.js';
import { Random } from '../kit/random.js';
import { Site } from '../kit/site.js';
import { makeTemp } from '../kit/temp.js';

const kills = Number(process.env.SEALDROP_CRASH_KILLS ?? 8);
const count = 400;

describe('archive export, killed at random moments', () => {
  const site = new Site({ config: 'http: { listen: off }' });
  const place = makeTemp('export');
  afterAll(() => site.remove());
  beforeAll(async () => {
    const made = await Archived.of(Array.from({ length: count }, (_, n) => ({ bytes: `Subject: ${n}\n\n${'x'.repeat(5000)}\n` })));
    for (const name of ['archive', 'audit']) renameSync(join(made.root, name), join(site.spool, name));
  });

  const ways: [format: string, messagesIn: (path: string) => number][] = [
    ['zip', (path) => linesOf('unzip', ['-Z1', path]).filter((name) => name.startsWith('originals/')).length],
    ['eml', (path) => linesOf('sha256sum', ['-c', join(path, 'SHA256SUMS')], path).filter((line) => /\.eml: OK$/.test(line)).length],
    ['mbox', (path) => readFileSync(path, 'latin1').split(/^From /m).length - 1],
    ['maildir', (path) => readdirSync(join(path, 'new')).length],
  ];

  it.each(ways)(
    '%s: under its name stands all of it or nothing, and the next run makes it',
    { timeout: 180_000 },
    async (format, messagesIn) => {
      const random = new Random(format.length);
      const out = join(place, format);
      const partial = () => readdirSync(place).filter((name) => name.startsWith(`.${format}.`));
      const args = ['archive', 'export', '--all', '--format', format, '-o', out, '-c', site.configFile];
      let killed = 0;
      for (let n = 0; n < kills && !existsSync(out); n++) {
        const before = partial();
        const program = new Program(args);
        await program.until('the export to have begun', () => program.hasEnded || partial().some((name) => !before.includes(name)));
        // The first dies as soon as it has begun, the others at some later time.
        if (n > 0) await new Promise((resolve) => setTimeout(resolve, random.between(0, 400)));
        const { signal } = await program.kill();
        if (signal === 'SIGKILL') killed++;
        if (existsSync(out)) expect(messagesIn(out)).toBe(count);
      }
      expect(killed).toBeGreaterThan(0);
      if (!existsSync(out)) {
        const last = await sealdrop([...args, '--force']);
        expect(last.status, last.stderr).toBe(0);
        expect(partial()).toEqual([]);
      }
      expect(messagesIn(out)).toBe(count);
    },
  );

  it('leaves a trail that is whole', async () => {
    const verified = await sealdrop(['audit', 'verify', '-c', site.configFile]);
    expect(verified.stdout).toMatch(/^consistent/m);
  });
});

function linesOf(command: string, args: readonly string[], cwd?: string): string[] {
  return spawnSync(command, args, { encoding: 'utf8', cwd }).stdout.split('\n');
}
