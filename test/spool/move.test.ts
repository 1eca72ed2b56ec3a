import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { newMessageId } from '../../src/message-id.js';
import type { SpoolLayout } from '../../src/spool/layout.js';
import { moveMessage, removeMessage, removeSealed } from '../../src/spool/move.js';
import { type CopyState, readTicket, type Ticket, writeTicket } from '../../src/spool/ticket.js';
import { makeSpool } from './spool.js';

const id = newMessageId(Date.now());
const ticket: Ticket = {
  version: 1,
  id,
  file: 'a.eml',
  uid: 0,
  time: '2026-11-24T09:00:00.000Z',
  code: 'no-sender',
  message: 'there is no sender',
  cure: 'Name one.',
  attempts: 1,
};

let layout: SpoolLayout;
beforeEach(() => {
  layout = makeSpool();
});

describe('a message moved to quarantine', () => {
  beforeEach(() => writeFileSync(`${layout.work}/${id}.eml`, 'original'));

  test('takes its ticket along', () => {
    writeTicket(layout.work, { ...ticket, code: 'earlier' });
    moveMessage(layout.work, layout.quarantine, ticket);
    expect(files(layout.work)).toEqual([]);
    expect(files(layout.quarantine)).toEqual([`${id}.eml`, `${id}.json`]);
    expect(readFileSync(`${layout.quarantine}/${id}.eml`, 'utf8')).toBe('original');
    expect(readTicket(layout.quarantine, id)).toEqual(ticket);
  });

  test('arrives when the move is made again after a kill at any point of it', () => {
    // Killed after the new ticket, before the rename.
    writeTicket(layout.quarantine, ticket);
    moveMessage(layout.work, layout.quarantine, ticket);
    expect(files(layout.quarantine)).toEqual([`${id}.eml`, `${id}.json`]);
    // Killed after the rename, before the old ticket went.
    writeTicket(layout.work, ticket);
    moveMessage(layout.work, layout.quarantine, ticket);
    expect(files(layout.work)).toEqual([]);
    expect(files(layout.quarantine)).toEqual([`${id}.eml`, `${id}.json`]);
  });

  test('stays where it is while its ticket cannot be written there', () => {
    expect(() => moveMessage(layout.work, `${layout.root}/gone`, ticket)).toThrow(expect.objectContaining({ disposition: 'wait' }));
    expect(existsSync(`${layout.work}/${id}.eml`)).toBe(true);
  });
});

test('a finished message leaves with its ticket, once or twice', () => {
  writeFileSync(`${layout.work}/${id}.eml`, 'original');
  writeTicket(layout.work, ticket);
  removeMessage(layout.work, id);
  removeMessage(layout.work, id);
  expect(files(layout.work)).toEqual([]);
});

test('of a message’s copies only those kept for a socket are removed', () => {
  const copies = (['pickup', 'smtp'] as const).map((via, index): CopyState => {
    const name = `${id}-${index + 1}.eml`;
    writeFileSync(`${layout.sealed}/${name}`, via);
    return { number: index + 1, planned: index + 1, via, name, sizeBytes: 1, sha256: '', pending: [] };
  });
  removeSealed(layout, copies);
  expect(files(layout.sealed)).toEqual([`${id}-1.eml`]);
});

describe('a ticket', () => {
  test('is replaced as a whole, for nobody else to read', () => {
    writeTicket(layout.retry, ticket);
    writeTicket(layout.retry, { ...ticket, attempts: 2 });
    expect(readTicket(layout.retry, id)?.attempts).toBe(2);
    expect(readdirSync(layout.retry)).toEqual([`${id}.json`]);
  });

  test('that is missing or damaged reads as none', () => {
    expect(readTicket(layout.retry, id)).toBeUndefined();
    writeFileSync(`${layout.retry}/${id}.json`, '{"version":1,');
    expect(readTicket(layout.retry, id)).toBeUndefined();
  });
});

function files(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
}
