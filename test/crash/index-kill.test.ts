import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { findMessages } from '../../src/archive/index/find.js';
import { numberAt } from '../../src/archive/index/number.js';
import { openIndex } from '../../src/archive/index/open-index.js';
import { updateIndex } from '../../src/archive/index/update.js';
import { Program } from '../kit/daemon.js';
import { Random } from '../kit/random.js';
import { makeTemp } from '../kit/temp.js';
import { waitFor } from '../kit/wait-for.js';

const messages = 9000;
const kills = Number(process.env.SEALDROP_CRASH_KILLS ?? 6);
const site = join(makeTemp('index-kill'), 'site');
const [config, spool] = [join(site, 'sealdrop.yaml'), join(site, 'spool')];
const place = { audit: join(spool, 'audit'), archive: join(spool, 'archive'), index: join(spool, 'index') };
const [file, building] = [join(place.index, 'messages.sqlite'), join(place.index, 'building.sqlite')];

beforeAll(() => {
  execFileSync(process.execPath, ['bench/make-archive.mjs', '--messages', String(messages), '--dir', site, '--days', '2', '--size', '600']);
});

describe('a run that makes the index, killed at random moments', { timeout: 300_000 }, () => {
  it('leaves nothing that keeps the next one from making it whole', async () => {
    const random = new Random(1);
    for (let kill = 0; kill < kills; kill++) {
      const run = new Program(['archive', 'index', '-c', config, ...(random.chance(0.3) ? ['--rebuild'] : [])]);
      await waitFor('it to begin', () => run.hasEnded || existsSync(building));
      await new Promise((resolve) => setTimeout(resolve, random.between(0, 900)));
      await run.kill();
    }
    expect(await updateIndex(place)).toMatchObject({ kind: 'current' });
    expectWhole();
  });

  it('leaves the old index as it was until the new one is whole', async () => {
    expectWhole();
    const run = new Program(['archive', 'index', '-c', config, '--rebuild']);
    await run.until('it to begin', () => existsSync(building));
    expectWhole();
    await run.kill();
    expectWhole();
  });

  it('goes on after kills while it catches up, and takes no message twice or not at all', async () => {
    const random = new Random(2);
    const middle = partlyRead();
    for (let kill = 0; kill < kills; kill++) {
      rewind(middle);
      const run = new Program(['archive', 'index', '-c', config]);
      await waitFor('it to write', () => run.hasEnded || existsSync(`${file}-journal`));
      await new Promise((resolve) => setTimeout(resolve, random.between(0, 300)));
      await run.kill();
    }
    expect(await updateIndex(place)).toMatchObject({ kind: 'current', rebuilt: false });
    expectWhole();
  });
});

/** Takes what the index knows of the newer half out of it again, and the place it has reached back to the middle of the chain. */
function rewind(middle: string): void {
  const opened = openIndex(file, undefined);
  if ('unusable' in opened) throw new Error(opened.unusable);
  const { database } = opened;
  const after = numberAt(Date.parse((JSON.parse(middle) as { time: string }).time));
  database.prepare('delete from subject where n>?').run([after]);
  database.prepare("update meta set value=? where key='reached'").run([middle]);
  database.close();
}

/** The place in the chain that a run reaches which is told to stop after its first batch. */
function partlyRead(): string {
  const other = { ...place, index: join(spool, 'other') };
  rmSync(other.index, { recursive: true, force: true });
  execFileSync(process.execPath, [
    '-e',
    `import('${join(process.cwd(), 'dist/archive/index/update.js')}').then(({ updateIndex }) => updateIndex(${JSON.stringify(other)}, { isStopping: () => true }))`,
  ]);
  const opened = openIndex(join(other.index, 'building.sqlite'), undefined);
  if ('unusable' in opened) throw new Error(opened.unusable);
  const value = opened.database.prepare("select value from meta where key='reached'").get()?.value;
  opened.database.close();
  return String(value);
}

function expectWhole(): void {
  const opened = openIndex(file, place.audit);
  if ('unusable' in opened) throw new Error(opened.unusable);
  try {
    expect(opened.database.prepare('pragma integrity_check').get()).toMatchObject({ integrity_check: 'ok' });
    const found = [...findMessages(opened.database, {}, Number.MAX_SAFE_INTEGER)];
    expect(found).toHaveLength(messages);
    expect(new Set(found.map(({ subject }) => subject)).size).toBe(messages);
    expect([...findMessages(opened.database, { subject: 'no. ' }, Number.MAX_SAFE_INTEGER)].length).toBe(messages);
  } finally {
    opened.database.close();
  }
}
