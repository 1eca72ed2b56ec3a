import { expect, test } from 'vitest';
import { mountOf, parseMountInfo } from '../../../src/delivery/pickup/mount.js';

test('a line of mountinfo gives id, mount point with its blanks, and file system', () => {
  const text = '36 35 98:0 /mnt1 /mnt/a\\040b rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n';
  expect(parseMountInfo(text)).toEqual([{ id: 36, point: '/mnt/a b', fileSystem: 'ext3' }]);
});

test('the mount of /proc is the proc file system', () => {
  expect(mountOf('/proc')).toMatchObject({ point: '/proc', fileSystem: 'proc' });
});

test('a path that is not there has no mount', () => {
  expect(mountOf('/nowhere/at/all')).toBeUndefined();
});
