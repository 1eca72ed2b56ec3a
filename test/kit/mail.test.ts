import { expect, test } from 'vitest';
import { generateMail, generateMails, type MailOptions } from './mail.js';
import { compareLeaves, leaves, takeApart } from './mail-reader.js';
import { describeWith } from './tools.js';

const OPTIONS: MailOptions = {
  senders: ['steve@example.com', 'alice@example.com'],
  recipients: ['bob@example.net', 'carol@example.org', 'dave@example.net'],
};

test('the same seed gives the same message, another seed another one', () => {
  expect(generateMail(7, OPTIONS)).toEqual(generateMail(7, OPTIONS));
  expect(generateMail(8, OPTIONS).bytes.equals(generateMail(7, OPTIONS).bytes)).toBe(false);
});

test('a thousand messages show every shape, line end and way to address', () => {
  const mails = generateMails(1000, OPTIONS);
  const seen = new Set(mails.flatMap(({ traits }) => traits));
  for (const trait of ['lf', 'mixed', 'bom', 'mbox', 'x-lines', 'resent', 'binary', 'text-nul', 'enclosed', 'digest', 'deep', 'report']) {
    expect(seen).toContain(trait);
  }
  expect(mails.filter(({ blind }) => blind.length > 0).length).toBeGreaterThan(100);
  expect(mails.every(({ recipients }) => recipients.length > 0)).toBe(true);
});

describeWith(['python3'], 'mail reader', () => {
  test('finds sender, recipients and subject of generated messages where they say they are', async () => {
    for (const mail of generateMails(200, OPTIONS)) {
      const { fields } = await takeApart(mail.bytes);
      const named = (name: string) => fields.filter(([field]) => field.toLowerCase() === name).map(([, value]) => value);
      expect(named('from'), String(mail.seed)).toHaveLength(1);
      expect(named('from')[0]?.toLowerCase(), String(mail.seed)).toContain(mail.sender);
      expect(named('subject')[0]?.replace(/\s+/g, ' '), String(mail.seed)).toContain(mail.subject);
      const addressed = ['to', 'cc', 'bcc', 'x-receiver', 'resent-to'].flatMap(named).join().toLowerCase();
      for (const recipient of mail.recipients) expect(addressed, String(mail.seed)).toContain(recipient);
    }
  });

  test('lists the leaves of a nested message with their decoded content', async () => {
    const message = Buffer.from(
      [
        'From: a@example.com',
        'Content-Type: multipart/mixed; boundary=b',
        '',
        '--b',
        '',
        'hello',
        '--b',
        'Content-Type: message/rfc822',
        '',
        'Subject: inner',
        'Content-Type: application/octet-stream; name=x.bin',
        'Content-Transfer-Encoding: base64',
        '',
        'AAEC',
        '--b--',
        '',
      ].join('\r\n'),
    );
    const found = await leaves(message);
    expect(found.map(({ path, mediaType, sizeBytes, fileName }) => [path, mediaType, sizeBytes, fileName])).toEqual([
      ['1.1', 'text/plain', 5, ''],
      ['1.2', 'message/rfc822', 14, ''],
      ['1.2.1', 'application/octet-stream', 3, 'x.bin'],
    ]);
  });

  test('finds a message equal to itself with other line ends, but not with other octets', async () => {
    for (const { bytes, seed, traits } of generateMails(300, OPTIONS)) {
      const text = bytes.toString('latin1');
      if (/encoding: binary|\r\r\n/i.test(text)) continue;
      const canonical = Buffer.from(text.replace(/\r?\n/g, '\r\n'), 'latin1');
      expect(await compareLeaves(bytes, canonical), `${seed} ${traits}`).toEqual([]);
    }
    const message = (body: string) => Buffer.from(`Content-Type: text/plain; charset=utf-8\n\n${body}`);
    expect(await compareLeaves(message('a\nb\n'), message('a\r\nb\r\n'))).toEqual([]);
    expect(await compareLeaves(message('a\nb\n'), message('a\nc\n'))).toHaveLength(1);
    expect(await compareLeaves(message('a\nb'), message('a\nb\n'))).toHaveLength(1);
    expect(await compareLeaves(message('a\nb'), message('a\nb\n'), { lineEndMayBeAdded: true })).toEqual([]);
    expect(await compareLeaves(message('a'), Buffer.from('Content-Type: text/html; charset=utf-8\n\na'))).toHaveLength(1);
  });

  test('base64 content must be equal to the octet', async () => {
    const message = (content: string) => Buffer.from(`Content-Transfer-Encoding: base64\n\n${Buffer.from(content).toString('base64')}`);
    expect(await compareLeaves(message('a\nb'), message('a\r\nb'))).toHaveLength(1);
    expect(await compareLeaves(message('a\nb'), message('a\nb'))).toEqual([]);
  });

  test('notices a part that is gone', async () => {
    const message = (parts: string[]) =>
      Buffer.from(`Content-Type: multipart/mixed; boundary=b\n\n${parts.map((part) => `--b\n\n${part}\n`).join('')}--b--\n`);
    expect(await compareLeaves(message(['one', 'two']), message(['one']))).toHaveLength(1);
  });
});
