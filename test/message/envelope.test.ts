import { describe, expect, test } from 'vitest';
import { envelopeOf, identityAddressOf, subjectOf, visibleAddresses } from '../../src/message/envelope.js';
import { canonicalOf, crlf, refusal } from './samples.js';

const message = (...lines: string[]) => canonicalOf(Buffer.from(crlf(...lines, '', 'x')));
const envelope = (...lines: string[]) => envelopeOf(message(...lines));
const refused = (...lines: string[]) => refusal(() => envelope(...lines));

describe('x-sender and x-receiver lines', () => {
  test('make the envelope, whatever the header says', () => {
    expect(
      envelope(
        'x-sender: bounce@example.com',
        'x-receiver: b@example.net',
        'x-receiver: c@example.org',
        'From: a@example.com',
        'To: z@example.net',
      ),
    ).toEqual({
      sender: 'bounce@example.com',
      recipients: ['b@example.net', 'c@example.org'],
      from: 'x-lines',
    });
  });

  test('the null sender is what x-sender: <> asks for', () => {
    expect(envelope('x-sender: <>', 'x-receiver: b@example.net', 'From: a@example.com').sender).toBe('');
  });

  test('x-sender alone: recipients come from the header', () => {
    expect(envelope('x-sender: bounce@example.com', 'From: a@example.com', 'To: b@example.net')).toEqual({
      sender: 'bounce@example.com',
      recipients: ['b@example.net'],
      from: 'headers',
    });
  });

  test('x-receiver alone: the sender comes from the header', () => {
    expect(envelope('x-receiver: b@example.net', 'From: a@example.com').sender).toBe('a@example.com');
  });

  test.each(['Bob <b@example.net>', 'b@example.net, c@example.org', 'b@example.net c@example.org', 'b@example.net (Bob)', '<>', '', 'bob'])(
    'x-receiver: %s refuses the message',
    (value) => {
      expect(refused(`x-receiver: ${value}`, 'From: a@example.com')).toMatchObject({ code: 'bad-address', disposition: 'quarantine' });
    },
  );

  test('an empty x-sender, or two different ones, refuse the message', () => {
    expect(refused('x-sender:', 'x-receiver: b@example.net', 'From: a@example.com').code).toBe('bad-address');
    expect(refused('x-sender: a@example.com', 'x-sender: b@example.com', 'x-receiver: b@example.net', 'From: a@example.com').code).toBe(
      'bad-address',
    );
  });

  test('SMTPUTF8 and IDN addresses are read', () => {
    expect(envelope('x-receiver: jürgen@bücher.example', 'From: a@example.com').recipients).toEqual(['jürgen@xn--bcher-kva.example']);
  });
});

describe('headers', () => {
  test('recipients are To, Cc and Bcc of all fields, each once, in order', () => {
    expect(
      envelope('From: a@example.com', 'To: b@example.net', 'Bcc: c@example.org, B@example.net', 'Cc: b@EXAMPLE.net', 'to: d@example.net')
        .recipients,
    ).toEqual(['b@example.net', 'c@example.org', 'B@example.net', 'd@example.net']);
  });

  test('the sender is Return-Path before Sender before From', () => {
    const lines = ['From: from@example.com', 'To: b@example.net'];
    expect(envelope(...lines).sender).toBe('from@example.com');
    expect(envelope(...lines, 'Sender: sender@example.com').sender).toBe('sender@example.com');
    expect(
      envelope(...lines, 'Sender: sender@example.com', 'Return-Path: <bounce@example.com>', 'Return-Path: <old@example.com>').sender,
    ).toBe('bounce@example.com');
  });

  test('an empty Return-Path names nobody', () => {
    expect(envelope('Return-Path: <>', 'From: from@example.com', 'To: b@example.net').sender).toBe('from@example.com');
  });

  test('one invalid recipient refuses the whole message and is named', () => {
    const found = refused('From: a@example.com', 'To: b@example.net', 'Cc: <c@example.org>@example.net');
    expect(found).toMatchObject({ code: 'bad-address', disposition: 'quarantine' });
    expect(found.message).toContain('<c@example.org>@example.net');
  });

  test('a refused address is shown without what a terminal acts upon', () => {
    const { message: shown } = refused('From: a@example.com', 'To: b\u007f\u009b31m\u202e\u061cc@example.net');
    expect(shown).toContain('b\\u007f\\u009b31m\\u202e\\u061cc@example.net');
  });

  test('an invalid sender refuses the message', () => {
    expect(refused('From: a@example.com', 'Sender: nobody', 'To: b@example.net').code).toBe('bad-address');
  });

  test('without any sender, or with several and nothing to choose by, there is no sender', () => {
    expect(refused('To: b@example.net').code).toBe('no-sender');
    expect(refused('From: a@example.com, b@example.com', 'To: b@example.net').code).toBe('no-sender');
    expect(refused('Sender: a@example.com', 'Sender: b@example.com', 'From: a@example.com', 'To: b@example.net').code).toBe('no-sender');
  });

  test('without any recipient there are none', () => {
    expect(refused('From: a@example.com', 'To: undisclosed-recipients:;')).toMatchObject({
      code: 'no-recipients',
      disposition: 'quarantine',
    });
  });

  test('a long hostile address is cut and escaped in the refusal', () => {
    const { message: sentence } = refused('From: a@example.com', `To: x\x01${'y'.repeat(5000)}`);
    expect(sentence).toContain('\\u0001');
    expect(sentence.length).toBeLessThan(300);
  });
});

