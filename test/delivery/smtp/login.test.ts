import { inspect } from 'node:util';
import type { SMTPServerOptions } from 'smtp-server';
import { beforeAll, describe, expect, test } from 'vitest';
import { isLoopback } from '../../../src/delivery/smtp/servers.js';
import { type Answer, copyTo, deliveryTo, loginWith, makeCertificate, startScript, startSink } from '../servers.js';
import { rejectionOf } from '../thrown.js';

const user = 'injector@example.com';
const password = 'correct horse';
let certificate: { key: Buffer; cert: Buffer };
let foreign: { key: Buffer; cert: Buffer };

beforeAll(() => {
  certificate = makeCertificate();
  foreign = makeCertificate('DNS:other.example.net');
});

const withLogin = (): SMTPServerOptions => ({
  ...certificate,
  disabledCommands: [],
  authOptional: false,
  onAuth(auth, _session, callback) {
    if (auth.username === user && auth.password === password) callback(null, { user: auth.method });
    else callback(new Error(`user ${auth.username} and ${auth.password} do not fit`));
  },
});

describe('STARTTLS', () => {
  test('opportunistic goes under TLS whatever the certificate', async () => {
    const sink = await startSink({ ...certificate, disabledCommands: [] });
    const delivery = deliveryTo(sink.port, { tls: 'opportunistic' });
    expect(await delivery.open()).toEqual({ host: '127.0.0.1', port: sink.port, secure: true });
    await delivery.send(copyTo('a@example.net'));
    expect(sink.received[0]?.secure).toBe(true);
  });

  test('opportunistic sends in plain where STARTTLS is not offered', async () => {
    const sink = await startSink();
    await deliveryTo(sink.port, { tls: 'opportunistic' }).send(copyTo('a@example.net'));
    expect(sink.received[0]?.secure).toBe(false);
  });

  test('opportunistic goes on in plain where STARTTLS is offered and then refused', async () => {
    const script = await startScript({ EHLO: '250-mx.example.net\r\n250 STARTTLS', STARTTLS: '454 TLS not available' });
    expect((await deliveryTo(script.port, { tls: 'opportunistic' }).send(copyTo('a@example.net'))).recipients[0]?.status).toBe('accepted');
  });

  test('none stays in plain although STARTTLS is offered', async () => {
    const sink = await startSink({ ...certificate, disabledCommands: [] });
    await deliveryTo(sink.port, { tls: 'none' }).send(copyTo('a@example.net'));
    expect(sink.received[0]?.secure).toBe(false);
  });

  test('required sends under a certificate that its authority vouches for', async () => {
    const sink = await startSink({ ...certificate, disabledCommands: [] });
    await deliveryTo(sink.port, { tls: 'required', ca: certificate.cert }).send(copyTo('a@example.net'));
    expect(sink.received[0]?.secure).toBe(true);
  });

  test.each([
    ['nobody vouches for', () => certificate, () => undefined],
    ['is for another host', () => foreign, () => foreign.cert],
  ])('required sends nothing under a certificate that %s', async (_, served, ca) => {
    const sink = await startSink({ ...served(), disabledCommands: [] });
    const error = await rejectionOf(deliveryTo(sink.port, { tls: 'required', ca: ca() }).send(copyTo('a@example.net')));
    expect(error).toMatchObject({ code: 'smtp-tls-failed', disposition: 'wait' });
    expect(sink.received).toEqual([]);
  });

  test.each<[string, Record<string, Answer>]>([
    ['is not offered', {}],
    ['is refused', { EHLO: '250-mx.example.net\r\n250 STARTTLS', STARTTLS: '454 4.7.0 TLS not available' }],
    ['is unknown because EHLO is', { EHLO: '502 no', HELO: '250 mx.example.net' }],
    ['ends in plain text', { EHLO: '250-mx.example.net\r\n250 STARTTLS', STARTTLS: '220 go\r\n250 Ok\r\n250 Ok' }],
  ])('required sends nothing when STARTTLS %s', async (_, answers) => {
    const script = await startScript(answers);
    const error = await rejectionOf(deliveryTo(script.port, { tls: 'required', timeouts: { openMs: 500 } }).send(copyTo('a@example.net')));
    expect(error.disposition).toBe('wait');
    expect(['smtp-tls-failed', 'smtp-unavailable']).toContain(error.code);
    expect(script.commands.join('\n')).not.toContain('MAIL');
  });

  test('a handshake that fails is not followed by plain text', async () => {
    const script = await startScript({ EHLO: '250-mx.example.net\r\n250 STARTTLS', STARTTLS: '220 go\r\nthis is not TLS' });
    const error = await rejectionOf(
      deliveryTo(script.port, { tls: 'opportunistic', timeouts: { openMs: 500 } }).send(copyTo('a@example.net')),
    );
    expect(error).toMatchObject({ code: 'smtp-tls-failed', disposition: 'wait' });
    expect(script.commands.join('\n')).not.toContain('MAIL');
  });

  test('implicit speaks TLS from the first octet and checks the certificate', async () => {
    const sink = await startSink({ ...certificate, secure: true });
    await deliveryTo(sink.port, { tls: 'implicit', ca: certificate.cert }).send(copyTo('a@example.net'));
    expect(sink.received[0]?.secure).toBe(true);
    const error = await rejectionOf(deliveryTo(sink.port, { tls: 'implicit' }).send(copyTo('a@example.net')));
    expect(error).toMatchObject({ code: 'smtp-tls-failed', disposition: 'wait' });
  });

  test('implicit to a plain server is a failure of TLS', async () => {
    const sink = await startSink();
    const error = await rejectionOf(deliveryTo(sink.port, { tls: 'implicit' }).send(copyTo('a@example.net')));
    expect(error).toMatchObject({ code: 'smtp-tls-failed', disposition: 'wait' });
  });
});

