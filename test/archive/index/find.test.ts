import { describe, expect, test } from 'vitest';
import { addressCriterion, hashCriterion, stateCriterion, timeCriterion } from '../../../src/archive/index/criteria.js';
import { newEntry } from '../../../src/audit/record.js';
import { at, copyHash, message, originalOf, sha256, Trail } from './trail.js';

const trail = new Trail();
const plain = message(1);
const blind = message(2, { blind: ['Carol@bank.example'], visible: [], subject: 'Straße und ÉLAN', rule: 'bank' });
const other = message(3, {
  sender: 'bounce@mail.example.com',
  from: 'news@d.example.com',
  visible: ['a@x.bank.example', 'b@y.bank.example'],
});
const hidden = message(4, { subject: 'not seen' });
for (const each of [plain, blind, other]) await trail.append(...trail.handedOver(each));
await trail.append(
  ...trail.handedOver(hidden, originalOf(hidden), '.p7m'),
  newEntry('handed-over', { outcome: 'taken-by-mta' }, { ids: [plain.id, blind.id], apartFrom: [{ id: blind.id, numbers: [1] }] }),
);
await trail.update();

describe('a search', () => {
  test('gives the newest first, and no more than asked for', () => {
    expect(trail.ids()).toEqual([hidden, other, blind, plain].map(({ id }) => id));
    expect(trail.find({}, 2).map(({ id }) => id)).toEqual([hidden.id, other.id]);
  });

  test('knows the full envelope, the header, rules and hashes', () => {
    expect(trail.find({ rule: 'bank' })).toEqual([
      expect.objectContaining({
        id: blind.id,
        sender: 'steve@example.com',
        authors: ['steve@example.com'],
        visible: [],
        blind: ['Carol@bank.example'],
        subject: 'Straße und ÉLAN',
        messageId: '2@example.com',
        rules: ['bank'],
        sha256: sha256(originalOf(blind)),
        copies: new Map([[1, copyHash(blind.id)]]),
        state: 'handed-to-mta',
      }),
    ]);
  });

  test('takes sender and author, whole addresses and domains', () => {
    expect(trail.ids({ from: at('bounce@mail.example.com') })).toEqual([other.id]);
    expect(trail.ids({ from: at('news@d.example.com') })).toEqual([other.id]);
    expect(trail.ids({ from: at('@EXAMPLE.com') })).toEqual([hidden.id, blind.id, plain.id]);
    expect(trail.ids({ from: at('*@*.example.com') })).toEqual([other.id]);
    expect(trail.ids({ to: at('*@*.bank.example') })).toEqual([other.id]);
    expect(trail.ids({ to: at('@bank.example') })).toEqual([blind.id]);
    expect(trail.ids({ to: at('steve@example.com') })).toEqual([]);
  });

  test('compares the local part exactly and the domain without regard to case', () => {
    expect(trail.ids({ to: at('Carol@BANK.example') })).toEqual([blind.id]);
    expect(trail.ids({ to: at('carol@bank.example') })).toEqual([]);
  });

  test('finds parts of subjects whatever the case of their letters', () => {
    for (const part of ['STRASSE', 'straße', 'élan', 'und  é']) expect(trail.ids({ subject: part })).toEqual([blind.id]);
    expect(trail.ids({ subject: '%' })).toEqual([]);
  });

  test('finds by Message-ID, by the hash of the original and of a copy', () => {
    for (const messageId of ['1@example.com', '<1@example.com>']) expect(trail.ids({ messageId })).toEqual([plain.id]);
    expect(trail.ids({ hash: sha256(originalOf(plain)) })).toEqual([plain.id]);
    expect(trail.ids({ hash: copyHash(other.id) })).toEqual([other.id]);
    // The same first 48 bits.
    expect(trail.ids({ hash: copyHash(other.id).slice(0, 60).padEnd(64, '0') })).toEqual([]);
  });

  test('takes a range of time, from one moment on and before another', () => {
    const [second, third] = [timeCriterion('2026-11-01T00:02'), timeCriterion('2026-11-01T01:03+01:00')];
    expect(trail.ids({ afterMs: second, beforeMs: third })).toEqual([blind.id]);
    expect(trail.ids({ afterMs: timeCriterion('2026-11-02') })).toEqual([]);
  });

  test('tells what the MTA has taken from what it has not, by one record about many', () => {
    expect(trail.ids({ state: 'taken-by-mta' })).toEqual([plain.id]);
    expect(trail.ids({ state: 'quarantined' })).toEqual([]);
  });

  test('wants everything that is given to hold', () => {
    expect(trail.ids({ from: at('@example.com'), subject: 'letter', state: 'taken-by-mta' })).toEqual([plain.id]);
    expect(trail.ids({ from: at('@example.com'), to: at('@*.bank.example') })).toEqual([]);
  });

  test('says of an encrypted original only what the records say', () => {
    const [found] = trail.find({ messageId: hidden.messageId });
    expect(found).toMatchObject({ subject: undefined, dateMs: undefined, authors: ['steve@example.com'], visible: ['bob@example.net'] });
    expect(found?.archive).toMatch(/\.eml\.p7m$/);
    expect(trail.ids({ subject: 'not seen' })).toEqual([]);
  });
});

describe('what is searched for', () => {
  test.each(['', 'bob', 'b*b@example.net', '@', '@exa mple', '*@*.exa[mple', "@x' or 1"])('is refused as an address: %j', (text) => {
    expect(() => addressCriterion(text)).toThrow(expect.objectContaining({ code: 'bad-search' }));
  });

  test.each(['yesterday', '2026-13-01', '2026-11-25 14:30', '1', '20261125'])('is refused as a date: %j', (text) => {
    expect(() => timeCriterion(text)).toThrow(expect.objectContaining({ code: 'bad-search' }));
  });

  test('is refused as a hash or state that is none', () => {
    expect(() => hashCriterion('abc')).toThrow(/no SHA-256/);
    expect(() => stateCriterion('lost')).toThrow(/no state/);
  });
});
