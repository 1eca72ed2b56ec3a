import { renameSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type DirectoryListing, lookAgain } from '../../src/keys/directory-listing.js';
import { makeTemp } from '../kit/temp.js';
import { emptyDirectory, faultOf, put } from './support.js';

const LATER_MS = 60_000;

describe('the names of a directory', () => {
  it('are read once as long as nothing is added or removed', () => {
    const directory = emptyDirectory();
    const clock = (): number => Date.now() + LATER_MS;
    const listing = lookAgain(directory, undefined, clock);
    expect(lookAgain(directory, listing, clock)).toBe(listing);
  });

  it.each([
    ['added', (directory: string) => void put(directory, 'b@example.com.crt', '')],
    ['removed', (directory: string) => rmSync(`${directory}/a@example.com.crt`)],
    ['renamed', (directory: string) => renameSync(`${directory}/a@example.com.crt`, `${directory}/b@example.com.crt`)],
  ])('are read again after a file was %s', (_, change) => {
    const directory = emptyDirectory();
    put(directory, 'a@example.com.crt', '');
    const clock = (): number => Date.now() + LATER_MS;
    const before = lookAgain(directory, undefined, clock);
    change(directory);
    const after = lookAgain(directory, before, clock);
    expect(after.index.addresses()).not.toEqual(before.index.addresses());
  });

  it('are read again each time while the directory is so young that a change may leave no trace', () => {
    const directory = emptyDirectory();
    let nowMs = Date.now();
    const look = (before?: DirectoryListing): DirectoryListing => lookAgain(directory, before, () => nowMs);
    const first = look();
    nowMs += 1000;
    const second = look(first);
    expect(second).not.toBe(first);
    nowMs += LATER_MS;
    const third = look(second);
    expect(third).not.toBe(second);
    expect(look(third)).toBe(third);
  });
});

describe('a directory that cannot be read', () => {
  it.each([
    ['that is missing', () => `${makeTemp('keys')}/none`],
    ['that is a file', () => put(makeTemp('keys'), 'keys', '')],
  ])('makes intake wait (%s)', (_, make) => {
    const directory = make();
    const fault = faultOf(() => lookAgain(directory, undefined, Date.now));
    expect(fault).toMatchObject({ code: 'keys-unreadable', disposition: 'wait' });
    expect(fault.message).toContain(directory);
  });
});