describe('the login', () => {
  test.each(['PLAIN', 'LOGIN'])('works by AUTH %s under STARTTLS', async (method) => {
    const sink = await startSink({ ...withLogin(), authMethods: [method] });
    await deliveryTo(sink.port, { tls: 'opportunistic', ...loginWith(user, password) }).send(copyTo('a@example.net'));
    expect(sink.received[0]).toMatchObject({ secure: true, user: method });
  });

  test('that is wrong makes mail wait and names neither user nor password, even if the server does', async () => {
    const sink = await startSink(withLogin());
    const delivery = deliveryTo(sink.port, { tls: 'opportunistic', ...loginWith(user, 'wrong horse') });
    const error = await rejectionOf(delivery.send(copyTo('a@example.net')));
    expect(error).toMatchObject({ code: 'smtp-auth-failed', disposition: 'wait' });
    expect(error.message).toContain('535 user ******** and ******** do not fit');
    expect(inspect([error, error.cure, delivery], { depth: 10 })).not.toMatch(/wrong horse|injector@example\.com/);
  });

  test.each([
    ['base64', Buffer.from(password).toString('base64')],
    ['AUTH PLAIN', Buffer.from(`\0${user}\0${password}`).toString('base64')],
  ])('is not shown when the server repeats it as %s', async (_, secret) => {
    const script = await startScript({ EHLO: '250-mx.example.net\r\n250 AUTH PLAIN', AUTH: `535 ${secret} no` });
    const error = await rejectionOf(deliveryTo(script.port, { ...loginWith(user, password) }).send(copyTo('a@example.net')));
    expect(error.message).toContain('535 ******** no');
  });

  test('that the server cannot check now is no wrong login', async () => {
    const script = await startScript({ EHLO: '250-mx.example.net\r\n250 AUTH PLAIN', AUTH: '454 4.7.0 temporary failure' });
    expect(await rejectionOf(deliveryTo(script.port, { ...loginWith(user, password) }).send(copyTo('a@example.net')))).toMatchObject({
      code: 'smtp-unavailable',
    });
  });

  test('is not tried where AUTH is not offered', async () => {
    const script = await startScript({});
    const error = await rejectionOf(deliveryTo(script.port, { ...loginWith(user, password) }).send(copyTo('a@example.net')));
    expect(error).toMatchObject({ code: 'smtp-auth-failed', disposition: 'wait' });
    expect(script.commands.join('\n')).not.toContain('AUTH');
  });

  test('is not sent over a session whose STARTTLS was refused', async () => {
    const script = await startScript({ EHLO: '250-mx.example.net\r\n250-AUTH PLAIN\r\n250 STARTTLS', STARTTLS: '454 no TLS' });
    const error = await rejectionOf(
      deliveryTo(script.port, { tls: 'opportunistic', ...loginWith(user, password) }).send(copyTo('a@example.net')),
    );
    expect(error.code).toBe('smtp-auth-failed');
    expect(script.commands.join('\n')).not.toContain('AUTH');
  });

  test('is not sent without TLS to a host that is not known to be this machine', async () => {
    const script = await startScript({ EHLO: '250-mx.example.net\r\n250 AUTH PLAIN', AUTH: '235 Ok' });
    // To connect to 0.0.0.0 reaches this machine, but does not say so.
    const error = await rejectionOf(
      deliveryTo(script.port, {
        servers: [{ host: '0.0.0.0', port: script.port }],
        tls: 'opportunistic',
        ...loginWith(user, password),
      }).send(copyTo('a@example.net')),
    );
    expect(error).toMatchObject({ code: 'smtp-auth-needs-tls', disposition: 'wait' });
    expect(script.commands.join('\n')).not.toContain('AUTH');
  });

  test('hides the password when a refusal of mail repeats it', async () => {
    const script = await startScript({ EHLO: '250-mx.example.net\r\n250 AUTH PLAIN', AUTH: '235 Ok', RCPT: `550 you said ${password}` });
    const { recipients } = await deliveryTo(script.port, { ...loginWith(user, password) }).send(copyTo('a@example.net'));
    expect(recipients[0]?.text).toBe('you said ********');
  });

  test.each([
    ['127.0.0.1', true],
    ['127.0.0.53', true],
    ['::1', true],
    ['192.0.2.1', false],
    ['127.0.0.1.example.com', false],
    ['0.0.0.0', false],
  ])('to %s may go without TLS: %s', (address, allowed) => {
    expect(isLoopback(address)).toBe(allowed);
  });

  test('goes without TLS to another machine where the operator has switched TLS off', async () => {
    const script = await startScript({ EHLO: '250-mx.example.net\r\n250 AUTH PLAIN', AUTH: '235 Ok' });
    const delivery = deliveryTo(script.port, { servers: [{ host: '0.0.0.0', port: script.port }], ...loginWith(user, password) });
    expect((await delivery.send(copyTo('a@example.net'))).recipients[0]?.status).toBe('accepted');
  });
});
