import { beforeEach, expect, test } from 'vitest';
import { Health } from '../../src/daemon/health.js';
import type { PlainFault } from '../../src/daemon/protocol.js';
import type { Waiting } from '../../src/spool/claim.js';

let lines: string[];
let health: Health;
beforeEach(() => {
  lines = [];
  health = new Health({ warn: (text) => lines.push(`warn ${text}`), info: (text) => lines.push(`info ${text}`) });
});

test('a pause is told once, whatever file it strikes next, and once more when it is over', () => {
  for (const file of ['a', 'b', 'a', 'b']) health.pause('worker 0', fullFor(file));
  expect(health.report()).toMatchObject({ status: 'waiting', pauses: [{ where: 'worker 0', code: 'disk-full', message: 'b: no space' }] });
  health.pause('worker 0', undefined);
  health.pause('worker 0', undefined);
  expect(health.report()).toMatchObject({ status: 'ok', pauses: [] });
  expect(lines).toEqual(['warn a: no space', 'info works again']);
});

test('a pause of another kind at the same place is told, and has lasted since the first', () => {
  health.pause('worker 0', fullFor('a'));
  const since = health.report().pauses[0]?.since;
  health.pause('worker 0', { ...fullFor('a'), code: 'read-only', message: 'read-only' });
  expect(lines).toEqual(['warn a: no space', 'warn read-only']);
  expect(health.report().pauses[0]).toMatchObject({ code: 'read-only', since });
});

test('what others do the work of is told and listed, and nothing waits for it', () => {
  for (let n = 0; n < 2; n++) health.trouble('smtp mx1:25', { ...fullFor('mx1'), code: 'smtp-unavailable' });
  expect(health.report()).toMatchObject({ status: 'ok', pauses: [], troubles: [{ where: 'smtp mx1:25', code: 'smtp-unavailable' }] });
  health.trouble('smtp mx1:25', undefined);
  expect(health.report().troubles).toEqual([]);
  expect(lines).toEqual(['warn mx1: no space', 'info works again']);
});

test('a file that waits is told once a reason, and forgotten when it is seen no more', () => {
  health.fileWaits(waiting('a.eml', 'unreadable'), 1);
  health.fileWaits(waiting('a.eml', 'unreadable'), 2);
  health.forgetFilesNotSeenSince(2);
  expect(health.report().waitingFiles).toMatchObject([{ file: 'a.eml', door: 'new', code: 'unreadable', cure: 'A cure.' }]);
  expect(lines).toEqual(['warn left in the outbox: a.eml unreadable']);
  health.forgetFilesNotSeenSince(3);
  expect(health.report().waitingFiles).toEqual([]);
});

test('the ordinary quiet time of the guessing door is no news', () => {
  health.fileWaits(waiting('a.eml', 'not-settled'), 1);
  expect(health.report().waitingFiles).toEqual([]);
  expect(lines).toEqual([]);
});

test('however many files wait, health holds and tells a hundred', () => {
  for (let n = 0; n < 1000; n++) health.fileWaits(waiting(`${n}.eml`, 'unreadable'), 1);
  expect(health.report().waitingFiles).toHaveLength(100);
  expect(lines.length).toBeLessThanOrEqual(101);
});

function fullFor(file: string): PlainFault {
  return { code: 'disk-full', message: `${file}: no space`, disposition: 'wait', cure: 'Free some.' };
}

function waiting(name: string, code: string): Waiting {
  return { kind: 'waiting', candidate: { door: 'new', name }, code, text: `${name} ${code}`, cure: 'A cure.' };
}
