import { describe, expect, test } from 'vitest';
import { assertPickupFile } from '../../../src/delivery/pickup/check.js';
import * as writing from '../../../src/delivery/pickup/file.js';
import { checkPickupMessage } from '../../../src/delivery/pickup/file.js';
import { type PickupTransport, pickupProfile } from '../../../src/delivery/pickup/profile.js';
import type { SealdropError } from '../../../src/errors.js';
import { joined, octetsOf } from '../../../src/message/octets.js';
import { codeOf, thrownBy } from '../thrown.js';

const transport: PickupTransport = {
  sender: 'bounce@example.com',
  recipients: ['a@example.net', 'b@example.net'],
  envid: '0197a1b2-0000-7000-8000-000000000001',
};
const message = Buffer.from(
  [
    'From: Alice <alice@example.com>',
    'To: a@example.net',
    'Date: Mon, 05 Jan 2026 10:00:00 +0000',
    'Message-ID: <1@example.com>',
    'MIME-Version: 1.0',
    'Content-Type: application/pkcs7-mime; smime-type=enveloped-data',
    '',
    'MIIB',
    '',
  ].join('\r\n'),
);
const linesOf = (file: Buffer) => file.toString('latin1').split('\r\n');
const withTransport = (change: Partial<PickupTransport>) => ({ ...transport, ...change });

const powermta = pickupProfile('powermta');
const pickupHead = (values: PickupTransport) => writing.pickupHead(powermta, values);

function pickupFile(message: Buffer, transport: PickupTransport): Buffer {
  return joined(writing.pickupFile(octetsOf(message), powermta, transport));
}

describe('the pickup file (numbers as in the acceptance facts)', () => {
  test('passes the whole contract', () => {
    expect(() => assertPickupFile(pickupFile(message, transport))).not.toThrow();
  });

  test('1: begins with x-sender, nothing before it, no BOM', () => {
    expect(pickupFile(message, transport).subarray(0, 30).toString('latin1')).toBe('x-sender: bounce@example.com\r\n');
  });

  test('2: has one address a line, before the message', () => {
    expect(linesOf(pickupFile(message, transport)).slice(1, 4)).toEqual([
      'x-receiver: a@example.net',
      'x-receiver: b@example.net',
      'x-envid: 0197a1b2-0000-7000-8000-000000000001',
    ]);
  });

  test.each([
    '<a@example.net>',
    'Alice <a@example.net>',
    'a@example.net (Alice)',
    'a@example.net,b@example.net',
    'a',
    '@example.net',
    'a@',
  ])('3: refuses the address %s, which is not bare', (address) => {
    expect(codeOf(() => pickupHead(withTransport({ recipients: [address] })))).toBe('bad-envelope-value');
    expect(codeOf(() => pickupHead(withTransport({ sender: address })))).toMatch('bad-envelope-value');
  });

  test.each([
    'a.b+c@example.net',
    '"a,b"@example.net',
    "o'brien@example.net",
    'a@xn--bcher-kva.example',
    'a@[192.0.2.1]',
    'a_b@mail_1.example',
  ])('3: takes the bare address %s', (address) => {
    expect(linesOf(pickupHead(withTransport({ recipients: [address] })))[1]).toBe(`x-receiver: ${address}`);
  });

  test('4: has no blank line between the envelope lines and the message', () => {
    expect(linesOf(pickupFile(message, transport))[4]).toBe('From: Alice <alice@example.com>');
  });

  test('4: ends in the message, byte for byte', () => {
    const file = pickupFile(message, transport);
    expect(file.subarray(file.length - message.length).equals(message)).toBe(true);
  });

  test('9: takes 5,000 receivers and refuses one more', () => {
    const recipients = Array.from({ length: 5001 }, (_, n) => `r${n}@example.net`);
    expect(
      linesOf(pickupHead(withTransport({ recipients: recipients.slice(1) }))).filter((line) => line.startsWith('x-receiver: ')),
    ).toHaveLength(5000);
    expect(codeOf(() => pickupHead(withTransport({ recipients })))).toBe('too-many-receivers');
  });

  test('2: refuses a copy without a receiver', () => {
    expect(codeOf(() => pickupHead(withTransport({ recipients: [] })))).toBe('bad-envelope-value');
  });

  test('12: ends every envelope line with CRLF', () => {
    const head = pickupHead(withTransport({ job: 'j1', virtualMta: 'v1', dkimOptions: 's=sel' })).toString('latin1');
    expect(head.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(head.endsWith('\r\n')).toBe(true);
  });

  test('15: writes one x-job when a job is given, none otherwise', () => {
    const jobs = (file: Buffer) => linesOf(file).filter((line) => line.startsWith('x-job:'));
    expect(jobs(pickupHead(withTransport({ job: 'invoices-2026-11' })))).toEqual(['x-job: invoices-2026-11']);
    expect(jobs(pickupHead(transport))).toEqual([]);
  });

  test('16: carries our id as x-envid', () => {
    expect(linesOf(pickupHead(transport))).toContain(`x-envid: ${transport.envid}`);
  });

  test('17: writes x-virtual-mta and x-dkim-options only when they are given', () => {
    expect(pickupHead(transport).toString()).not.toMatch(/x-virtual-mta|x-dkim/);
    const head = linesOf(pickupHead(withTransport({ virtualMta: 'mta7', dkimOptions: 's=sel; d=example.com;' })));
    expect(head.slice(-3)).toEqual(['x-virtual-mta: mta7', 'x-dkim-options: s=sel;d=example.com', '']);
  });

  test.each([
    'x-dkim-key',
    'x-sender',
    'X-Receiver',
    'x-sender-override',
    'x-envid',
    'x-job',
    'x-virtual-mta',
    'x-dkim-options',
    'X-Schedule ',
  ])('13, 18: refuses a message whose header still holds %s', (name) => {
    const poisoned = Buffer.from(message.toString().replace('MIME-Version:', `${name}: value\r\nMIME-Version:`));
    expect(codeOf(() => pickupFile(poisoned, transport))).toBe('control-header-in-message');
  });

  test('13: leaves alone what only looks like a control header, in the body or by a longer name', () => {
    const harmless = Buffer.from(
      message.toString().replace('MIME-', 'X-Sender-Id: 7\r\nMIME-').replace('MIIB', 'x-receiver: c@example.net'),
    );
    expect(() => checkPickupMessage(octetsOf(harmless), powermta)).not.toThrow();
  });

  test.each(['HELO x\r\n', 'EHLO x\r\n', 'MAIL FROM:<a@example.net>\r\n', 'XMRG FROM:<a@example.net>\r\n', 'XACK OFF\r\n'])(
    '20: never begins with %j, even if the message does',
    (verb) => {
      expect(pickupHead(transport).toString().startsWith('x-sender: ')).toBe(true);
      expect(codeOf(() => pickupFile(Buffer.concat([Buffer.from(verb), message]), transport))).toMatch(/^control-header-in-message$/);
    },
  );

  test('21: refuses the null sender and says where it can go', () => {
    const error = thrownBy(() => pickupHead(withTransport({ sender: '' })));
    expect(error).toMatchObject({ code: 'null-sender-needs-smtp', disposition: 'quarantine' });
    expect((error as SealdropError).cure).toContain('SMTP');
  });

  test('21: refuses an address that needs SMTPUTF8', () => {
    expect(codeOf(() => pickupHead(withTransport({ recipients: ['jürgen@example.net'] })))).toBe('smtputf8-needs-smtp');
  });
});
