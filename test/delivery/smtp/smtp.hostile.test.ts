import { describe, expect, test } from 'vitest';
import { ehloKeywords, parseReply } from '../../../src/delivery/smtp/reply.js';
import { copyTo, deliveryTo, startScript } from '../servers.js';
import { rejectionOf } from '../thrown.js';

describe('a hostile server', () => {
  test('cannot put control characters or endless text into an outcome', async () => {
    const script = await startScript({ RCPT: `550 \u001b]0;x\u0007 no\u0000 ${'x'.repeat(5000)}` });
    const { recipients } = await deliveryTo(script.port).send(copyTo('a@example.net'));
    expect(recipients[0]?.text).toMatch(/^\?\]0;x\? no\? x+…$/);
    expect(recipients[0]?.text.length).toBeLessThan(1100);
  });

  test('that never ends a reply is left', async () => {
    const script = await startScript({ EHLO: `250-${'x'.repeat(2_000_000)}` });
    expect(await rejectionOf(deliveryTo(script.port).send(copyTo('a@example.net')))).toMatchObject({ code: 'smtp-unavailable' });
  });

  test('that takes DATA without any recipient gets no message', async () => {
    const script = await startScript({ RCPT: '550 no' });
    const { recipients } = await deliveryTo(script.port).send(copyTo('a@example.net'));
    expect(recipients).toMatchObject([{ status: 'refused', code: '550' }]);
    expect(script.wire.map(String).join('')).not.toContain('Hello');
  });

  test('that answers more than it was asked cannot make the next message accepted', async () => {
    const script = await startScript({ '.': (_, count) => (count === 1 ? '250 Ok\r\n250 Ok\r\n250 Ok\r\n354 go\r\n250 Ok' : '554 no') });
    const delivery = deliveryTo(script.port);
    await delivery.send(copyTo('a@example.net'));
    expect((await delivery.send(copyTo('b@example.net'))).recipients).toMatchObject([{ status: 'refused', code: '554' }]);
  });
});

describe('parseReply', () => {
  test('joins the lines of a reply and keeps the words', () => {
    expect(parseReply('550-5.7.1 relaying\n550 5.7.1 denied')).toEqual({ code: '550', text: '5.7.1 relaying 5.7.1 denied' });
  });

  test.each(['', 'hello', '55', '5500 x', '150 x', '650 x', ' 550 x', false as const, undefined])('takes %j for no reply', (response) => {
    expect(parseReply(response)).toBeUndefined();
  });

  test('takes a code without words', () => {
    expect(parseReply('250')).toEqual({ code: '250', text: '' });
  });
});

test('ehloKeywords reads the keywords only, without the greeting', () => {
  expect([...ehloKeywords('250-SMTPUTF8 greets you\n250-size 100\n250-AUTH PLAIN\n250 DSN')]).toEqual(['SIZE', 'AUTH', 'DSN']);
  expect([...ehloKeywords('454 TLS not available')]).toEqual([]);
  expect([...ehloKeywords(false)]).toEqual([]);
});
