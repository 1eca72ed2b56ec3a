import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { SmtpOptions } from '../../../src/delivery/smtp/options.js';
import { type SmtpServer, systemNames } from '../../../src/delivery/smtp/servers.js';
import { type Answer, copyTo, DROP, deliveryTo, loginWith, makeCertificate, type Script, startScript, startSink } from '../servers.js';
import { rejectionOf } from '../thrown.js';
import { namesFrom } from './dns-stub.js';

const at = (...ports: number[]): SmtpServer[] => ports.map((port) => ({ host: '127.0.0.1', port }));

/** A delivery that notes what is said of its servers: a code while one fails, `serves` when it does again. */
function deliveryWith(options: Partial<SmtpOptions> & { servers: readonly SmtpServer[] }) {
  const news: string[] = [];
  const onServer: SmtpOptions['onServer'] = (label, fault) => {
    const said = `${label} ${fault?.code ?? 'serves'}`;
    if (news.at(-1) !== said) news.push(said);
  };
  return { delivery: deliveryTo(0, { ...options, onServer }), news };
}

async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const connects = ({ commands }: Script) => commands.filter((command) => command === 'CONNECT').length;

describe('of several servers', () => {
  test('the first serves while it can, and the second is left alone', async () => {
    const [first, second] = [await startSink(), await startSink()];
    const { delivery, news } = deliveryWith({ servers: at(first.port, second.port) });
    for (let n = 0; n < 3; n += 1) await delivery.send(copyTo('a@example.net'));
    expect([first.received.length, second.received.length]).toEqual([3, 0]);
    expect(news).toEqual([]);
  });

  test.each<[string, Record<string, Answer>]>([
    ['greets with 421', { CONNECT: '421 4.3.2 not now' }],
    ['greets with 554', { CONNECT: '554 no service' }],
    ['hangs up at once', { CONNECT: DROP }],
    ['hangs up at EHLO', { EHLO: DROP }],
    ['answers 421 to MAIL', { MAIL: '421 4.3.2 closing' }],
    ['hangs up at RCPT', { RCPT: DROP }],
    ['answers 421 to DATA', { DATA: '421 4.3.2 closing' }],
    ['answers 421 to the dot', { '.': '421 4.3.2 closing' }],
  ])('the second takes what the first does not when that %s', async (_, answers) => {
    const script = await startScript(answers);
    const sink = await startSink();
    const { delivery, news } = deliveryWith({ servers: at(script.port, sink.port) });
    const { recipients } = await delivery.send(copyTo('a@example.net'));
    expect(recipients).toMatchObject([{ status: 'accepted' }]);
    expect(sink.received).toHaveLength(1);
    expect(news).toEqual([`127.0.0.1:${script.port} smtp-unavailable`]);
  });

  test('the second takes it when nobody listens at the first, or its certificate is not valid', async () => {
    const { key, cert } = makeCertificate();
    const unknown = await startSink({ key, cert, disabledCommands: [] });
    const trusted = makeCertificate();
    const sink = await startSink({ ...trusted, disabledCommands: [] });
    const servers = at(await deadPort(), unknown.port, sink.port);
    const { delivery, news } = deliveryWith({ servers, tls: 'required', ca: trusted.cert });
    await delivery.send(copyTo('a@example.net'));
    expect([unknown.received.length, sink.received.length]).toEqual([0, 1]);
    expect(news.map((said) => said.split(' ')[1]).sort()).toEqual(['smtp-tls-failed', 'smtp-unavailable']);
  });

  test('the second is not given what the first has refused, deferred, or may have taken', async () => {
    const sink = await startSink();
    const deaf: Record<string, Answer>[] = [{ MAIL: '550 no' }, { RCPT: '451 later' }, { '.': '554 no' }, { '.': DROP }];
    for (const answers of deaf) {
      const script = await startScript(answers);
      await deliveryWith({ servers: at(script.port, sink.port) }).delivery.send(copyTo('a@example.net'));
    }
    expect(sink.received).toEqual([]);
  });

  test('the second is not tried with a login that the first has refused', async () => {
    const refusing = { EHLO: '250-mx.example.net\r\n250 AUTH PLAIN', AUTH: '535 5.7.8 no' };
    const [first, second] = [await startScript(refusing), await startScript(refusing)];
    const { delivery } = deliveryWith({ servers: at(first.port, second.port), ...loginWith('user', 'secret') });
    expect((await rejectionOf(delivery.send(copyTo('a@example.net')))).code).toBe('smtp-auth-failed');
    expect(connects(second)).toBe(0);
  });

  test('one that failed is not tried again for a while, and then is, and its return is told', async () => {
    let down = true;
    const first = await startScript({ CONNECT: () => (down ? '421 4.3.2 not now' : '220 mx.example.net') });
    const second = await startScript({});
    const { delivery, news } = deliveryWith({
      servers: at(first.port, second.port),
      messagesPerConnection: 1,
      timeouts: { hostPauseMs: 1000 },
    });
    for (let n = 0; n < 4; n += 1) await delivery.send(copyTo('a@example.net'));
    expect([connects(first), second.wire.length]).toEqual([1, 4]);
    down = false;
    await new Promise((resolve) => setTimeout(resolve, 1050));
    await delivery.send(copyTo('a@example.net'));
    expect(first.wire).toHaveLength(1);
    expect(news).toEqual([`127.0.0.1:${first.port} smtp-unavailable`, `127.0.0.1:${first.port} serves`]);
  });

  test('all are tried, also those that failed just now, and the error names each', async () => {
    const scripts = [await startScript({ CONNECT: '421 4.3.2 first' }), await startScript({ MAIL: '421 4.3.2 second' })];
    const ports = scripts.map(({ port }) => port);
    const { delivery } = deliveryWith({ servers: at(...ports) });
    for (let n = 1; n <= 2; n += 1) {
      const error = await rejectionOf(delivery.send(copyTo('a@example.net')));
      expect(error).toMatchObject({ code: 'smtp-unavailable', disposition: 'wait' });
      for (const port of ports) expect(error.message).toContain(`127.0.0.1:${port} cannot take mail now: 421`);
      expect(scripts.map(connects)).toEqual([n, n]);
    }
  });

  test('a kept connection that was cut is first replaced at the same server', async () => {
    const first = await startScript({ MAIL: (_, count) => (count === 2 ? DROP : '250 Ok') });
    const second = await startSink();
    const { delivery, news } = deliveryWith({ servers: at(first.port, second.port) });
    await delivery.send(copyTo('a@example.net'));
    await delivery.send(copyTo('b@example.net'));
    expect([first.wire.length, second.received.length]).toEqual([2, 0]);
    expect(news).toEqual([]);
  });
});

