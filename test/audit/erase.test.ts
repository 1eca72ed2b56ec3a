import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { eraseDetails, recordsAbout } from '../../src/audit/erase.js';
import { newEntry } from '../../src/audit/record.js';
import { verifyChain } from '../../src/audit/verify.js';
import { IdSet } from '../../src/id-set.js';
import { newMessageId } from '../../src/message-id.js';
import { describeWithMounts, mountTiny } from '../disk/mounts.js';
import { makeTemp } from '../kit/temp.js';
import { day, noon, openWriter } from './chain.js';

const [id, other] = [newMessageId(noon.getTime()), newMessageId(noon.getTime() + 1)];

/** Records 2 to 6: two about `id`, one about another message, one about none, and that `id` was purged. */
async function write(directory: string, padding = ''): Promise<string> {
  const writer = await openWriter(directory);
  await writer.append([
    newEntry('accepted', { id }, { file: 'of id', padding }),
    newEntry('accepted', { id: other }, { file: 'of the other' }),
    newEntry('sent', { id }, { to: 'somebody' }),
    newEntry('handed-over', {}, { ids: [id] }),
    newEntry('purged', { id }, { rule: 'x' }),
  ]);
  await writer.close();
  return join(directory, `${day}.details.jsonl`);
}

describe('erasing details', () => {
  test('takes the lines of the messages, but not the record that says that they are destroyed', async () => {
    const directory = makeTemp('erase');
    const path = await write(directory);
    const before = readFileSync(path, 'utf8').split('\n');
    const seqs = recordsAbout(directory, day, setOf(id));
    expect(seqs).toEqual([2, 4]);
    expect(eraseDetails(directory, day, seqs)).toBe(2);
    const expected = before.map((line, index) => (index === 1 || index === 3 ? `{"seq":${index + 1},"erased":true}` : line));
    expect(readFileSync(path, 'utf8').split('\n')).toEqual(expected);
    expect(verifyChain(directory, () => {})).toMatchObject({ findings: [], erasedDetails: 2 });
  });

  test('done again it changes nothing, and replaces what a kill has left of an earlier time', async () => {
    const directory = makeTemp('erase');
    const path = await write(directory);
    writeFileSync(join(directory, `.${day}.details.jsonl.erasing`), 'half of it');
    expect(eraseDetails(directory, day, [2])).toBe(1);
    const { ino } = statSync(path);
    expect(eraseDetails(directory, day, [2])).toBe(0);
    expect(statSync(path).ino).toBe(ino);
    expect(readdirSync(directory).sort()).toEqual([`${day}.chain.jsonl`, `${day}.details.jsonl`]);
  });

  test('leaves every other byte, of damaged lines too', async () => {
    const directory = makeTemp('erase');
    const path = await write(directory);
    const lines = readFileSync(path).toString('latin1').split('\n');
    lines[2] = '{"seq":3,"salt":"\xff\xfe damaged';
    lines[5] = 'no line feed behind it';
    writeFileSync(path, Buffer.from(lines.slice(0, 6).join('\n'), 'latin1'));
    eraseDetails(directory, day, [2, 3]);
    const after = readFileSync(path).toString('latin1').split('\n');
    expect(after).toEqual([lines[0], '{"seq":2,"erased":true}', '{"seq":3,"erased":true}', lines[3], lines[4], lines[5]]);
  });
});

describeWithMounts('erasing on a full disk', () => {
  test('leaves the old details whole, and works when there is room', async () => {
    const directory = makeTemp('erase-full');
    mountTiny(directory, 200);
    const path = await write(directory, 'x'.repeat(60_000));
    const before = readFileSync(path);
    writeFileSync(join(directory, 'filler'), Buffer.alloc(100_000));
    // The line that stays is the long one.
    expect(() => eraseDetails(directory, day, [4])).toThrow(expect.objectContaining({ code: 'disk-full', disposition: 'wait' }));
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(directory)).not.toContain(`.${day}.details.jsonl.erasing`);
    rmSync(join(directory, 'filler'));
    expect(eraseDetails(directory, day, [4])).toBe(1);
  });
});

function setOf(...ids: string[]): IdSet {
  const set = new IdSet();
  for (const each of ids) set.add(each);
  return set;
}
