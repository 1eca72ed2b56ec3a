import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { archivedFiles } from '../../src/archive/store.js';
import { verifyTrail } from '../../src/archive/verify.js';
import { verifyChain } from '../../src/audit/verify.js';
import { makeTemp } from '../kit/temp.js';

describe('an archive made for benchmarks', () => {
  test.each([['encrypted only'], ['signed', '--signed']])('%s verifies as one that the daemon has made', (_, ...more) => {
    const directory = made('600', ...more);
    const { findings, archived } = verifyTrail(join(directory, 'audit'), join(directory, 'archive'), join(directory, 'work'));
    expect(findings).toEqual([]);
    expect(archived).toBe(600);
  });

  test('holds signatures of its senders when they are asked for', () => {
    const signatures: unknown[] = [];
    verifyChain(join(made('64', '--signed'), 'audit'), ({ record, detail }) => {
      if (record.event === 'intent') signatures.push(...(detail as { signerInfos: unknown[] }).signerInfos);
    });
    expect(signatures.length).toBeGreaterThanOrEqual(64);
  });

  test('holds mail of the size asked for', () => {
    const directory = join(made('64', '--size', '9000'), 'archive');
    for (const { path } of archivedFiles(directory)) expect(Math.abs(readFileSync(join(directory, path)).length - 9000)).toBeLessThan(200);
  });
});

function made(messages: string, ...more: string[]): string {
  const directory = join(makeTemp('made-archive'), 'site');
  execFileSync(process.execPath, ['bench/make-archive.mjs', '--messages', messages, '--dir', directory, '--days', '3', ...more]);
  return join(directory, 'spool');
}
