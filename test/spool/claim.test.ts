import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { beforeEach, describe, expect, test } from 'vitest';
import { newMessageId } from '../../src/message-id.js';
import { type Candidate, type Claim, claimCandidate, type OpenCandidate, openCandidate, type Waiting } from '../../src/spool/claim.js';
import { claimedName } from '../../src/spool/claimed-name.js';
import type { SpoolLayout } from '../../src/spool/layout.js';
import { makeSpool } from './spool.js';

const limits = { settleMs: 5000, incompleteMs: 60_000, maxMessageBytes: 1000 };
const letter = 'From: steve@example.com\r\nTo: bob@example.net\r\n\r\ntext\r\n';
const cutOff = 'From: steve@example.com\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nfirst\n';

let layout: SpoolLayout;
beforeEach(() => {
  layout = makeSpool();
});

describe('a file renamed into outbox/new', () => {
  test('is claimed at once: its inode moves to work/in under a name that carries id, door and submitted name', () => {
    put('new', 'invoice.eml', letter);
    const claim = claimed({ door: 'new', name: 'invoice.eml' });
    expect(claim).toMatchObject({
      door: 'new',
      submittedAs: 'invoice.eml',
      uid: process.getuid?.(),
      sizeBytes: letter.length,
      fault: undefined,
    });
    expect(claim.bytes?.toString()).toBe(letter);
    expect(readdirSync(layout.outboxNew)).toEqual([]);
    expect(readdirSync(layout.claimed)).toEqual([`${claim.id}~n~invoice.eml`]);
    expect(readFileSync(claim.path, 'utf8')).toBe(letter);
  });

  test('is claimed even if it is empty or lacks its closing boundary: what is renamed is complete', () => {
    put('new', 'empty.eml', '');
    put('new', 'cut.eml', cutOff);
    expect(claimed({ door: 'new', name: 'empty.eml' })).toMatchObject({ sizeBytes: 0, fault: undefined });
    expect(claimed({ door: 'new', name: 'cut.eml' }).fault).toBeUndefined();
  });

  test.each([
    ['octets that are no UTF-8', '\xff\xfe.eml', '\xff\xfe.eml'],
    ['UTF-8', Buffer.from('Rechnung für Ä.eml').toString('latin1'), 'Rechnung für Ä.eml'],
    ['a line feed', 'a\nb.eml', 'a\\x0ab.eml'],
    ['the longest name a file can have', 'n'.repeat(255), 'n'.repeat(200)],
    ['a tilde', 'a~o~b.eml', 'a~o~b.eml'],
  ])('may have a name with %s', (_what, name, submittedAs) => {
    put('new', name, letter);
    const claim = claimed({ door: 'new', name });
    expect(readFileSync(claim.path, 'utf8')).toBe(letter);
    const again = claimed({ door: 'claimed', name: readdirSync(layout.claimed, 'latin1')[0] ?? '' }, onceQuietFor(limits.settleMs));
    expect(again).toMatchObject({ id: claim.id, door: 'new' });
    expect(again.submittedAs).toBe(submittedAs);
  });

  test('that is over the limit is claimed unread and will be refused', () => {
    put('new', 'large.eml', 'x'.repeat(1001));
    const claim = claimed({ door: 'new', name: 'large.eml' });
    expect(claim.bytes).toBeUndefined();
    expect(claim.fault).toMatchObject({ code: 'too-large', disposition: 'quarantine' });
    expect(claim.fault?.message).toContain('1001 bytes');
  });
});

