import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { EntryWriter } from '../../../src/archive/entry-writer.js';
import type { WorkerContext } from '../../../src/daemon/worker/context.js';
import { type Job, jobFromClaim } from '../../../src/daemon/worker/job.js';
import type { SealedMessage } from '../../../src/daemon/worker/sealer.js';
import { writeAll } from '../../../src/daemon/worker/write-out.js';
import { newMessageId } from '../../../src/message-id.js';
import { spoolLayout } from '../../../src/spool/layout.js';
import { prepareSpool } from '../../../src/spool/prepare.js';
import { ensureMarker } from '../../../src/spool/staging-marker.js';
import { makeTemp, removeTemp } from '../../kit/temp.js';

const root = makeTemp('write-out');
afterEach(() => removeTemp(root));

test('a staging directory that goes away while a copy is written, and comes back with it, ends nothing: the copy is made anew', async () => {
  const staging = `${root}/staging`;
  mkdirSync(staging);
  const layout = spoolLayout(`${root}/spool`);
  prepareSpool(layout, { submitGid: undefined, auditGid: undefined });
  let unmount = true;
  const copy = {
    sizeBytes: 6,
    *pieces() {
      if (unmount) {
        renameSync(staging, `${staging}.away`);
        mkdirSync(staging);
      }
      unmount = false;
      yield Buffer.from('sealed');
    },
  };
  const job = jobWith(copy);
  const config = { delivery: { pickup: { staging, directory: `${root}/pickup` } } };
  const archive = new EntryWriter({ directory: layout.archive, group: undefined, compress: 'none', encryptTo: [], second: undefined });
  const context = {
    layout,
    archive,
    config,
    marker: ensureMarker(staging),
    bootId: 'boot',
    keepOnce: () => {},
  } as unknown as WorkerContext;

  await expect(writeAll([job], context)).rejects.toMatchObject({ code: 'staging-lost', disposition: 'wait' });
  expect(job.intent).toBeUndefined();
  rmdirSync(staging);
  renameSync(`${staging}.away`, staging);
  expect(readdirSync(staging)).toContain(`${job.id}-1.eml`);

  await writeAll([job], context);
  expect(job.intent?.copies.map(({ name }) => name)).toEqual([`${job.id}-1.eml`]);
  expect(readFileSync(`${staging}/${job.id}-1.eml`, 'utf8')).toBe('sealed');
});

function jobWith(copy: { sizeBytes: number; pieces(): Iterable<Buffer> }): Job {
  const claim = { id: newMessageId(Date.now()), door: 'new', submittedAs: 'a.eml', uid: 0, sizeBytes: 4, fault: undefined } as const;
  const job = jobFromClaim({ ...claim, path: Buffer.from('a.eml'), bytes: Buffer.from('mail') });
  const plan = { number: 1, via: 'pickup', recipients: ['bob@example.net'] };
  job.sealed = { plan: {}, copies: [{ plan, sealed: copy, message: copy, hidden: [] }], certificates: [] } as unknown as SealedMessage;
  return job;
}
