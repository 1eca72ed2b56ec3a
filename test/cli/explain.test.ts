import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/cli/explain-facts.js';
import { sealdrop } from '../kit/daemon.js';
import { writeIdentity } from '../kit/key-files.js';
import { Site } from '../kit/site.js';
import { blindToCarol, bob, carol, pki, steve, succeeded, toBob, write } from './people.js';

const rules = `http: { listen: off }
rules:
  - { name: partner, when: { to: "*@example.org" }, protect: { content: aes-256-gcm } }`;

let site: Site;
beforeEach(() => {
  site = new Site({ senders: [steve], recipients: [bob, carol], config: rules });
});
afterEach(() => site.remove());

const explain = (message: string, ...args: string[]) =>
  sealdrop(['explain', write(site.directory, 'mail.eml', message), '-c', site.configFile, ...args]);
const facts = async (message: string, ...args: string[]) => JSON.parse((await explain(message, '--json', ...args)).stdout) as Explanation;

describe('explain', () => {
  it('tells envelope, identity, rule, certificate, algorithms and the head of each pickup file', async () => {
    const { stdout } = succeeded(await explain(blindToCarol.replace('Subject', 'X-Job: november\r\nX-DKIM-Key: secret\r\nSubject')));
    expect(stdout).toContain('from steve@example.com, recipients from To, Cc and Bcc');
    expect(stdout).toMatch(/Signs as +steve@example\.com, certificate [0-9a-f]{16}…, RSA 2048, until \d{4}-\d\d-\d\d/);
    expect(stdout).toContain('carol@example.org  (blind)');
    expect(stdout).toContain('encrypted, aes-256-cbc (rsa-pkcs1)');
    expect(stdout).toContain('encrypted, aes-256-gcm (rsa-pkcs1)');
    expect(stdout).toContain('Rule     "partner"');
    expect(stdout).toContain(`pickup as ${site.pickup}/<id>-1.eml`);
    expect(stdout).toContain('  | x-receiver: carol@example.org\n  | x-envid: <id>\n  | x-job: november\n');
    expect(stdout).toMatch(/Changes to the submitted bytes\n(?: {2}.*\n)* {2}bcc-removed\n/);
    expect(stdout).toMatch(/Control headers dropped\n {2}x-dkim-key\n/);
    expect(stdout).not.toContain('secret');
  });

  it('tells which copies the archive keeps, and who else can open them', async () => {
    const { files } = pki.issue({ address: 'compliance-rsa@example.com' });
    site.configure(`http: { listen: off }\narchive: { encryptTo: [${files.certificate}], keepSealed: full }`);
    const { stdout } = succeeded(await explain(toBob));
    expect(stdout.replace(/\s+/g, ' ')).toContain(`keeps this copy; it is encrypted to ${files.certificate} as well`);
    expect((await facts(toBob)).copies).toMatchObject([{ keepSealed: 'full', alsoEncryptedTo: [files.certificate] }]);
  });

  it('writes nothing and leaves the message where it is', async () => {
    const before = readdirSync(site.spool, { recursive: true });
    succeeded(await explain(toBob));
    expect(site.pickedUp()).toEqual([]);
    expect(readdirSync(site.staging)).toEqual([]);
    expect(readdirSync(site.spool, { recursive: true })).toEqual(before);
    expect(readdirSync(site.directory)).toContain('mail.eml');
  });

  it('gives the same facts as JSON', async () => {
    const found = await facts(blindToCarol);
    expect(found.envelope).toEqual({ sender: 'steve@example.com', recipients: ['bob@example.net', 'carol@example.org'], from: 'headers' });
    expect(found.copies?.map(({ recipients, rule, content, sign }) => ({ recipients, rule, content, sign }))).toEqual([
      { recipients: ['bob@example.net'], rule: null, content: 'aes-256-cbc', sign: 'opaque' },
      { recipients: ['carol@example.org'], rule: 'partner', content: 'aes-256-gcm', sign: 'opaque' },
    ]);
    expect(found.refused).toBeUndefined();
  });

  it('names key agreement where the certificate has an elliptic curve key', async () => {
    writeIdentity(site.keys, pki.issue({ address: 'erin@example.net', key: 'p-256', keyUsage: 'critical,digitalSignature,keyAgreement' }));
    const { copies } = await facts(toBob.replace('bob@', 'erin@'));
    expect(copies?.[0]?.keyManagement).toEqual(['ecdh']);
  });

  it('says why a message would be held, what is known all the same, and exits 65', async () => {
    const run = await explain(toBob.replace('To: ', 'To: dave@example.net, '));
    expect(run.status).toBe(65);
    expect(run.stdout).toContain('It would be held for a person: missing-certificate');
    expect(run.stdout).toContain('there is no certificate for dave@example.net');
    expect(run.stdout).toMatch(/bob@example\.net\n +certificate [0-9a-f]{16}…/);
    expect(run.stdout).toContain('what to do:');
  });

  it('refuses as JSON with code and cure', async () => {
    expect((await facts(toBob.replace('From: Steve <steve@example.com>\r\n', ''))).refused).toMatchObject({ code: 'no-sender' });
  });

  it('refuses what is over the size limit', async () => {
    site.configure('outbox: { maxMessageBytes: 1KiB }');
    expect((await facts(toBob + 'x'.repeat(2000))).refused?.code).toBe('too-large');
  });

  it('would wait, exit 75, while the keys cannot be read', async () => {
    site.configure('');
    const file = write(
      site.directory,
      'other.yaml',
      `spool: ${site.spool}\nkeys: ${site.directory}/none\ndelivery: { pickup: { directory: ${site.pickup}, staging: ${site.staging}, bad: ${site.bad} } }\n`,
    );
    const run = await sealdrop(['explain', write(site.directory, 'mail.eml', toBob), '-c', file]);
    expect(run.status).toBe(75);
    expect(run.stdout).toContain('It would wait: keys-unreadable');
  });

  it('holds the sender against the owner of the file, or another user who is named', async () => {
    site.configure(`senders: { "*@example.com": ["4242"] }`);
    const refused = await explain(toBob);
    expect(refused.status).toBe(65);
    expect(refused.stdout).toContain('sender-not-allowed');
    expect((await facts(toBob, '--as', '4242')).refused).toBeUndefined();
  });

  it('keeps control characters of a message off the terminal', async () => {
    const { stdout } = await explain(toBob.replace('one', '=?utf-8?Q?a=1B]0;pwned=07b?='));
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
  });
});