describe('a file put straight into outbox', () => {
  const candidate: Candidate = { door: 'outbox', name: 'a.eml' };

  test('waits until it has been quiet for settleMs', () => {
    put('outbox', 'a.eml', letter);
    const wait = waiting(open(candidate));
    expect(wait.code).toBe('not-settled');
    expect(wait.dueMs).toBeGreaterThan(Date.now() + limits.settleMs - 1000);
    expect(wait.dueMs).toBeLessThanOrEqual(Date.now() + limits.settleMs);
    expect(claimed(candidate, onceQuietFor(limits.settleMs)).door).toBe('outbox');
  });

  test('is not taken early because its owner dated it back, nor kept for ever because its owner dated it ahead', () => {
    const path = put('outbox', 'a.eml', letter);
    utimesSync(path, new Date(0), new Date(0));
    expect(waiting(open(candidate)).code).toBe('not-settled');
    utimesSync(path, new Date('2100-01-01'), new Date('2100-01-01'));
    expect(claimed(candidate, onceQuietFor(limits.settleMs)).bytes?.toString()).toBe(letter);
  });

  test('without its closing boundary waits for incompleteMs and is then refused as looks-truncated', () => {
    put('outbox', 'a.eml', cutOff);
    const wait = waiting(look(candidate, onceQuietFor(limits.settleMs)));
    expect(wait.code).toBe('looks-incomplete');
    expect(wait.dueMs).toBeGreaterThan(Date.now() + limits.incompleteMs - 2000);
    expect(existsSync(`${layout.outbox}/a.eml`)).toBe(true);
    const claim = claimed(candidate, onceQuietFor(limits.incompleteMs));
    expect(claim.fault?.code).toBe('looks-truncated');
    expect(claim.bytes?.toString()).toBe(cutOff);
  });

  test('that is empty waits for incompleteMs', () => {
    put('outbox', 'a.eml', '');
    expect(waiting(open(candidate, onceQuietFor(limits.settleMs))).code).toBe('looks-incomplete');
    expect(claimed(candidate, onceQuietFor(limits.incompleteMs)).sizeBytes).toBe(0);
  });
});

describe('a file that moves while it is looked at', () => {
  const candidate: Candidate = { door: 'new', name: 'a.eml' };

  test('taken back by its owner before the claim is gone, without a fault', () => {
    put('new', 'a.eml', letter);
    const file = opened(candidate);
    unlinkSync(`${layout.outboxNew}/a.eml`);
    expect(claimCandidate(layout, file, limits, Date.now()).kind).toBe('gone');
    expect(open(candidate).kind).toBe('gone');
  });

  test('written to before the claim waits in work/in and is claimed later, whole, under the same id', () => {
    put('new', 'a.eml', letter);
    const file = opened(candidate);
    appendFileSync(`${layout.outboxNew}/a.eml`, 'more\r\n');
    const wait = waiting(claimCandidate(layout, file, limits, Date.now()));
    expect(wait).toMatchObject({ code: 'still-written', candidate: { door: 'claimed' } });
    const claim = claimed(wait.candidate, onceQuietFor(limits.settleMs));
    expect(claim.bytes?.toString()).toBe(`${letter}more\r\n`);
    expect(wait.candidate.name).toContain(claim.id);
    expect(claim.submittedAs).toBe('a.eml');
  });

  test('overwritten in place with as many octets is not claimed with the old ones', () => {
    put('new', 'a.eml', letter);
    const file = opened(candidate);
    writeFileSync(`${layout.outboxNew}/a.eml`, letter.replace('text', 'TEXT'));
    utimesSync(`${layout.outboxNew}/a.eml`, new Date(1000), new Date(1000));
    const wait = waiting(claimCandidate(layout, file, limits, Date.now()));
    expect(claimed(wait.candidate, onceQuietFor(limits.settleMs)).bytes?.toString()).toContain('TEXT');
  });

  test('cut short before it was read waits where it is', () => {
    put('new', 'a.eml', letter);
    const file = opened(candidate);
    truncateSync(`${layout.outboxNew}/a.eml`, 10);
    expect(waiting(claimCandidate(layout, file, limits, Date.now()))).toMatchObject({ code: 'still-written', candidate });
    expect(existsSync(`${layout.outboxNew}/a.eml`)).toBe(true);
  });

  test('replaced by another file of the same name and size is not lost: the one that stands there is claimed', () => {
    const path = put('new', 'a.eml', letter);
    const file = opened(candidate);
    const other = letter.replace('text', 'TEXT');
    writeFileSync(`${layout.outboxTmp}/a.eml`, other);
    renameSync(`${layout.outboxTmp}/a.eml`, path);
    const wait = waiting(claimCandidate(layout, file, limits, Date.now()));
    expect(claimed(wait.candidate, onceQuietFor(limits.settleMs)).bytes?.toString()).toBe(other);
  });

  test('with a second name waits, and is refused if it keeps it', () => {
    const path = put('new', 'a.eml', letter);
    linkSync(path, `${layout.outboxTmp}/other`);
    const wait = waiting(open(candidate));
    expect(wait.code).toBe('more-than-one-link');
    expect(wait.dueMs).toBeGreaterThan(Date.now());
    expect(claimed(candidate, onceQuietFor(limits.incompleteMs)).fault?.code).toBe('more-than-one-link');
    expect(readFileSync(`${layout.outboxTmp}/other`, 'utf8')).toBe(letter);
  });

  test('that was linked and whose first name is then unlinked is taken', () => {
    const path = put('tmp', 'draft', letter);
    linkSync(path, `${layout.outboxNew}/a.eml`);
    expect(waiting(open(candidate)).code).toBe('more-than-one-link');
    unlinkSync(path);
    expect(claimed(candidate).fault).toBeUndefined();
  });
});

