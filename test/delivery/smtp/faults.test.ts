import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { SmtpOptions } from '../../../src/delivery/smtp/options.js';
import { SealdropError } from '../../../src/errors.js';
import { octetsOf } from '../../../src/message/octets.js';
import { type Answer, copyTo, DRIP, DROP, deliveryTo, listen, loginWith, SILENCE, startScript } from '../servers.js';
import { rejectionOf } from '../thrown.js';

const SHORT = { openMs: 250, replyMs: 250, transactionMs: 500 };
const PIPELINING = ['PIPELINING'];
const STEP_BY_STEP: string[] = [];

type Stage = 'CONNECT' | 'EHLO' | 'STARTTLS' | 'AUTH' | 'MAIL' | 'RCPT' | 'DATA' | '.';

/** What a scripted server does, and what becomes of a message for two recipients. The last three never end the reply. */
const DOES: Readonly<Record<'4xx' | '5xx' | '421' | 'dropped' | 'silent' | 'slow', Answer>> = {
  '4xx': '451 4.3.0 not now',
  '5xx': '554 5.7.1 never',
  '421': '421 4.3.2 closing',
  dropped: DROP,
  silent: SILENCE,
  slow: DRIP,
};

/** The session as a whole, which is no message's fault: mail waits, no attempt is counted. */
const WAITS = 'waits: smtp-unavailable';
const NO_TLS = 'waits: smtp-tls-failed';
const NO_LOGIN = 'waits: smtp-auth-failed';
const LATER = 'deferred 451';
const NEVER = 'refused 554';
/** Everything was sent: the one place from which a duplicate can come (I5). */
const UNKNOWN = 'deferred acceptance-unknown';

// biome-ignore format: a table
const OUTCOMES: Record<Stage, Record<keyof typeof DOES, string>> = {
  //          answers 4xx    answers 5xx      answers 421    hangs up          says nothing     goes on and on
  CONNECT:  { '4xx': WAITS,  '5xx': WAITS,    '421': WAITS,  dropped: WAITS,   silent: WAITS,   slow: WAITS },
  EHLO:     { '4xx': WAITS,  '5xx': WAITS,    '421': WAITS,  dropped: WAITS,   silent: WAITS,   slow: WAITS },
  STARTTLS: { '4xx': NO_TLS, '5xx': NO_TLS,   '421': NO_TLS, dropped: WAITS,   silent: WAITS,   slow: WAITS },
  AUTH:     { '4xx': WAITS,  '5xx': NO_LOGIN, '421': WAITS,  dropped: WAITS,   silent: WAITS,   slow: WAITS },
  MAIL:     { '4xx': LATER,  '5xx': NEVER,    '421': WAITS,  dropped: WAITS,   silent: WAITS,   slow: WAITS },
  RCPT:     { '4xx': LATER,  '5xx': NEVER,    '421': WAITS,  dropped: WAITS,   silent: WAITS,   slow: WAITS },
  DATA:     { '4xx': LATER,  '5xx': NEVER,    '421': WAITS,  dropped: WAITS,   silent: WAITS,   slow: WAITS },
  '.':      { '4xx': LATER,  '5xx': NEVER,    '421': WAITS,  dropped: UNKNOWN, silent: UNKNOWN, slow: UNKNOWN },
};

/** Replies that are not what their first digit says, or not what was asked. */
const ODD: [stage: Stage, answer: string, expected: string][] = [
  ['MAIL', '552 5.3.4 too big', 'refused 552'],
  ['RCPT', '550 relaying denied', 'refused 550'],
  ['RCPT', '451 4.7.1 greylisted', 'deferred 451'],
  ['RCPT', '452 4.5.3 too many recipients', 'deferred 452'],
  ['RCPT', '503 5.5.1 bad sequence', 'deferred 503'],
  ['MAIL', '530 Authorization required', 'waits: smtp-auth-required'],
  ['RCPT', '530 Authorization required', 'waits: smtp-auth-required'],
  ['.', 'nonsense', UNKNOWN],
];

const TABLE = Object.entries(OUTCOMES).flatMap(([stage, row]) =>
  Object.entries(row).map(([does, expected]) => [stage as Stage, does, DOES[does as keyof typeof DOES], expected] as const),
);

/** What a server offers, and what is asked of it, so that it comes to this stage. */
function reaching(stage: Stage, offered: string[]): { EHLO: string; options: Partial<SmtpOptions> } {
  const extensions = [...offered, ...(stage === 'STARTTLS' ? ['STARTTLS'] : []), ...(stage === 'AUTH' ? ['AUTH PLAIN'] : [])];
  const EHLO = ['mx.example.net', ...extensions].map((line, n, all) => `250${n === all.length - 1 ? ' ' : '-'}${line}`).join('\r\n');
  if (stage === 'STARTTLS') return { EHLO, options: { tls: 'required' } };
  return { EHLO, options: stage === 'AUTH' ? loginWith('user', 'secret') : {} };
}

async function outcomeOf(stage: Stage, answer: Answer, offered: string[]): Promise<string> {
  const { EHLO, options } = reaching(stage, offered);
  const script = await startScript({ EHLO, [stage]: answer });
  try {
    const { recipients, acceptance } = await deliveryTo(script.port, { ...options, timeouts: SHORT }).send(
      copyTo('a@example.net', 'b@example.net'),
    );
    const [first, ...others] = recipients.map(({ status, code }) => `${status} ${code}`);
    expect(others).toEqual([first]);
    expect(acceptance).toBe(first === UNKNOWN ? 'unknown' : 'known');
    return first ?? '';
  } catch (error) {
    if (!(error instanceof SealdropError) || error.disposition !== 'wait') throw error;
    // Where the server cannot serve, it has not been given the content; a 421 to the dot says that it has not taken it.
    if (stage !== '.') expect(Buffer.concat(script.wire).toString()).toBe('');
    return `waits: ${error.code}`;
  }
}

describe.each([
  ['with PIPELINING', PIPELINING],
  ['step by step', STEP_BY_STEP],
])('what a server does at each stage, %s', (_, offered) => {
  const EHLO = reaching('MAIL', offered).EHLO;

  test.each(TABLE)('%s %s', async (stage, _does, answer, expected) => {
    expect(await outcomeOf(stage, answer, offered)).toBe(expected);
  });

  test.each(ODD)('%s answered by %s: %s', async (stage, answer, expected) => {
    expect(await outcomeOf(stage, answer, offered)).toBe(expected);
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
  const { recipients, acceptance } = await deliveryTo(await listen(server)).send({
    ...copyTo('a@example.net'),
    message: octetsOf(message),
  });
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
