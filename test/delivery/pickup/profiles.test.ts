import { describe, expect, test } from 'vitest';
import { pickupFile, pickupHead } from '../../../src/delivery/pickup/file.js';
import { type PickupProfileName, type PickupTransport, pickupProfile, pickupProfiles } from '../../../src/delivery/pickup/profile.js';
import { joined, octetsOf } from '../../../src/message/octets.js';
import { codeOf } from '../thrown.js';

const id = '0197a1b2-0000-7000-8000-000000000001';
const transport: PickupTransport = {
  sender: 'bounce@example.com',
  recipients: ['a@example.net', 'b@example.net'],
  envid: id,
  job: 'j',
  virtualMta: 'v',
};
const message = 'From: alice@example.com\r\nTo: a@example.net, b@example.net\r\nSubject: s\r\n\r\ntext\r\n';
const headOf = (name: PickupProfileName, change: Partial<PickupTransport> = {}) =>
  pickupHead(pickupProfile(name), { ...transport, ...change }).toString('latin1');
const fileOf = (name: PickupProfileName, text: string) =>
  joined(pickupFile(octetsOf(Buffer.from(text)), pickupProfile(name), transport)).toString();

describe('pickup profiles', () => {
  test('exchange-replay: X-Sender and X-Receiver with angle brackets, one a line, the envelope id as ENVID', () => {
    expect(headOf('exchange-replay')).toBe(
      `X-Sender: <bounce@example.com> BODY=7bit ENVID=${id}\r\nX-Receiver: <a@example.net>\r\nX-Receiver: <b@example.net>\r\n`,
    );
  });

  test('exchange-replay: an envelope id in xtext (RFC 3461 §4)', () => {
    expect(headOf('exchange-replay', { envid: 'a+b=c' })).toContain(' ENVID=a+2Bb+3Dc\r\n');
  });

  test.each(['X-CreatedBy', 'X-ExtendedMessageProps', 'x-source', 'X-EndOfInjectedXHeaders'])(
    'exchange-replay: refuses a message that has a field %s, which would be read with ours',
    (name) => {
      expect(codeOf(() => fileOf('exchange-replay', `${name}: x\r\n${message}`))).toBe('instruction-in-message');
      expect(fileOf('powermta', `${name}: x\r\n${message}`)).toContain(name);
      expect(fileOf('exchange-replay', `${message}${name}: x\r\n`)).toContain(name);
    },
  );

  test('iis: bare addresses, and nothing it would send on', () => {
    expect(headOf('iis')).toBe('x-sender: bounce@example.com\r\nx-receiver: a@example.net\r\nx-receiver: b@example.net\r\n');
  });

  test('mailerq: the sender and our id, no recipients', () => {
    expect(headOf('mailerq')).toBe(`x-mq-envelope: bounce@example.com\r\nx-mq-sealdrop-id: ${id}\r\n`);
  });

  test('eml: nothing before the message', () => {
    expect(fileOf('eml', message)).toBe(message);
  });

  test.each(Object.keys(pickupProfiles) as PickupProfileName[])(
    '%s: lines, then the message byte for byte, without a blank line between',
    (name) => {
      expect(fileOf(name, message)).toBe(`${headOf(name)}${message}`);
      expect(headOf(name)).toMatch(/^(?:[!-~]+: [!-~ ]+\r\n)*$/);
    },
  );

  test.each(Object.keys(pickupProfiles) as PickupProfileName[])(
    '%s: refuses a message in which MailerQ or PowerMTA would find an instruction',
    (name) => {
      for (const field of ['x-mq-smarthost-name: evil.example', 'X-Receiver: c@example.org', 'x-dkim-key: k']) {
        expect(codeOf(() => fileOf(name, message.replace('Subject', `${field}\r\nSubject`)))).toBe('control-header-in-message');
      }
    },
  );

  test.each(Object.entries(pickupProfiles))('%s: takes as many recipients as that MTA does, and not one more', (name, { maxReceivers }) => {
    const recipients = Array.from({ length: maxReceivers + 1 }, (_, n) => `r${n}@example.net`);
    expect(() => headOf(name as PickupProfileName, { recipients: recipients.slice(1) })).not.toThrow();
    expect(codeOf(() => headOf(name as PickupProfileName, { recipients }))).toBe('too-many-receivers');
  });
});
