import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { destroyEntries } from '../../src/archive/destroy.js';
import { archiveDay } from '../../src/archive/path.js';
import { IdSet } from '../../src/id-set.js';
import { newMessageId } from '../../src/message-id.js';
import { disk } from '../disk/noted-fsync.js';
import { makeTemp } from '../kit/temp.js';

vi.mock('node:fs', async (original) => (await import('../disk/noted-fsync.js')).withNotedFsync(await original()));

test('destroying again, after a kill came between the removal and its being durable, makes it durable', async () => {
  const archive = makeTemp('destroy');
  const now = Date.now();
  const [id, kept] = [newMessageId(now), newMessageId(now)];
  const day = join(archive, archiveDay(id));
  mkdirSync(day, { recursive: true });
  for (const each of [id, kept]) writeFileSync(join(day, `${each}.eml`), 'letter');
  const ids = new IdSet();
  ids.add(id);
  rmSync(join(day, `${id}.eml`));
  expect(await destroyEntries(archive, ids, now)).toBe(0);
  expect(disk.synced).toContain(day);
});
