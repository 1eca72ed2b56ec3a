import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type PickupLimits, pickupDepth, pickupState } from '../../../src/delivery/pickup/depth.js';
import { newMessageId } from '../../../src/message-id.js';
import { makeTemp, removeTemp } from '../../kit/temp.js';

const minute = 60_000;
let directory: string;
beforeEach(() => {
  directory = makeTemp('depth');
});
afterEach(() => removeTemp(directory));

/** A file of ours whose message was taken `agoMs` ago; in the directory since now. */
function put(agoMs = 0): void {
  writeFileSync(join(directory, `${newMessageId(Date.now() - agoMs)}-1.eml`), '');
}
const limits = (change: Partial<PickupLimits> = {}): PickupLimits => ({ maxWaiting: 4, maxAge: 10 * minute, ...change });
const stateOf = (wasStuck = false, nowMs = Date.now(), change: Partial<PickupLimits> = {}) =>
  pickupState(directory, limits(change), wasStuck, nowMs);

describe('how much waits in pickup', () => {
  test('counts files of everybody, no directories', async () => {
    put();
    writeFileSync(join(directory, 'from-another-feeder'), '');
    mkdirSync(join(directory, 'sub'));
    expect(await pickupDepth(directory, limits(), 100, Date.now())).toEqual({ waiting: 2, countedAll: true, tooOldMs: undefined });
  });

  test('does not count further than it was told', async () => {
    for (let n = 0; n < 2000; n++) writeFileSync(join(directory, `file ${n}`), '');
    expect(await pickupDepth(directory, limits(), 5, Date.now())).toMatchObject({ waiting: 5, countedAll: false });
  });

  test('is no fault below the limit, and one from it on, that says how many, which limit and when it goes on', async () => {
    for (let n = 0; n < 3; n++) put();
    expect(await stateOf()).toEqual({ waiting: 3, fault: undefined });
    put();
    const { fault } = await stateOf();
    expect(fault).toMatchObject({ code: 'pickup-stuck', disposition: 'wait' });
    expect(fault?.message).toContain(`4 or more files wait in the pickup directory ${directory}`);
    expect(fault?.cure).toContain('when 2 or fewer wait');
  });

  test('once stuck, stays so until half are gone', async () => {
    for (let n = 0; n < 3; n++) put();
    expect((await stateOf(true)).fault?.message).toContain('3 files wait');
    expect((await stateOf(false)).fault).toBeUndefined();
    expect((await stateOf(true, Date.now(), { maxWaiting: 6 })).fault).toBeUndefined();
  });

  test('is a fault when one of ours has been lying there for too long', async () => {
    put();
    const { fault } = await stateOf(false, Date.now() + 11.5 * minute);
    expect(fault).toMatchObject({ code: 'pickup-stuck' });
    expect(fault?.message).toContain('for 11 min');
  });

  test('goes by the time a file came into the directory, not by the age of its message, nor by other people’s files', async () => {
    put(30 * 24 * 60 * minute);
    writeFileSync(join(directory, 'README'), '');
    expect((await stateOf()).fault).toBeUndefined();
    expect((await stateOf(false, Date.now() + 11.5 * minute)).fault).toBeDefined();
  });

  test('knows no limit that is off', async () => {
    for (let n = 0; n < 9; n++) put();
    expect((await stateOf(false, Date.now() + 11.5 * minute, { maxWaiting: null, maxAge: null })).fault).toBeUndefined();
  });

  test('waits for a directory that is not there', async () => {
    removeTemp(directory);
    await expect(stateOf()).rejects.toMatchObject({ code: 'directory-missing', disposition: 'wait' });
  });
});
