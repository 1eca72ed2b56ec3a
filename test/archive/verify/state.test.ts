import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SavedRuns } from '../../../src/archive/verify/state.js';
import { makeTemp } from '../../kit/temp.js';

/** A path that nobody can enter, whoever asks: beneath a file. */
function notToBeEntered(): string {
  const file = join(makeTemp('state'), 'file');
  writeFileSync(file, '');
  return join(file, 'state.json');
}

test('a verification for which no state was asked ends well where there can be none', () => {
  const runs = SavedRuns.open(notToBeEntered(), { about: 'x', seed: undefined, resume: false, mustBeSaved: false });
  expect(() => runs.remove()).not.toThrow();
});

test('one that was to be saved says that it cannot be', () => {
  const runs = SavedRuns.open(notToBeEntered(), { about: 'x', seed: undefined, resume: false, mustBeSaved: true });
  expect(() => runs.remove()).toThrow(expect.objectContaining({ code: expect.any(String) }));
});
