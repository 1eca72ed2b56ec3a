import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkpointPath } from '../../src/audit/checkpoint/files.js';
import { proveRecord } from '../../src/audit/proof/prove.js';
import { chainLinesIn, entryAbout } from '../audit/chain.js';
import { identityIn, openTrail, writeAuditIdentity } from '../audit/checkpoint/kit.js';
import { openssl } from '../kit/openssl-cli.js';
import { makeTemp, removeTemp } from '../kit/temp.js';
import { read } from './pages.js';

const page = read('docs/checkpoints.md');
let directory: string;
let certificate: string;

beforeAll(async () => {
  directory = makeTemp('docs-checkpoints');
  const key = writeAuditIdentity(directory);
  certificate = key.replace(/pem$/, 'crt');
  const trail = await openTrail(join(directory, 'audit'), identityIn(key));
  for (let n = 1; n <= 12; n++) await trail.writer.append([entryAbout(`thing ${n}`)]);
  await trail.maker.make();
  await trail.close();
});
afterAll(() => removeTemp(directory));

/** What the page's openssl command prints, with the files exchanged for ours. */
function content(): { records: number; root: string; [member: string]: unknown } {
  const [, command = ''] = /^(openssl cms -verify .*)$/m.exec(page) ?? [];
  const args = command
    .replace('00000012.p7s', checkpointPath(join(directory, 'audit'), 1))
    .replace('audit.crt', certificate)
    .split(' ')
    .slice(1);
  return JSON.parse(openssl(args).toString()) as { records: number; root: string };
}

describe('docs/checkpoints.md', () => {
  test('lists the members that the content has', () => {
    const table = /\| member .*?\n\n/s.exec(page)?.[0] ?? '';
    const listed = [...table.matchAll(/^\| ((?:`\w+`(?:, )?)+)/gm)].flatMap(([, names = '']) => names.replaceAll('`', '').split(', '));
    expect(listed.toSorted()).toEqual(Object.keys(content()).toSorted());
  });

  test('has a shell function that checks a proof with openssl alone', () => {
    const [, script = ''] = /```bash\n(.*?)```/s.exec(page) ?? [];
    const line = join(directory, 'line');
    const { records, root } = content();
    const rootOf = (seq: number, path: readonly string[]) =>
      execFileSync('bash', ['-c', `${script}\nproof-root "$@"`, 'bash', line, String(seq), String(records), ...path])
        .toString()
        .trim();
    for (const seq of [1, 2, 7, 8, 13]) {
      const [record] = proveRecord(join(directory, 'audit'), seq).records;
      writeFileSync(line, record?.line ?? '');
      expect(record?.line).toBe(chainLinesIn(join(directory, 'audit'))[seq - 1]);
      expect(rootOf(seq, record?.path ?? [])).toBe(root);
      writeFileSync(line, `${record?.line} `);
      expect(rootOf(seq, record?.path ?? [])).not.toBe(root);
    }
  });
});