describe('names', () => {
  test('each of several addresses has its turn', async () => {
    const first = await startScript({}, { address: '127.0.0.1' });
    const second = await startScript({}, { address: '127.0.0.2', port: first.port });
    // 0.0.0.0 leads to 127.0.0.1 and does not say so: two names of this machine would have no turns.
    const names = await namesFrom({}, { 'mail.example.com': ['0.0.0.0', '127.0.0.2'] });
    const { delivery } = deliveryWith({ servers: [{ host: 'mail.example.com', port: first.port }], names, messagesPerConnection: 1 });
    for (let n = 0; n < 4; n += 1) await delivery.send(copyTo('a@example.net'));
    expect([first.wire.length, second.wire.length]).toEqual([2, 2]);
  });

  test('mail exchangers are tried by their preference, and where the name leads the certificate is theirs', async () => {
    const { key, cert } = makeCertificate('DNS:mx2.example.com');
    const sink = await startSink({ key, cert, disabledCommands: [] });
    const mx = [
      { priority: 20, exchange: 'mx2.example.com' },
      { priority: 10, exchange: 'mx1.example.com' },
    ];
    // Nobody listens at 127.0.0.9.
    const names = await namesFrom({ 'example.com': mx }, { 'mx1.example.com': ['127.0.0.9'], 'mx2.example.com': ['127.0.0.1'] });
    const { delivery, news } = deliveryWith({
      servers: [{ host: 'example.com', port: sink.port }],
      lookup: 'mx',
      names,
      tls: 'required',
      ca: cert,
    });
    expect(await delivery.open()).toMatchObject({ host: 'mx2.example.com', secure: true });
    expect(news).toEqual([`mx1.example.com:${sink.port} smtp-unavailable`]);
  });

  test('a name without mail exchangers is its own', async () => {
    const sink = await startSink();
    const names = await namesFrom({ 'mail.example.com': [] }, { 'mail.example.com': ['127.0.0.1'] });
    const { delivery } = deliveryWith({ servers: [{ host: 'mail.example.com', port: sink.port }], lookup: 'mx', names });
    expect(await delivery.open()).toMatchObject({ host: 'mail.example.com' });
  });

  test.each<[string, string]>([
    ['takes no mail by its MX record', 'null.example.com'],
    ['does not exist', 'none.example.com'],
  ])('a domain that %s makes mail wait', async (_, host) => {
    const names = await namesFrom({ 'null.example.com': [{ priority: 0, exchange: '' }] }, {});
    const { delivery } = deliveryWith({ servers: [{ host, port: 25 }], lookup: 'mx', names });
    const error = await rejectionOf(delivery.send(copyTo('a@example.net')));
    expect(error).toMatchObject({ code: 'smtp-unavailable', disposition: 'wait' });
    expect(error.message).toContain(`${host}:25 cannot take mail now`);
  });

  test('that cannot be looked up leave the others, and are told of', async () => {
    const sink = await startSink();
    const names = await namesFrom({}, { 'mx2.example.com': ['127.0.0.1'] });
    const servers = [
      { host: 'mx1.example.com', port: 25 },
      { host: 'mx2.example.com', port: sink.port },
    ];
    const { delivery, news } = deliveryWith({ servers, names });
    await delivery.send(copyTo('a@example.net'));
    expect(sink.received).toHaveLength(1);
    expect(news).toEqual(['mx1.example.com:25 smtp-unavailable']);
  });

  test('a look-up that never ends does not hold mail for ever', async () => {
    const names = { addresses: () => new Promise<string[]>(() => {}), exchanges: () => Promise.resolve([]) };
    const { delivery } = deliveryWith({ servers: [{ host: 'mx1.example.com', port: 25 }], names, timeouts: { openMs: 100 } });
    expect((await rejectionOf(delivery.send(copyTo('a@example.net')))).message).toContain('the look-up took too long');
  });

  test('are looked up as the system does: localhost is served at whichever address it listens', async () => {
    const sink = await startSink();
    const { delivery, news } = deliveryWith({ servers: [{ host: 'localhost', port: sink.port }] });
    await delivery.send(copyTo('a@example.net'));
    expect(sink.received).toHaveLength(1);
    expect(news).toEqual([]);
    expect(await systemNames.addresses('localhost')).toContain('127.0.0.1');
  });
});
