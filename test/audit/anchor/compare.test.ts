import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { anchorSource } from '../../../src/audit/anchor/anchor-source.js';
import { compareWithAnchor } from '../../../src/audit/anchor/compare.js';
import { checkpointPath } from '../../../src/audit/checkpoint/files.js';
import { makeTemp, removeTemp } from '../../kit/temp.js';
import { day, entryAbout, linesOf, recordsIn, writeTrail } from '../chain.js';
import { identityIn, openTrail, writeAuditIdentity } from '../checkpoint/kit.js';

let directory: string;
let audit: string;
let anchor: string;
let chain: string;
let servers: Server[] = [];

beforeEach(async () => {
  directory = makeTemp('anchor');
  audit = join(directory, 'audit');
  anchor = join(directory, 'anchor');
  ({ chain } = await writeTrail(audit, 20));
});
afterEach(() => {
  for (const server of servers) server.close().closeAllConnections();
  servers = [];
  removeTemp(directory);
});

const compare = (where = anchor, host?: string) => compareWithAnchor(audit, anchorSource(where), host);
const headOf = (n: number) => {
  const record = recordsIn(chain)[n - 1];
  return `head ${record?.seq} ${record?.hash}\n`;
};
/** Cuts the chain back to `count` records, as root could. */
const cutTo = (count: number) => writeFileSync(chain, `${linesOf(chain).slice(0, count).join('\n')}\n`);

