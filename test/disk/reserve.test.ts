import { describe, expect, it } from 'vitest';
import { bytesText, isBelow, nearlyFull, reserveOf } from '../../src/disk/reserve.js';
import { roomOf } from '../../src/disk/room.js';
import { makeTemp } from '../kit/temp.js';

const [MiB, GiB] = [1024 ** 2, 1024 ** 3];

describe('what is kept free', () => {
  it.each([
    ['a RAM disk of 4 MiB', 4 * MiB, Math.floor(0.08 * MiB)],
    ['a small server of 20 GiB', 20 * GiB, Math.floor(0.4 * GiB)],
    ['a large disk', 8000 * GiB, GiB],
    ['a file system that does not tell its size', 0, 0],
  ])('of itself, on %s, is a fiftieth and at most 1 GiB', (_what, totalBytes, bytes) => {
    expect(reserveOf({ totalBytes, totalInodes: 0 }, 'auto')).toEqual({ bytes, inodes: 0 });
  });

  it('is what the configuration says, or nothing', () => {
    const room = { totalBytes: 100 * GiB, totalInodes: 1000 };
    expect(reserveOf(room, 5 * GiB)).toEqual({ bytes: 5 * GiB, inodes: 20 });
    expect(reserveOf(room, null)).toEqual({ bytes: 0, inodes: 0 });
    expect(isBelow({ freeBytes: 0, freeInodes: 0 }, reserveOf(room, null))).toBe(false);
  });

  it('holds for inodes as well as for octets', () => {
    const reserve = reserveOf({ totalBytes: 100 * GiB, totalInodes: 1000 }, 'auto');
    expect(isBelow({ freeBytes: GiB, freeInodes: 20 }, reserve)).toBe(false);
    expect(isBelow({ freeBytes: GiB - 1, freeInodes: 20 }, reserve)).toBe(true);
    expect(isBelow({ freeBytes: GiB, freeInodes: 19 }, reserve)).toBe(true);
  });

  it('is named with what is free, what is kept, and what it takes to go on', async () => {
    const room = { ...(await roomOf(makeTemp('room'))), path: '/spool', freeBytes: 900 * MiB, freeInodes: 900 };
    const { message, cure, code, disposition } = nearlyFull(room, { bytes: GiB, inodes: 100 }, 1.1);
    expect({ code, disposition }).toEqual({ code: 'disk-nearly-full', disposition: 'wait' });
    expect(message).toBe('900 MiB are free on the file system of /spool, and 1.0 GiB are kept free (archive.minFree)');
    expect(cure).toContain('once 1.1 GiB are free');
    expect(nearlyFull({ ...room, freeBytes: 2 * GiB }, { bytes: GiB, inodes: 1000 }, 1.1).message).toContain('900 inodes are free');
  });
});

describe('the room on a file system', () => {
  it('adds up', async () => {
    const { totalBytes, usedBytes, freeBytes, totalInodes, usedInodes, freeInodes } = await roomOf(makeTemp('room'));
    expect(usedBytes).toBeGreaterThan(0);
    expect(usedBytes + freeBytes).toBeLessThanOrEqual(totalBytes);
    expect(usedInodes + freeInodes).toBe(totalInodes);
  });

  it('of a place that is not there is waited for', async () => {
    await expect(roomOf('/nowhere/at/all')).rejects.toMatchObject({ code: 'directory-missing', disposition: 'wait' });
  });
});

describe('octets for people', () => {
  it.each([
    [0, '0 bytes'],
    [1023, '1023 bytes'],
    [1536, '1.5 KiB'],
    [20 * MiB, '20 MiB'],
    [3.25 * 1024 * GiB, '3.3 TiB'],
  ])('%d are %s', (bytes, text) => expect(bytesText(bytes)).toBe(text));
});
