import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { accountOf } from '../../src/export/account.js';
import type { Exhibit } from '../../src/export/exhibit.js';
import { Mbox } from '../../src/export/mbox.js';
import { newMessageId } from '../../src/message-id.js';
import { makeTemp } from '../kit/temp.js';
import { describeWith } from '../kit/tools.js';
import { noon, sha256 } from './archived.js';

const id = newMessageId(noon.getTime());

async function mboxOf(messages: readonly (Buffer | string)[], sender?: string): Promise<string> {
  const path = join(makeTemp('mbox'), 'mail');
  const mbox = new Mbox(path);
  for (const message of messages) await mbox.addOriginal(exhibitOf(Buffer.from(message), sender));
  await mbox.close();
  return path;
}

function exhibitOf(bytes: Buffer, sender?: string): Exhibit {
  const envelope = sender === undefined ? {} : { envelope: { sender, recipients: ['bob@example.net'] } };
  const account = { ...accountOf(id, []), ...envelope };
  return { account, name: `${id}.eml`, bytes, sizeBytes: bytes.length, sha256: sha256(bytes), checked: 'no record of its hash is left' };
}

test('quotes as mboxrd does, ends lines in LF, and begins with a From_ line in UTC', async () => {
  const text = readFileSync(
    await mboxOf(['Subject: x\r\n\r\nFrom me\r\n>From you\r\n> From\r\n\r\n>>>From x'], 'steve@example.com'),
    'utf8',
  );
  expect(text).toBe('From steve@example.com Tue Nov 24 12:00:00 2026\nSubject: x\n\n>From me\n>>From you\n> From\n\n>>>>From x\n\n');
});

test.each([
  ['', 'From MAILER-DAEMON Tue '],
  ['"a b\tc"@example.com', 'From "a_b_c"@example.com Tue '],
])('the sender %j has a From_ line that readers can cut', async (sender, expected) => {
  expect(readFileSync(await mboxOf(['x: y\n\n'], sender), 'latin1').startsWith(expected)).toBe(true);
});

test('keeps every other octet: NUL, 8-bit, a bare CR, a CR at the very end', async () => {
  const odd = Buffer.from('x: y\n\n\x00\xe9\rz\r\r\n\r', 'latin1');
  expect(readFileSync(await mboxOf([odd]), 'latin1').slice(readFileSync(await mboxOf([odd]), 'latin1').indexOf('\n') + 1)).toBe(
    'x: y\n\n\x00\xe9\rz\r\n\r\n\n',
  );
});

describeWith(['python3'], 'read by Python', () => {
  test('gives every message back when one > is taken from quoted lines', async () => {
    const messages = [
      'From: a@example.com\r\nSubject: one\r\n\r\nFrom the start\r\n>From a reply\r\nend\r\n',
      'From: b@example.com\nSubject: two\n\nFrom nowhere Tue Nov 24 12:00:00 2026\n\n\nFrom \n',
      'Subject: three\n\n>>From >From\n\xff\xfe\x00binary\n',
    ].map((text) => Buffer.from(text, 'latin1'));
    const path = await mboxOf(messages, 'steve@example.com');
    const script = [
      'import mailbox, re, sys',
      'box = mailbox.mbox(sys.argv[1], create=False)',
      'for key in box.keys(): print(re.sub(rb"(?m)^>(>*From )", rb"\\1", box.get_bytes(key)).hex())',
    ].join('\n');
    const run = spawnSync('python3', ['-c', script, path], { encoding: 'utf8' });
    expect(run.stderr).toBe('');
    const read = run.stdout
      .trim()
      .split('\n')
      .map((hex) => Buffer.from(hex, 'hex').toString('latin1'));
    expect(read).toEqual(messages.map((bytes) => bytes.toString('latin1').replaceAll('\r\n', '\n')));
  });
});
