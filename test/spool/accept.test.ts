import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { newMessageId } from '../../src/message-id.js';
import { writeOwnCopy } from '../../src/spool/accept.js';
import type { Claim } from '../../src/spool/claim.js';
import type { SpoolLayout } from '../../src/spool/layout.js';
import { makeSpool } from './spool.js';

const bytes = Buffer.from('From: steve@example.com\r\n\r\ntext\r\n');

let layout: SpoolLayout;
beforeEach(() => {
  layout = makeSpool();
});

test('our own copy has the bytes that were read, their digest, and is read-only', () => {
  const claim = claimOf(bytes);
  const copy = writeOwnCopy(layout, claim, undefined);
  expect(copy).toEqual({ path: `${layout.work}/${claim.id}.eml`, sizeBytes: bytes.length, sha256: sha256(bytes) });
  expect(readFileSync(copy.path)).toEqual(bytes);
  expect(statSync(copy.path).mode & 0o777).toBe(0o440);
});

test('what the former owner writes afterwards into its file does not reach our copy', () => {
  const claim = claimOf(bytes);
  const copy = writeOwnCopy(layout, claim, undefined);
  appendFileSync(claim.path, 'more');
  expect(readFileSync(copy.path)).toEqual(bytes);
  expect(statSync(copy.path).ino).not.toBe(statSync(claim.path).ino);
});

test('a message over the limit, which was not read, is copied whole and piece by piece', () => {
  const large = Buffer.alloc(3_000_001, 'x');
  const copy = writeOwnCopy(layout, { ...claimOf(large), bytes: undefined }, undefined);
  expect(copy).toMatchObject({ sizeBytes: large.length, sha256: sha256(large) });
  expect(readFileSync(copy.path).equals(large)).toBe(true);
  expect(statSync(copy.path).mode & 0o777).toBe(0o440);
});

test('a file that is there already is never overwritten', () => {
  const claim = claimOf(bytes);
  writeFileSync(`${layout.work}/${claim.id}.eml`, 'somebody else’s');
  expect(() => writeOwnCopy(layout, claim, undefined)).toThrow(expect.objectContaining({ disposition: 'fatal' }));
  expect(() => writeOwnCopy(layout, { ...claim, bytes: undefined }, undefined)).toThrow(expect.objectContaining({ disposition: 'fatal' }));
  expect(readFileSync(`${layout.work}/${claim.id}.eml`, 'utf8')).toBe('somebody else’s');
});

test('a copy that cannot be given to the archive group is not left behind', () => {
  const claim = claimOf(bytes);
  // No group: fchown(2) refuses the value.
  const noGroup = 2 ** 32;
  expect(() => writeOwnCopy(layout, claim, noGroup)).toThrow();
  expect(existsSync(`${layout.work}/${claim.id}.eml`)).toBe(false);
});

function claimOf(content: Buffer): Claim {
  const id = newMessageId(Date.now());
  const path = Buffer.from(`${layout.claimed}/${id}~n~a.eml`);
  writeFileSync(path, content);
  return { id, path, door: 'new', submittedAs: 'a.eml', uid: 0, sizeBytes: content.length, bytes: content, fault: undefined };
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
