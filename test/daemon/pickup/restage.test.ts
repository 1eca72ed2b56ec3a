import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Entry } from '../../../src/audit/record.js';
import type { TrailRecord } from '../../../src/audit/trail.js';
import { restageAll } from '../../../src/daemon/pickup/restage.js';
import { newMessageId } from '../../../src/message-id.js';
import { copyName, firstNumberAgain, spoolLayout } from '../../../src/spool/layout.js';
import { writeRefused } from '../../../src/spool/refused-copy.js';
import { ensureMarker } from '../../../src/spool/staging-marker.js';
import { makeTemp, removeTemp } from '../../kit/temp.js';

let directory: string;
beforeEach(() => {
  directory = makeTemp('restage');
});
afterEach(() => removeTemp(directory));

describe('a copy that is released', () => {
  test('goes to the MTA under a number of its own when what was recorded of its message was erased meanwhile', async () => {
    const layout = spoolLayout(join(directory, 'spool'));
    const pickup = { directory: join(directory, 'pickup'), staging: join(directory, 'staging') };
    for (const path of [layout.again, layout.refused, pickup.directory, pickup.staging]) mkdirSync(path, { recursive: true });
    const id = newMessageId(Date.now());
    const sealed = Buffer.from('sealed');
    writeFileSync(join(layout.again, copyName(id, firstNumberAgain)), sealed);
    writeRefused(layout.again, {
      version: 1,
      id,
      number: firstNumberAgain,
      file: 'a.eml',
      foundAs: 'a',
      stamp: 's',
      time: new Date().toISOString(),
      code: 'rejected-by-mta',
      message: '',
      cure: '',
      archive: '',
      sizeBytes: sealed.length,
      sha256: createHash('sha256').update(sealed).digest('hex'),
      unaltered: true,
      recipients: ['bob@example.net'],
    });
    const erased = ['accepted', 'intent', 'committed', 'rejected', 'copy-released', 'restaged', 'committed'];
    const records: TrailRecord[] = erased.map((event, index) => ({ seq: index + 1, event, time: '', detail: undefined }));
    const appended: Entry[] = [];
    await restageAll({
      layout,
      audit: {
        append: async (entries) => {
          appended.push(...entries);
        },
      },
      trailOf: async () => new Map([[id, records]]),
      pickup,
      bootId: 'boot',
      marker: ensureMarker(pickup.staging),
      now: () => new Date(),
      patiently: async (step) => step(),
    });
    expect(readdirSync(pickup.directory)).toEqual([copyName(id, firstNumberAgain + 1)]);
    expect(readdirSync(layout.again)).toEqual([]);
    expect(appended.map(({ event }) => event)).toEqual(['restaged', 'committed']);
  });
});
