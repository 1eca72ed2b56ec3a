import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EntryWriter } from '../../../src/archive/entry-writer.js';
import type { Entry } from '../../../src/audit/record.js';
import { loadConfig } from '../../../src/config/load.js';
import { finishCommit } from '../../../src/daemon/recovery/finish-commit.js';
import { runBatch } from '../../../src/daemon/worker/batch.js';
import type { HandedOver, WorkerContext } from '../../../src/daemon/worker/context.js';
import { jobFromWork } from '../../../src/daemon/worker/job.js';
import { Sealer } from '../../../src/daemon/worker/sealer.js';
import { KeyDirectory } from '../../../src/keys/key-directory.js';
import { newMessageId } from '../../../src/message-id.js';
import { bootId } from '../../../src/spool/boot-id.js';
import { spoolLayout } from '../../../src/spool/layout.js';
import { prepareSpool } from '../../../src/spool/prepare.js';
import { ensureMarker } from '../../../src/spool/staging-marker.js';
import { rejectionOf } from '../../delivery/thrown.js';
import type { Site } from '../../kit/site.js';
import { letter, newSite } from '../site.js';

let site: Site;
let records: Entry[];
let handedOver: HandedOver[];
beforeEach(() => {
  site = newSite('');
  records = [];
  handedOver = [];
});
afterEach(() => site.remove());

const away = () => `${site.pickup}.away`;

/** A batch of one message whose pickup directory goes away when its intent is durable, as a mount can at any moment. */
function contextWith(fallback: string, when: 'intent' | 'never'): WorkerContext {
  site.configure(fallback);
  const config = loadConfig(site.configFile, {});
  const layout = spoolLayout(site.spool);
  prepareSpool(layout, { submitGid: undefined, auditGid: undefined });
  const keys = new KeyDirectory(config.keys);
  return {
    config,
    layout,
    keys,
    sealer: new Sealer(config, keys, []),
    audit: {
      append: async (entries) => {
        records.push(...entries);
        if (entries.some(({ event }) => event === when)) renameSync(site.pickup, away());
      },
    },
    bootId: bootId(),
    marker: ensureMarker(site.staging),
    pickupFault: undefined,
    archive: new EntryWriter({ directory: layout.archive, group: undefined, compress: 'none', encryptTo: [], second: undefined }),
    now: () => new Date(),
    patiently: async (step) => step(),
    submitterOf: () => undefined,
    keepOnce: (_fingerprint, step) => step(),
    handOver: (message) => handedOver.push(message),
  };
}

function jobIn(context: WorkerContext) {
  const id = newMessageId(Date.now());
  const bytes = Buffer.from(letter('one'));
  const path = join(context.layout.work, `${id}.eml`);
  writeFileSync(path, bytes);
  const own = { path, sizeBytes: bytes.length, sha256: '' };
  return jobFromWork({ id, file: 'one.eml', uid: 0, accepted: true, bytes, own, ticket: undefined });
}

const withFallback = '  fallback: smtp\n  smtp: { host: 127.0.0.1 }\n';

describe('a pickup directory that goes away between intent and rename', () => {
  it('holds up no worker where there is a fallback, and the copy is committed when it is back, once', async () => {
    const context = contextWith(withFallback, 'intent');
    const job = jobIn(context);
    await runBatch([job], context);
    expect(records.map(({ event }) => event)).toEqual(['intent']);
    expect(handedOver.map(({ intent }) => intent.copies.map(({ via, pending }) => [via, pending]))).toEqual([
      [['pickup', ['bob@example.net']]],
    ]);
    expect(readdirSync(site.staging).filter((name) => name.endsWith('.eml'))).toHaveLength(1);

    const world = { ...context, pickupStep: async <T>(step: () => T) => step() };
    const [message] = handedOver as [HandedOver];
    expect(await rejectionOf(finishCommit(world, message))).toMatchObject({ code: 'directory-missing', disposition: 'wait' });
    renameSync(away(), site.pickup);
    expect(await finishCommit(world, message)).toEqual({ kind: 'finished' });
    expect(site.pickedUp()).toHaveLength(1);
    expect(records.map(({ event, outcome }) => [event, outcome])).toEqual([
      ['intent', undefined],
      ['committed', 'handed-to-mta'],
    ]);
    expect(readdirSync(context.layout.work).filter((name) => name.endsWith('.eml'))).toEqual([]);
  });

  it('is waited for where there is none', async () => {
    const context = contextWith('', 'intent');
    expect(await rejectionOf(runBatch([jobIn(context)], context))).toMatchObject({ code: 'directory-missing', disposition: 'wait' });
    expect(handedOver).toEqual([]);
  });
});

describe('a pickup directory that goes away before the intent', () => {
  it('is not named by it: the copy is staged for the fallback, without envelope lines', async () => {
    const context = contextWith(withFallback, 'never');
    renameSync(site.pickup, away());
    await runBatch([jobIn(context)], context);
    const [message] = handedOver;
    expect(message?.intent.copies).toMatchObject([{ via: 'smtp', fallback: 'directory-missing', pending: ['bob@example.net'] }]);
    expect(readdirSync(site.staging).filter((name) => name.endsWith('.eml'))).toEqual([]);
    expect(readdirSync(context.layout.sealed)).toEqual([message?.intent.copies[0]?.name]);
  });

  it('counts as lost when another one, without our marker, stands in its place', async () => {
    const context = contextWith(withFallback, 'never');
    renameSync(site.staging, `${site.staging}.away`);
    mkdirSync(site.staging);
    await runBatch([jobIn(context)], context);
    expect(handedOver[0]?.intent.copies).toMatchObject([{ via: 'smtp', fallback: 'staging-lost' }]);
  });
});
