import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type Answer, copyTo, DROP, deliveryTo, listen, SILENCE, startScript } from './servers.js';
import { rejectionOf } from './thrown.js';

const SHORT = { openMs: 150, replyMs: 150 };
const PIPELINING = '250-mx.example.net\r\n250 PIPELINING';
const STEP_BY_STEP = '250 mx.example.net';

describe.each([
  ['with PIPELINING', PIPELINING],
  ['step by step', STEP_BY_STEP],
])('what a server does at each stage, %s', (_, EHLO) => {
  const faults: [stage: string, answer: Answer, expected: string][] = [
    // a reply that concerns the message: the outcome of each recipient
    ['MAIL', '550 5.7.1 sender refused', 'refused 550'],
    ['MAIL', '451 4.7.1 try later', 'deferred 451'],
    ['MAIL', '552 5.3.4 too big', 'refused 552'],
    ['RCPT', '550 relaying denied', 'refused 550'],
    ['RCPT', '451 4.7.1 greylisted', 'deferred 451'],
    ['RCPT', '452 4.5.3 too many recipients', 'deferred 452'],
    ['RCPT', '503 5.5.1 bad sequence', 'deferred 503'],
    ['DATA', '554 5.5.1 no', 'refused 554'],
    ['DATA', '451 4.3.0 no', 'deferred 451'],
    ['.', '554 5.7.1 spam', 'refused 554'],
    ['.', '451 4.3.0 queue full', 'deferred 451'],
    // the session as a whole: thrown, and mail waits
    ['CONNECT', '421 4.3.2 not now', 'smtp-unavailable wait'],
    ['CONNECT', '554 no service here', 'smtp-unavailable wait'],
    ['MAIL', '421 4.3.2 closing', 'smtp-unavailable wait'],
    ['RCPT', '421 4.3.2 closing', 'smtp-unavailable wait'],
    ['DATA', '421 4.3.2 closing', 'smtp-unavailable wait'],
    ['.', '421 4.3.2 closing', 'smtp-unavailable wait'],
    ['MAIL', '530 Authorization required', 'smtp-auth-required wait'],
    ['RCPT', '530 Authorization required', 'smtp-auth-required wait'],
    ['CONNECT', DROP, 'smtp-unavailable wait'],
    ['EHLO', DROP, 'smtp-unavailable wait'],
    ['MAIL', DROP, 'smtp-unavailable wait'],
    ['RCPT', DROP, 'smtp-unavailable wait'],
    ['DATA', DROP, 'smtp-unavailable wait'],
    ['CONNECT', SILENCE, 'smtp-unavailable wait'],
    ['EHLO', SILENCE, 'smtp-unavailable wait'],
    ['MAIL', SILENCE, 'smtp-unavailable wait'],
    ['RCPT', SILENCE, 'smtp-unavailable wait'],
    ['DATA', SILENCE, 'smtp-unavailable wait'],
    // everything was sent and nobody knows
    ['.', DROP, 'deferred acceptance-unknown'],
    ['.', SILENCE, 'deferred acceptance-unknown'],
    ['.', 'nonsense', 'deferred acceptance-unknown'],
  ];

  test.each(faults)('%s answered by %s: %s', async (stage, answer, expected) => {
    const script = await startScript({ EHLO, [stage]: answer });
    const outcome = deliveryTo(script.port, { timeouts: SHORT }).send(copyTo('a@example.net', 'b@example.net'));
    if (expected.endsWith(' wait')) {
      const { code, disposition } = await rejectionOf(outcome);
      expect(`${code} ${disposition}`).toBe(expected);
    } else {
      const { recipients, acceptance } = await outcome;
      expect(recipients.map(({ status, code }) => `${status} ${code}`)).toEqual([expected, expected]);
      expect(acceptance).toBe(expected.endsWith('unknown') ? 'unknown' : 'known');
    }
  });

  test('a mailbox refused for one of five recipients is refused alone, in the words of the server', async () => {
    const script = await startScript({
      EHLO,
      RCPT: (command) => (command.includes('c@') ? '550 5.1.1 <c@example.net>: unknown' : '250 Ok'),
    });
    const { recipients } = await deliveryTo(script.port).send(copyTo(...['a', 'b', 'c', 'd', 'e'].map((name) => `${name}@example.net`)));
    expect(recipients.map(({ status }) => status)).toEqual(['accepted', 'accepted', 'refused', 'accepted', 'accepted']);
    expect(recipients[2]).toEqual({ address: 'c@example.net', status: 'refused', code: '550', text: '5.1.1 <c@example.net>: unknown' });
    expect(script.wire).toHaveLength(1);
  });

  test('a refusal after the content leaves the refusal of a single recipient its own words', async () => {
    const script = await startScript({ EHLO, RCPT: (command) => (command.includes('b@') ? '550 unknown' : '250 Ok'), '.': '451 later' });
    const { recipients } = await deliveryTo(script.port).send(copyTo('a@example.net', 'b@example.net'));
    expect(recipients.map(({ status, code, text }) => `${status} ${code} ${text}`)).toEqual(['deferred 451 later', 'refused 550 unknown']);
  });

  test('a recipient that wants a login does not take back what the others were accepted for', async () => {
    const script = await startScript({ EHLO, RCPT: (command) => (command.includes('b@') ? '530 Authorization required' : '250 Ok') });
    const { recipients } = await deliveryTo(script.port).send(copyTo('a@example.net', 'b@example.net'));
    expect(recipients.map(({ status, code }) => `${status} ${code}`)).toEqual(['accepted 250', 'refused 530']);
  });

  test.each(['550', '530'])('an unknown acceptance leaves a recipient refused with %s refused', async (code) => {
    const script = await startScript({ EHLO, RCPT: (command) => (command.includes('b@') ? `${code} no` : '250 Ok'), '.': DROP });
    const { recipients, acceptance } = await deliveryTo(script.port).send(copyTo('a@example.net', 'b@example.net'));
    expect(recipients.map((recipient) => recipient.code)).toEqual(['acceptance-unknown', code]);
    expect(acceptance).toBe('unknown');
  });
});