describe('Resent fields', () => {
  const original = ['From: a@example.com', 'To: first@example.net', 'Cc: second@example.net'];

  test('of the topmost block alone make the envelope', () => {
    expect(
      envelope(
        'Resent-From: r@example.com',
        'Resent-To: b@example.net',
        'Resent-Cc: c@example.org',
        'Resent-From: older@example.com',
        'Resent-To: old@example.net',
        ...original,
      ),
    ).toEqual({ sender: 'r@example.com', recipients: ['b@example.net', 'c@example.org'], from: 'resent' });
  });

  test('Resent-Sender goes before Resent-From, and Resent-Bcc counts', () => {
    expect(envelope('Resent-From: r@example.com', 'Resent-Sender: s@example.com', 'Resent-Bcc: b@example.net', ...original)).toMatchObject({
      sender: 's@example.com',
      recipients: ['b@example.net'],
    });
  });

  test('a trace field ends the block; another field does not', () => {
    expect(
      envelope(
        'Resent-From: r@example.com',
        'X-Note: x',
        'Resent-To: b@example.net',
        'Received: from x by y',
        'Resent-Cc: old@example.net',
        ...original,
      ).recipients,
    ).toEqual(['b@example.net']);
  });

  test('a block without recipients does not fall back to the original ones', () => {
    expect(refused('Resent-From: r@example.com', ...original).code).toBe('no-recipients');
  });

  test('x-receiver lines go before them', () => {
    expect(envelope('x-receiver: x@example.net', 'Resent-From: r@example.com', 'Resent-To: b@example.net', ...original)).toEqual({
      sender: 'r@example.com',
      recipients: ['x@example.net'],
      from: 'x-lines',
    });
  });
});

describe('identityAddressOf', () => {
  test('is the mailbox in From, never the envelope sender or Resent-From', () => {
    expect(
      identityAddressOf(
        message('x-sender: bounce@example.com', 'Resent-From: r@example.com', 'Sender: s@example.com', 'From: Alice <Alice@Example.com>'),
      ),
    ).toBe('Alice@example.com');
  });

  test('is Sender when From has several mailboxes', () => {
    expect(identityAddressOf(message('From: a@example.com, b@example.com', 'Sender: b@example.com'))).toBe('b@example.com');
  });

  test.each([
    [['To: b@example.net']],
    [['From: a@example.com, b@example.com']],
    [['From: a@example.com, b@example.com', 'Sender: a@example.com', 'Sender: b@example.com']],
    [['From: nobody']],
    [['From: a@example.com <b@example.com>']],
    [['From: team:;']],
  ])('refuses %j', (lines) => {
    expect(refusal(() => identityAddressOf(message(...lines)))).toMatchObject({ code: 'no-sender', disposition: 'quarantine' });
  });
});

test('visible are the addresses of To and Cc, not of Bcc or Resent-To; invalid ones are not', () => {
  const visible = visibleAddresses(
    message(
      'From: a@example.com',
      'To: T@Bücher.example, <x@example.org>@example.net',
      'CC: c@example.org',
      'Bcc: d@example.org',
      'Resent-To: e@example.org',
    ),
  );
  expect([...visible]).toEqual(['T@xn--bcher-kva.example', 'c@example.org']);
});

test('the subject is decoded for people', () => {
  expect(subjectOf(message('From: a@example.com', 'Subject: =?utf-8?q?Gr=C3=BC?=', ' =?utf-8?q?=C3=9Fe?= an', '\talle'))).toBe(
    'Grüße an\talle',
  );
  expect(subjectOf(message('From: a@example.com', 'Subject: Grüße'))).toBe('Grüße');
  expect(subjectOf(message('From: a@example.com'))).toBe('');
});
