import { expect, test } from 'vitest';
import { LocatedRecords } from '../../src/audit/located.js';
import { newEntry } from '../../src/audit/record.js';
import { AuditWriter } from '../../src/audit/writer.js';
import { accountOf } from '../../src/export/account.js';
import { Archived, noon } from './archived.js';

const accountIn = ({ audit }: Archived, id: string) => accountOf(id, new LocatedRecords(audit, new Set([id]), noon).of(id));

test('tells who submitted, the envelope, who got what by which rule, and how it was handed over', async () => {
  const made = await Archived.of([{ bytes: 'From: a\n\nx\n', recipients: ['bob@example.net', 'carol@example.org'] }]);
  expect(accountIn(made, made.id(0))).toMatchObject({
    accepted: { file: 'mail-1.eml', uid: 0, time: noon.toISOString() },
    envelope: { sender: 'steve@example.com', recipients: ['bob@example.net', 'carol@example.org'] },
    recipients: [{ address: 'bob@example.net', rule: 'partner', certificate: 'bb'.repeat(32), copy: 1 }, { address: 'carol@example.org' }],
    copies: [{ number: 1, content: 'aes-256-cbc', outcomes: [{ time: noon.toISOString(), what: 'handed to the MTA' }] }],
    records: [{ event: 'accepted' }, { event: 'intent' }, { event: 'committed', outcome: 'handed-to-mta' }],
  });
});

test('keeps the server’s last word for each recipient, and a copy that was staged again', async () => {
  const made = await Archived.of([{ bytes: 'From: a\n\nx\n' }]);
  const id = made.id(0);
  const writer = await AuditWriter.start({ directory: made.audit, now: () => noon });
  const sent = (status: string, text: string) => ({
    copies: [{ number: 1, recipients: [{ address: 'bob@example.net', status, code: '250', text }] }],
  });
  await writer.append([
    newEntry('sent', { id }, sent('deferred', 'busy')),
    newEntry('sent', { id }, sent('accepted', '2.0.0 OK')),
    newEntry(
      'restaged',
      { id },
      { from: 1, number: 500_001, name: `${id}-500001.eml`, sizeBytes: 6, sha256: 'dd'.repeat(32), bootId: 'b', marker: 'm' },
    ),
  ]);
  await writer.close();
  const account = accountIn(made, id);
  expect(account.recipients[0]?.answer).toMatchObject({ status: 'accepted', text: '2.0.0 OK' });
  expect(account.copies.map(({ number, recipients }) => [number, recipients])).toEqual([
    [1, ['bob@example.net']],
    [500_001, ['bob@example.net']],
  ]);
  expect(account.copies[0]?.outcomes.map(({ what }) => what)).toEqual([
    'handed to the MTA',
    'deferred by the server',
    'accepted by the server',
  ]);
});

test('of a message that nothing is recorded of, says only when it was claimed', () => {
  const id = '019ab0c1-2d3e-7f40-8a51-b263c4d5e6f7';
  expect(accountOf(id, [])).toMatchObject({ id, claimed: '2025-11-23T12:47:21.406Z', recipients: [], copies: [], records: [] });
});
