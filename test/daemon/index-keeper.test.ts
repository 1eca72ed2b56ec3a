import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findMessages } from '../../src/archive/index/find.js';
import { openIndex } from '../../src/archive/index/open-index.js';
import { startDaemon } from '../kit/daemon.js';
import type { Site } from '../kit/site.js';
import { expectWholeTrail, letter, newSite, subjectsPickedUp } from './site.js';

let site: Site;
afterEach(() => site.remove());
const indexFile = () => join(site.spool, 'index', 'messages.sqlite');

describe('the daemon', () => {
  it('has the index brought up to date while it runs, also after it was damaged', async () => {
    site = newSite('archive: { indexEveryMs: 100 }\n');
    const daemon = startDaemon(site);
    site.drop('a.eml', letter('first'));
    await daemon.until('the index to hold the first', () => indexed().includes('first'));
    writeFileSync(indexFile(), 'no database, but something that is long enough to be read as one'.repeat(200));
    site.drop('b.eml', letter('second'));
    await daemon.until('the index to hold both', () => ['first', 'second'].every((each) => indexed().includes(each)));
    expect((await daemon.terminate()).status).toBe(0);
    expectWholeTrail(site);
  });

  it('seals mail where the index cannot be written, and says so once', async () => {
    site = newSite('archive: { indexEveryMs: 100 }\n');
    // A directory where the file is to be: not even root can write there.
    mkdirSync(join(site.spool, 'index', 'writer.sqlite'), { recursive: true });
    const daemon = startDaemon(site);
    for (const subject of ['one', 'two', 'three']) {
      site.drop(`${subject}.eml`, letter(subject));
      await daemon.until(`${subject} in pickup`, () => subjectsPickedUp(site).includes(subject));
    }
    await daemon.untilOutput(/the search index is not up to date/);
    site.drop('four.eml', letter('four'));
    await daemon.until('four in pickup', () => subjectsPickedUp(site).includes('four'));
    expect((await daemon.terminate()).status).toBe(0);
    expect(daemon.stderr.match(/the search index is not up to date/g)).toHaveLength(1);
  });

  it('does not wait for an index that hangs when it is told to stop', async () => {
    site = newSite('archive: { indexEveryMs: 100 }\n');
    const daemon = startDaemon(site);
    await daemon.untilOutput(/watching the outbox/);
    // A process that is stopped is as one whose disk does not answer.
    const child = await daemon.until('the process of the index', () => indexProcessOf(daemon.pid));
    process.kill(child, 'SIGSTOP');
    expect((await daemon.terminate()).status).toBe(0);
    expect(existsSync(`/proc/${child}`)).toBe(false);
  });

  it('leaves the index alone where the configuration says so', async () => {
    site = newSite('archive: { index: off, indexEveryMs: 100 }\n');
    const daemon = startDaemon(site);
    site.drop('a.eml', letter('first'));
    await daemon.until('it in pickup', () => subjectsPickedUp(site).length === 1);
    await daemon.terminate();
    expect(existsSync(indexFile())).toBe(false);
    chmodSync(site.spool, 0o711);
    rmSync(join(site.spool, 'index'), { recursive: true });
  });
});

function indexed(): (string | undefined)[] {
  const opened = openIndex(indexFile(), undefined);
  if ('unusable' in opened) return [];
  try {
    return [...findMessages(opened.database, {}, 10)].map(({ subject }) => subject);
  } finally {
    opened.database.close();
  }
}

function indexProcessOf(pid: number): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return children.map(Number).find((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('archive\0index'));
}