async function serve(
  answer: (request: { url?: string | undefined }) => { status?: number; headers?: Record<string, string>; body: Iterable<string> },
) {
  const server = createServer((request, response) => {
    const { status = 200, headers = {}, body } = answer(request);
    response.writeHead(status, headers);
    for (const piece of body) response.write(piece);
    response.end();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the chain against an anchor', () => {
  test('agrees up to the highest record that the anchor has', async () => {
    writeFileSync(anchor, `${headOf(3)}# a comment\n${headOf(12)}${headOf(12)}{"seq":13,"broken`);
    expect(await compare()).toEqual({ anchor, matched: 3, upTo: 12, unreadableLines: 1, findings: [] });
  });

  test('ends before it when its tail was cut off', async () => {
    writeFileSync(anchor, headOf(3) + headOf(15) + headOf(17));
    cutTo(10);
    const { findings, upTo } = await compare();
    expect(upTo).toBe(3);
    expect(findings).toEqual([
      { kind: 'anchor-ahead', file: anchor, text: 'the chain ends at 10, the anchor has 17 (line 3): the tail was cut off' },
    ]);
  });

  test('differs from the first record on that was written anew', async () => {
    writeFileSync(anchor, readFileSync(chain));
    rmSync(audit, { recursive: true });
    await writeTrail(audit, 20);
    const { findings, matched } = await compare();
    expect(matched).toBe(0);
    expect(findings.map(({ kind }) => kind)).toEqual(['anchor-differs']);
    expect(findings[0]?.text).toMatch(
      /^record 1 has the hash [0-9a-f]{64} here, and the hash [0-9a-f]{64} in the anchor \(line 1\).*; so do 20 further/,
    );
  });

  test('lacks a record that was taken out of its middle', async () => {
    writeFileSync(anchor, headOf(8));
    writeFileSync(
      chain,
      `${linesOf(chain)
        .filter((_, index) => index !== 7)
        .join('\n')}\n`,
    );
    expect((await compare()).findings[0]?.text).toMatch(/^record 8 is not in the chain, and the hash/);
  });

  test('has no records at all when everything was removed', async () => {
    writeFileSync(anchor, headOf(8));
    rmSync(audit, { recursive: true });
    mkdirSync(audit);
    expect((await compare()).findings[0]?.text).toBe('the chain ends at 0, the anchor has 8 (line 1): the tail was cut off');
  });

  test('is compared with a directory record by record, and the first that differs is named', async () => {
    cpSync(audit, anchor, { recursive: true });
    expect(await compare()).toMatchObject({ matched: 21, upTo: 21, findings: [] });
    const changed = readFileSync(chain, 'utf8').replaceAll(recordsIn(chain)[5]?.hash ?? '?', 'f'.repeat(64));
    writeFileSync(join(anchor, `${day}.chain.jsonl`), changed);
    const { findings } = await compare();
    expect(findings[0]?.text).toMatch(new RegExp(`^record 6 .*hash f{64} in the anchor \\(${day}.chain.jsonl, line 6\\)`));
  });

  test('takes of a shared syslog file the lines of one host, when that is named', async () => {
    const line = (host: string, seq: number, hash: string) =>
      `<109>1 2026-11-25T02:53:57Z ${host} sealdrop 1 x [sealdrop@32473 seq="${seq}" hash="${hash}"]\n`;
    const own = recordsIn(chain)[4]?.hash ?? '';
    writeFileSync(anchor, line('mail1', 5, own) + line('mail2', 5, 'f'.repeat(64)));
    expect((await compare()).findings).toHaveLength(1);
    expect(await compare(anchor, 'mail1')).toMatchObject({ matched: 1, upTo: 5, findings: [] });
    await expect(compare(anchor, 'mail3')).rejects.toMatchObject({ code: 'anchor-unreadable' });
  });
});

describe('a checkpoint as an anchor', () => {
  test('has the head of its time', async () => {
    const trail = join(directory, 'trail');
    const { writer, maker, close } = await openTrail(trail, identityIn(writeAuditIdentity(directory)));
    for (let n = 1; n <= 9; n++) await writer.append([entryAbout(`thing ${n}`)]);
    await maker.make();
    await writer.append([entryAbout('later')]);
    await close();
    const path = checkpointPath(trail, 1);
    const against = (where: string) => compareWithAnchor(trail, anchorSource(where));
    expect(await against(path)).toMatchObject({ matched: 1, upTo: 10, findings: [] });
    const file = join(trail, `${day}.chain.jsonl`);
    writeFileSync(file, `${linesOf(file).slice(0, 5).join('\n')}\n`);
    expect((await against(path)).findings[0]?.text).toBe('the chain ends at 5, the anchor has 10 (checkpoint 1): the tail was cut off');
    const bytes = readFileSync(path);
    bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1;
    writeFileSync(anchor, bytes);
    await expect(against(anchor)).rejects.toMatchObject({ code: 'anchor-unreadable' });
  });
});

describe('an anchor that proves nothing is refused', () => {
  test.each([
    ['empty', ''],
    ['without records', 'nothing here\n{"level":"info"}\n'],
    ['broken throughout', '{"seq":1,"ha\n'],
  ])('%s', async (_, text) => {
    writeFileSync(anchor, text);
    await expect(compare()).rejects.toMatchObject({ code: 'anchor-unreadable' });
  });

  test('not there', async () => {
    await expect(compare()).rejects.toMatchObject({ code: 'anchor-unreadable', message: expect.stringContaining('ENOENT') });
  });

  test('a directory without a chain', async () => {
    mkdirSync(anchor);
    await expect(compare()).rejects.toMatchObject({ code: 'anchor-unreadable' });
  });

  test('a file whose line does not end, even behind good ones', async () => {
    writeFileSync(anchor, headOf(3) + 'x'.repeat(65 << 20));
    await expect(compare()).rejects.toMatchObject({ message: expect.stringContaining('a line without end') });
  });
});

describe('an anchor on the web', () => {
  test('is fetched and compared', async () => {
    const origin = await serve(() => ({ body: [headOf(3), headOf(9).slice(0, 20), headOf(9).slice(20, -1)] }));
    expect(await compare(`${origin}/heads.txt?key=secret`)).toEqual({
      anchor: `${origin}/heads.txt`,
      matched: 2,
      upTo: 9,
      unreadableLines: 0,
      findings: [],
    });
  });

  test('is not looked for where it points to', async () => {
    const origin = await serve(() => ({ status: 302, headers: { location: '/other' }, body: [headOf(3)] }));
    await expect(compare(origin)).rejects.toMatchObject({ message: expect.stringContaining('status 302') });
  });

  test('is given up when a line does not end', async () => {
    const origin = await serve(() => ({ body: [headOf(3), ...Array<string>(6).fill('x'.repeat(1 << 20))] }));
    await expect(compare(origin)).rejects.toMatchObject({ message: expect.stringContaining('a line without end') });
  });

  test('is refused with a password in its address, which is not repeated', async () => {
    expect(() => anchorSource('http://user:hidden@127.0.0.1/heads')).toThrow(/user or password/);
    expect(() => anchorSource('http://user:hidden@127.0.0.1/heads')).not.toThrow(/hidden/);
  });

  test('that cannot be reached says so', async () => {
    await expect(compare('http://127.0.0.1:1/heads')).rejects.toMatchObject({ code: 'anchor-unreadable' });
  });
});
