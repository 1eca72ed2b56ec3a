import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDaemon } from '../kit/daemon.js';
import { writeIdentity } from '../kit/key-files.js';
import type { Site } from '../kit/site.js';
import { newSite, pki } from './site.js';

const [bodyWord, subjectWord, passphrase, password] = ['bodymarker7351', 'subjectmarker7351', 'passmarker7351', 'smtpmarker7351'];

describe('a daemon that logs all it can', () => {
  let site: Site;
  let log = '';
  beforeAll(async () => {
    site = newSite('', 'debug');
    writeIdentity(site.keys, pki.issue({ address: 'alice@example.com' }), { passphrase });
    writeIdentity(site.keys, pki.issue({ address: 'mallory@example.com' }), { passphrase: `${passphrase}-wrong`, passFile: false });
    const env = { SMTP_HOST: '127.0.0.1', SMTP_PORT: '1', SMTP_USER: 'someone', SMTP_PASSWORD: password };
    const daemon = startDaemon(site, { env });
    await daemon.untilOutput(/watching the outbox/);
    const bodies: Record<string, string> = {
      good: mail('alice@example.com', 'bob@example.net'),
      'no-certificate': mail('alice@example.com', 'nobody@example.net'),
      'no-passphrase': mail('mallory@example.com', 'bob@example.net'),
      'odd-header': `${bodyWord} no header\r\n${mail('alice@example.com', 'bob@example.net')}`,
      'bad-address': mail('alice@example.com', 'bob@@example.net'),
      'no-sender': `To: bob@example.net\r\nSubject: ${subjectWord}\r\n\r\n${bodyWord}\r\n`,
      truncated: `Content-Type: multipart/mixed; boundary=b\r\n${mail('alice@example.com', 'bob@example.net')}`,
    };
    for (const [name, bytes] of Object.entries(bodies)) site.drop(`${name}.eml`, bytes);
    await daemon.until('all to be done', () => site.pickedUp().length + site.quarantined().length === Object.keys(bodies).length);
    daemon.signal('SIGHUP');
    await daemon.untilOutput(/configuration reloaded|old one stays/);
    await daemon.terminate();
    log = daemon.stderr + daemon.stdout;
  });
  afterAll(() => site.remove());

  test('says what it did', () => {
    expect(log).toMatch(/committed/);
    expect(log).toMatch(/quarantined/);
  });

  test.each([
    ['a body', bodyWord],
    ['a subject', subjectWord],
    ['a passphrase', passphrase],
    ['a password', password],
    ['a private key', 'PRIVATE KEY'],
  ])('never prints %s', (_what, word) => {
    expect(log).not.toContain(word);
  });

  test('writes no clear text into what the MTA sees, no personal data into the chain, no secret anywhere', () => {
    for (const directory of [site.pickup, site.staging]) {
      for (const name of readdirSync(directory)) expect(readFileSync(join(directory, name), 'latin1')).not.toContain(bodyWord);
    }
    const audit = join(site.spool, 'audit');
    for (const name of readdirSync(audit)) {
      const text = readFileSync(join(audit, name), 'latin1');
      const forbidden = name.includes('.chain.') ? [bodyWord, subjectWord, 'alice@', 'bob@', '.eml'] : [bodyWord];
      for (const word of [...forbidden, passphrase, password]) expect(text, name).not.toContain(word);
    }
    for (const { facts } of site.quarantined())
      expect(JSON.stringify(facts)).not.toMatch(new RegExp(`${bodyWord}|${passphrase}|${password}`));
  });
});

function mail(from: string, to: string): string {
  return `From: ${from}\r\nTo: ${to}\r\nSubject: ${subjectWord}\r\n\r\n${bodyWord}\r\n`;
}