test('a message is not sent a second time by itself when the answer to it is missing, also over a kept connection', async () => {
  const script = await startScript({ '.': (_, count) => (count === 1 ? '250 Ok' : DROP) });
  const delivery = deliveryTo(script.port);
  await delivery.send(copyTo('a@example.net'));
  expect((await delivery.send(copyTo('a@example.net'))).acceptance).toBe('unknown');
  expect(script.wire).toHaveLength(2);
});

test('a connection lost in the middle of the content is no acceptance', async () => {
  const server = createServer((socket) => {
    let lines = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      lines += chunk.toString('latin1');
      if (/^EHLO.*\r\n$/.test(lines)) socket.write('250 mx.example.net\r\n');
      else if (/^(?:MAIL|RCPT).*\r\n$/.test(lines)) socket.write('250 Ok\r\n');
      else if (lines === 'DATA\r\n') socket.write('354 go on\r\n');
      else socket.resetAndDestroy();
      lines = '';
    });
    socket.write('220 mx.example.net\r\n');
  });
  const message = Buffer.from(`A: b\r\n\r\n${'0123456789\r\n'.repeat(2_000_000)}`);
  const { recipients, acceptance } = await deliveryTo(await listen(server)).send({ ...copyTo('a@example.net'), message });
  expect(recipients).toMatchObject([{ status: 'deferred', code: 'connection-lost' }]);
  expect(acceptance).toBe('known');
});

test('a server that drips its answer cannot hold a connection for ever', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.write('220 ');
    const drip = setInterval(() => socket.write('.'), 20);
    socket.on('close', () => clearInterval(drip));
  });
  const error = await rejectionOf(
    deliveryTo(await listen(server), { timeouts: { openMs: 200, replyMs: 5000 } }).send(copyTo('a@example.net')),
  );
  expect(error).toMatchObject({ code: 'smtp-unavailable', disposition: 'wait' });
});

test('a transaction that outlasts its time is given up', async () => {
  const script = await startScript({ MAIL: SILENCE });
  const delivery = deliveryTo(script.port, { timeouts: { transactionMs: 150, replyMs: 5000 } });
  const startedMs = Date.now();
  expect(await rejectionOf(delivery.send(copyTo('a@example.net')))).toMatchObject({ code: 'smtp-unavailable' });
  expect(Date.now() - startedMs).toBeLessThan(3000);
});

test('a port where nobody listens makes mail wait, and says where', async () => {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  const error = await rejectionOf(deliveryTo(port).send(copyTo('a@example.net')));
  expect(error).toMatchObject({ code: 'smtp-unavailable', disposition: 'wait', cure: expect.stringMatching(/\.$/) });
  expect(error.message).toContain(`127.0.0.1:${port}`);
  expect(error.message).toContain('ECONNREFUSED');
});

test('the demand for a login is shown as the server worded it', async () => {
  const script = await startScript({ MAIL: '530 Authorization required' });
  expect((await rejectionOf(deliveryTo(script.port).send(copyTo('a@example.net')))).message).toMatch(/: 530 Authorization required$/);
});