describe('what is no regular file stays where it is, with a reason', () => {
  test('a symbolic link, whatever it names', () => {
    writeFileSync(`${layout.root}/secret`, letter);
    symlinkSync(`${layout.root}/secret`, `${layout.outboxNew}/link.eml`);
    symlinkSync('/nowhere', `${layout.outboxNew}/dangling.eml`);
    expect(waiting(open({ door: 'new', name: 'link.eml' })).code).toBe('symbolic-link');
    expect(waiting(open({ door: 'new', name: 'dangling.eml' })).code).toBe('symbolic-link');
  });

  test('a FIFO, without waiting for its writer', () => {
    execFileSync('mkfifo', [`${layout.outboxNew}/fifo.eml`]);
    expect(waiting(open({ door: 'new', name: 'fifo.eml' })).code).toBe('not-a-file');
  });

  test('a socket and a directory', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(`${layout.outboxNew}/s.eml`, resolve));
    mkdirSync(`${layout.outboxNew}/d.eml`);
    expect(waiting(open({ door: 'new', name: 's.eml' })).code).toBe('not-a-file');
    expect(waiting(open({ door: 'new', name: 'd.eml' })).code).toBe('not-a-file');
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('work/in', () => {
  test('gives back after a kill what was claimed: same id, door and name', () => {
    const id = newMessageId(Date.now());
    writeFileSync(`${layout.claimed}/${claimedName(id, 'outbox', 'a.eml')}`, letter);
    const claim = claimed({ door: 'claimed', name: `${id}~o~a.eml` }, onceQuietFor(limits.settleMs));
    expect(claim).toMatchObject({ id, door: 'outbox', submittedAs: 'a.eml' });
  });

  test('leaves alone what has no name of ours', () => {
    writeFileSync(`${layout.claimed}/stranger.eml`, letter);
    expect(waiting(look({ door: 'claimed', name: 'stranger.eml' }, onceQuietFor(limits.settleMs))).code).toBe('not-ours');
    expect(existsSync(`${layout.claimed}/stranger.eml`)).toBe(true);
  });
});

function put(door: 'new' | 'outbox' | 'tmp', name: string, text: string): string {
  const directory = { new: layout.outboxNew, outbox: layout.outbox, tmp: layout.outboxTmp }[door];
  const path = Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(name, 'latin1')]);
  writeFileSync(path, text);
  return path.toString();
}

/** A time by which the file has been quiet for that long. */
function onceQuietFor(quietMs: number): number {
  return Date.now() + quietMs + 1000;
}

function open(candidate: Candidate, nowMs = Date.now()) {
  return openCandidate(layout, candidate, limits, nowMs);
}

function opened(candidate: Candidate, nowMs = Date.now()): OpenCandidate {
  const found = open(candidate, nowMs);
  if (found.kind !== 'open') throw new Error(`not open: ${JSON.stringify(found)}`);
  return found.file;
}

function look(candidate: Candidate, nowMs: number) {
  return claimCandidate(layout, opened(candidate, nowMs), limits, nowMs);
}

function claimed(candidate: Candidate, nowMs = Date.now()): Claim {
  const result = look(candidate, nowMs);
  if (result.kind !== 'claimed') throw new Error(`not claimed: ${JSON.stringify(result)}`);
  return result.claim;
}

function waiting(result: { kind: 'open' | 'gone' | 'claimed' } | Waiting): Waiting {
  if (result.kind !== 'waiting') throw new Error(`does not wait: ${result.kind}`);
  return result;
}
