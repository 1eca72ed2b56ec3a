import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newEntry } from '../../../src/audit/record.js';
import { message, sha256, Trail } from './trail.js';

const gone = message(5, {
  sender: 'patient@clinic.example',
  from: 'patient@clinic.example',
  visible: ['doctor@hospital.example'],
  blind: ['lawyer@firm.example'],
  subject: 'Befund Zimmermann',
  messageId: 'secret-number@clinic.example',
  rule: 'clinic',
});
/** What is personal about it; the index keeps subjects as they are and folded, hashes as octets. */
const traces = [
  gone.subject,
  'befund zimmermann',
  'patient@',
  'clinic.example',
  'doctor@',
  'hospital.example',
  'lawyer@',
  'firm.example',
  'secret-number',
  `${gone.id.slice(0, 8)}.eml`,
];

test.each(['purged', 'erased'])('nothing that is personal is left in the files of the index of a message that was %s', async (event) => {
  const trail = new Trail();
  const others = [1, 2, 3].map((n) => message(n, { visible: ['doctor2@elsewhere.example'] }));
  const copies = others.flatMap((each) => trail.handedOver(each));
  await trail.append(...copies.slice(0, 6), ...trail.handedOver(gone), ...copies.slice(6));
  await trail.update();
  const before = everything(trail);
  for (const trace of traces) expect(before.includes(trace)).toBe(true);

  await trail.append(newEntry(event, { id: gone.id }, {}));
  await trail.update();
  const after = everything(trail);
  for (const trace of traces) expect([trace, after.includes(trace)]).toEqual([trace, false]);
  expect(after.includes(Buffer.from(sha256(Buffer.from(`copy of ${gone.id}`)), 'hex'))).toBe(false);
  expect(trail.find({ state: event === 'purged' ? 'purged' : 'erased' })).toMatchObject([
    { id: gone.id, erased: true, authors: [], visible: [], subject: undefined },
  ]);
  expect(trail.ids({ subject: 'befund' })).toEqual([]);
  expect(trail.find()).toHaveLength(4);

  // Nor does it come back, by a record that is written later or by making the index anew from details that are still there.
  await trail.append(newEntry('deferred', { id: gone.id }, { ticket: {} }));
  await trail.update({ rebuild: true });
  for (const trace of traces) expect([trace, everything(trail).includes(trace)]).toEqual([trace, false]);
  await trail.close();
});

test('an address that others have too stays for them', async () => {
  const trail = new Trail();
  const other = message(6, { visible: gone.visible });
  await trail.append(...trail.handedOver(gone), ...trail.handedOver(other));
  await trail.update();
  await trail.append(newEntry('purged', { id: gone.id }, {}));
  await trail.update();
  expect(trail.find({ to: { kind: 'address', address: 'doctor@hospital.example' } }).map(({ id }) => id)).toEqual([other.id]);
  expect(trail.find({ to: { kind: 'domain', domain: 'hospital.example' } }).map(({ id }) => id)).toEqual([other.id]);
  await trail.close();
});

function everything(trail: Trail): Buffer {
  return Buffer.concat(readdirSync(trail.place.index).map((name) => readFileSync(join(trail.place.index, name))));
}
