import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { newMessageId } from '../../src/message-id.js';
import { claimedName } from '../../src/spool/claimed-name.js';
import { claimedFiles, copiesIn, inventoryOf } from '../../src/spool/inventory.js';
import { copyName } from '../../src/spool/layout.js';
import { makeSpool } from './spool.js';

test('messages, tickets and files that are not ours are told apart', () => {
  const { retry } = makeSpool();
  const [older, newer] = [newMessageId(1000), newMessageId(2000)];
  for (const name of [`${newer}.eml`, `${older}.eml`, `${older}.json`, 'notes.txt', `${older}.eml.bak`, `${'x'.repeat(36)}.eml`]) {
    writeFileSync(`${retry}/${name}`, '');
  }
  const { messages, tickets, strangers } = inventoryOf(retry);
  expect(messages).toEqual([older, newer]);
  expect(tickets).toEqual([older]);
  expect([...strangers].sort()).toEqual([`${older}.eml.bak`, 'notes.txt', `${'x'.repeat(36)}.eml`].sort());
  expect(inventoryOf(`${retry}/gone`).messages).toEqual([]);
});

test('claimed files are found by id, whatever octets their names have', () => {
  const layout = makeSpool();
  const id = newMessageId(1000);
  const name = claimedName(id, 'new', 'a\n\xff.eml');
  writeFileSync(Buffer.from(`${layout.claimed}/${name}`, 'latin1'), '');
  writeFileSync(`${layout.claimed}/stranger`, '');
  expect(claimedFiles(layout)).toEqual(new Map([[id, name]]));
});

test('sealed copies are found by id and number; the marker and other files are not copies', () => {
  const { sealed } = makeSpool();
  const id = newMessageId(1000);
  for (const name of [copyName(id, 12), `${id}.eml`, 'sealdrop-marker.0', `${id}-1.eml.tmp`]) writeFileSync(`${sealed}/${name}`, '');
  expect(copiesIn(sealed)).toEqual([{ id, number: 12, name: `${id}-12.eml` }]);
});
