import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Program, sealdrop } from './daemon.js';
import { killLeftOver, note } from './leftovers.js';
import { Site } from './site.js';
import { makeTemp, removeTemp } from './temp.js';
import { waitFor } from './wait-for.js';

const directory = makeTemp('daemon-kit');
afterAll(() => removeTemp(directory));

function script(name: string, source: string): string {
  const path = join(directory, `${name}.mjs`);
  writeFileSync(path, source);
  return path;
}

const patient = script('patient', "process.on('SIGTERM', () => process.exit(3)); console.log('ready'); setInterval(() => {}, 1000);");

test('waits for output and ends a program gently or by force', async () => {
  const gentle = new Program([], { program: patient });
  await gentle.untilOutput(/ready/);
  expect(await gentle.terminate()).toEqual({ status: 3, signal: null });
  const killed = new Program([], { program: patient });
  await killed.untilOutput(/ready/);
  expect(await killed.kill()).toEqual({ status: null, signal: 'SIGKILL' });
});

test('passes arguments, input and environment, and gives back status and output', async () => {
  const program = script(
    'echo',
    "process.stdin.on('data', (d) => process.stdout.write(d)); console.error(process.argv[2], process.env.X); process.exitCode = 75;",
  );
  const finished = await sealdrop(['show'], { program, input: 'octets', env: { X: 'y' } });
  expect(finished).toMatchObject({ status: 75, stdout: 'octets', stderr: 'show y\n' });
});

test('says what the program printed when it ends too early, and kills one that hangs', async () => {
  const short = new Program([], { program: script('short', "console.error('no config'); process.exit(78);") });
  await expect(short.untilOutput(/ready/)).rejects.toThrow(/ended before[\s\S]*no config/);
  const hanging = new Program([], { program: patient });
  await expect(hanging.ended(300)).rejects.toThrow(/in vain for the program to end/);
  expect(hanging.hasEnded).toBe(true);
});

test('a site has both doors, an MTA beside it and a config that names them', () => {
  const site = new Site({ config: 'outbox: { settleMs: 50 }' });
  expect(statSync(join(site.spool, 'outbox', 'new')).mode & 0o7777).toBe(0o700);
  expect(readFileSync(site.drop('a.eml', 'x'), 'utf8')).toBe('x');
  site.dropAtOnce('b.eml', 'y');
  expect(site.waiting()).toEqual(['a.eml', 'b.eml']);
  expect(readFileSync(site.configFile, 'utf8')).toContain(`directory: ${site.pickup}\n`);
  expect(readFileSync(site.configFile, 'utf8')).toContain('settleMs: 50');
  expect([site.pickedUp(), site.quarantined(), [...site.archived()], site.auditRecords()]).toEqual([[], [], [], []]);
  site.remove();
  expect(existsSync(site.directory)).toBe(false);
});

test('waiting gives up at its deadline with the last cause', async () => {
  let looks = 0;
  expect(await waitFor('three looks', () => ++looks === 3)).toBe(true);
  const failing = () => {
    throw new Error('still locked');
  };
  await expect(waitFor('a key', failing, { deadlineMs: 30 })).rejects.toMatchObject({
    message: 'waited 30 ms in vain for a key',
    cause: new Error('still locked'),
  });
});

test('a program that a test leaves behind is noted, and killed at the end of the run', async () => {
  const left = new Program([], { program: patient });
  await left.untilOutput(/ready/);
  // A run of its own: other test files' programs must live.
  const run = makeTemp('leftovers');
  note(left.pid, patient, run);
  killLeftOver(run);
  expect(await left.exit).toEqual({ status: null, signal: 'SIGKILL' });
});
