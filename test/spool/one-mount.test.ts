import { chmodSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { SpoolLayout } from '../../src/spool/layout.js';
import { proveOneMount } from '../../src/spool/one-mount.js';
import { describeWithMounts, mountFrom, remount } from '../disk/mounts.js';
import { makeSpool } from './spool.js';

test('a spool on one mount is proven, and nothing is left in it', () => {
  const layout = makeSpool();
  proveOneMount(layout);
  expect(filesIn(layout)).toEqual([]);
});

describeWithMounts('a spool', () => {
  test.each(['outbox', 'outboxNew', 'claimed', 'work', 'retry', 'quarantine', 'archive'] as const)(
    'whose %s is a mount of its own is refused, and nothing is left in it',
    (part) => {
      const layout = makeSpool();
      mountFrom(layout[part], layout[part]);
      expect(() => proveOneMount(layout)).toThrow(expect.objectContaining({ code: 'rename-crosses-mounts', disposition: 'fatal' }));
      expect(filesIn(layout)).toEqual([]);
    },
  );

  test('that is a mount of its own as a whole is proven', () => {
    const layout = makeSpool();
    mountFrom(layout.root, layout.root);
    expect(() => proveOneMount(layout)).not.toThrow();
  });

  test('on a read-only disk is neither proven nor refused', () => {
    const layout = makeSpool();
    mountFrom(layout.root, layout.root);
    remount(layout.root, 'ro');
    expect(() => proveOneMount(layout)).not.toThrow();
    remount(layout.root, 'rw');
    chmodSync(layout.root, 0o711);
  });
});

function filesIn({ root }: SpoolLayout): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('probe'));
}
