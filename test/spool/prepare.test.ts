import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { spoolLayout } from '../../src/spool/layout.js';
import { checkOutbox, checkVolatile, gidOf, prepareSpool } from '../../src/spool/prepare.js';
import { makeTemp } from '../kit/temp.js';
import { describeWith } from '../kit/tools.js';
import { makeSpool } from './spool.js';

const nobody = 65534;

describe('a new spool', () => {
  test('is for us alone when nobody else may drop mail', () => {
    const layout = makeSpool();
    expect(modeOf(layout.root)).toBe(0o711);
    const { outbox, outboxTmp, outboxNew, work, claimed, sealed, retry, quarantine, audit, archive } = layout;
    for (const path of [outbox, outboxTmp, outboxNew, work, claimed, sealed, retry, quarantine, audit, archive]) {
      expect(modeOf(path), path).toBe(0o700);
    }
    expect(() => checkOutbox(layout, false)).not.toThrow();
  });

  test('is made the same whatever our umask', () => {
    const before = process.umask(0o777);
    try {
      expect(modeOf(makeSpool().root)).toBe(0o711);
    } finally {
      process.umask(before);
    }
  });

  test('is completed, and what is there already is not changed', () => {
    const layout = makeSpool();
    chmodSync(layout.archive, 0o755);
    writeFileSync(join(layout.work, 'kept'), '');
    prepareSpool(layout, { submitGid: nobody, auditGid: nobody });
    expect(modeOf(layout.archive)).toBe(0o755);
    expect(modeOf(layout.outbox)).toBe(0o700);
    expect(statSync(join(layout.work, 'kept')).size).toBe(0);
  });
});

describeWith(['root', 'setfacl'], 'a new spool that others may drop mail into', () => {
  test('gives the outbox to the submitters’ group, sticky, and archive and audit trail to the auditors’', () => {
    const layout = spoolLayout(join(makeTemp('spool'), 'spool'));
    prepareSpool(layout, { submitGid: nobody, auditGid: nobody });
    for (const path of [layout.outbox, layout.outboxTmp, layout.outboxNew]) {
      expect(statSync(path).gid).toBe(nobody);
      // The access ACL's mask shows in the group bits; it is what was asked for.
      expect(modeOf(path), path).toBe(0o3730);
    }
    for (const path of [layout.archive, layout.audit]) expect([path, statSync(path).gid, modeOf(path)]).toEqual([path, nobody, 0o2750]);
    for (const path of [layout.work, layout.quarantine]) expect(modeOf(path), path).toBe(0o700);
    expect(() => checkOutbox(layout, true)).not.toThrow();
  });

  test('lets us read what others create there under any umask', () => {
    const layout = spoolLayout(join(makeTemp('spool'), 'spool'));
    prepareSpool(layout, { submitGid: nobody, auditGid: undefined });
    for (const path of [layout.outbox, layout.outboxTmp, layout.outboxNew]) {
      const acl = execFileSync('getfacl', ['-cnp', path], { encoding: 'utf8' });
      expect(acl).toContain(`default:user:${process.getuid?.()}:r--`);
      expect(acl).toMatch(/^default:other::---/m);
      // Who may use the door itself is said by its mode alone.
      expect(acl).toMatch(/^user::rwx\ngroup::-wx\nother::---\ndefault/);
    }
  });
});

describeWith(['root'], 'an outbox is refused', () => {
  test.each(['outbox', 'outboxNew', 'outboxTmp'] as const)('when %s belongs to somebody else', (which) => {
    const layout = makeSpool();
    chownSync(layout[which], nobody, -1);
    expect(() => checkOutbox(layout, true)).toThrow(
      expect.objectContaining({ code: 'outbox-not-ours', cure: `Run "chown ${process.getuid?.()} ${layout[which]}".` }),
    );
  });

  test.each([0o770, 0o702, 0o2730, 0o777])('when others may write to it and it is not sticky (%o)', (mode) => {
    const layout = makeSpool();
    chmodSync(layout.outboxNew, mode);
    expect(() => checkOutbox(layout, true)).toThrow(expect.objectContaining({ code: 'outbox-not-sticky' }));
  });

  test.each([0o3730, 0o1777])('when others may write to it and nothing says who may send as whom (%o)', (mode) => {
    const layout = makeSpool();
    chmodSync(layout.outbox, mode);
    expect(() => checkOutbox(layout, false)).toThrow(expect.objectContaining({ code: 'senders-missing' }));
    expect(() => checkOutbox(layout, true)).not.toThrow();
  });
});

test('a directory in memory is refused unless that is allowed', () => {
  const inMemory = ['/dev/shm', '/run'].find((path) => statfsSync(path).type === 0x01021994);
  expect(inMemory).toBeDefined();
  expect(() => checkVolatile(inMemory ?? '', false)).toThrow(expect.objectContaining({ code: 'volatile-directory', disposition: 'fatal' }));
  expect(() => checkVolatile(inMemory ?? '', true)).not.toThrow();
  const onDisk = makeTemp('disk');
  mkdirSync(join(onDisk, 'a'));
  expect(() => checkVolatile(onDisk, false)).not.toThrow();
});

test('a group has a number, and one that does not exist has none', () => {
  expect(gidOf('root')).toBe(0);
  expect(gidOf('no-such-group-here')).toBeUndefined();
});

function modeOf(path: string): number {
  return statSync(path).mode & 0o7777;
}
