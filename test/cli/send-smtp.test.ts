import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DROP, makeCertificate, startScript, startSink } from '../delivery/servers.js';
import { sealdrop } from '../kit/daemon.js';
import { Site } from '../kit/site.js';
import { blindToCarol, bob, carol, noServer, steve, succeeded, toBob, write } from './people.js';

let site: Site;
let plain: string;
let both: string;
beforeEach(() => {
  site = new Site({ senders: [steve], recipients: [bob, carol], config: 'http: { listen: off }' });
  plain = write(site.directory, 'plain.eml', toBob);
  both = write(site.directory, 'both.eml', toBob.replace('To: ', 'Cc: carol@example.org\r\nTo: '));
});
afterEach(() => site.remove());

function send(file: string, port: number, ...args: string[]) {
  return sendTo({ SMTP_PORT: String(port) }, file, ...args);
}

function sendTo(env: NodeJS.ProcessEnv, file: string, ...args: string[]) {
  return sealdrop(['send', file, '--send_smtp', ...args], { env: { ...noServer, SMTP_HOST: '127.0.0.1', ...env } });
}

describe('send --send-smtp', () => {
  it('prints the lines of the seed tool, in their order, and hands the sealed message over', async () => {
    const sink = await startSink();
    const run = succeeded(await send(plain, sink.port, '--sign', '--encrypt', '--keys', site.keys));
    expect(run.stdout.replace(/\d+\.\d{3}/, 'N')).toBe(
      [
        'Opened SMTP connection (plain)',
        `Host: 127.0.0.1 Port: ${sink.port} User: "" Password: ""`,
        `Sending: ${plain} From: Steve <steve@example.com> To: Bob <bob@example.net>`,
        'OK - in N seconds\n',
      ].join('\n'),
    );
    expect(sink.received.map(({ from, to }) => ({ from, to }))).toEqual([{ from: 'steve@example.com', to: ['bob@example.net'] }]);
    expect(sink.received[0]?.message.toString()).toContain('smime-type=enveloped-data');
  });

  it('shows encoded names in the header as text', async () => {
    const sink = await startSink();
    const file = write(site.directory, 'name.eml', toBob.replace('Steve', '=?utf-8?Q?Ren=C3=A9?='));
    expect((await send(file, sink.port)).stdout).toContain('From: René <steve@example.com>');
  });

  it('masks the password by a row of fixed length, whatever its own', async () => {
    const sink = await startSink({ authMethods: ['PLAIN'], onAuth: (auth, _session, done) => done(null, { user: auth.username }) });
    const env = { SMTP_PORT: String(sink.port), SMTP_USER: 'SMTP_Injection', SMTP_PASSWORD: 'correct horse battery staple' };
    const run = succeeded(await sendTo(env, plain));
    expect(run.stdout).toContain('User: "SMTP_Injection" Password: "********"\n');
    expect(run.stdout + run.stderr).not.toContain('horse');
  });

  it('sends every copy, each to its own recipients', async () => {
    const sink = await startSink();
    const file = write(site.directory, 'blind.eml', blindToCarol);
    succeeded(await send(file, sink.port, '--encrypt', '--keys', site.keys));
    expect(sink.received.map(({ to }) => to)).toEqual([['bob@example.net'], ['carol@example.org']]);
  });

  it('prints the same lines under STARTTLS with a login, user and masked password in place', async () => {
    const sink = await startSink({
      ...makeCertificate(),
      disabledCommands: [],
      authOptional: false,
      authMethods: ['LOGIN'],
      onAuth: (auth, _session, done) =>
        auth.password === 'a-long-secret-password' ? done(null, { user: auth.username }) : done(new Error('no')),
    });
    const env = { SMTP_PORT: String(sink.port), SMTP_USER: 'SMTP_Injection', SMTP_PASSWORD: 'a-long-secret-password' };
    const run = succeeded(await sendTo(env, plain, '--sign', '--encrypt', '--keys', site.keys));
    expect(run.stdout.replace(/\d+\.\d{3}/, 'N')).toBe(
      [
        'Opened SMTP connection (STARTTLS)',
        `Host: 127.0.0.1 Port: ${sink.port} User: "SMTP_Injection" Password: "********"`,
        `Sending: ${plain} From: Steve <steve@example.com> To: Bob <bob@example.net>`,
        'OK - in N seconds\n',
      ].join('\n'),
    );
    expect(run.stderr).toBe('');
    expect(sink.received).toMatchObject([{ secure: true, user: 'SMTP_Injection' }]);
  });

  it('names the server that took it, where the configuration has several', async () => {
    const sink = await startSink();
    site.configure(`  smtp: { hosts: ["127.0.0.1:1", "127.0.0.1:${sink.port}"] }`);
    const run = succeeded(await sendTo({ SMTP_HOST: undefined }, plain, '-c', site.configFile));
    expect(run.stdout).toContain(`Host: 127.0.0.1 Port: ${sink.port} User`);
    expect(sink.received).toHaveLength(1);
  });

  it('hands a submitted X-MSYS-API on to a server that understands it, with tracking off', async () => {
    const sink = await startSink();
    site.configure(`  smtp: { profile: momentum, host: 127.0.0.1, port: ${sink.port} }`);
    const submitted = 'X-MSYS-API: {"campaign_id": "spring", "options": {"open_tracking": true}}\r\n';
    const file = write(site.directory, 'msys.eml', `${submitted}${toBob}`);
    succeeded(await sendTo({ SMTP_HOST: undefined }, file, '-c', site.configFile));
    const [field = '', rest = ''] = (sink.received[0]?.message.toString() ?? '').split(/(?<=\})\r\n(?=\S)/, 2);
    expect(JSON.parse(field.replace('X-MSYS-API:', '').replaceAll('\r\n', ''))).toEqual({
      campaign_id: 'spring',
      options: { open_tracking: false, click_tracking: false },
    });
    expect(rest.toLowerCase()).not.toContain('x-msys-api');
  });

  it('stops with the seed tool’s line and exit 78 when no server is named', async () => {
    const run = await sendTo({ SMTP_HOST: undefined }, plain);
    expect(run.status).toBe(78);
    expect(run.stderr).toBe('Environment variable SMTP_HOST not set - stopping\n');
    expect(run.stdout).toBe('');
  });

  it('takes the server from the configuration when the environment names none', async () => {
    const sink = await startSink();
    site.configure(`  smtp: { host: 127.0.0.1, port: ${sink.port} }`);
    succeeded(await sendTo({ SMTP_HOST: undefined }, plain, '-c', site.configFile));
    expect(sink.received).toHaveLength(1);
    expect(sink.received[0]?.message.toString()).not.toContain('x-sender');
  });

  it('refuses a port that is none', async () => {
    const run = await sendTo({ SMTP_PORT: 'smtp' }, plain);
    expect(run.status).toBe(78);
    expect(run.stderr).toContain('SMTP_PORT');
  });
});

describe('a server that does not take the message', () => {
  it('is quoted for each recipient it refuses, with what to do, and the exit is 65', async () => {
    const script = await startScript({ RCPT: (command) => (command.includes('carol') ? '550 5.1.1 no such user here' : '250 2.1.5 Ok') });
    const run = await send(both, script.port);
    expect(run.status).toBe(65);
    expect(run.stdout).not.toContain('OK - in');
    expect(run.stderr).toContain('carol@example.org: 550 5.1.1 no such user here\n');
    expect(run.stderr).toContain('what to do:');
    expect(run.stderr).toContain('has taken it for bob@example.net');
  });

  it('refuses to relay: its words stand line for line, with what to do', async () => {
    const script = await startScript({ RCPT: '550 relaying denied' });
    const run = await send(plain, script.port);
    expect(run.status).toBe(65);
    expect(run.stdout.split('\n').map((line) => line.replace(/:.*/, ''))).toEqual([
      'Opened SMTP connection (plain)',
      'Host',
      'Sending',
      '',
    ]);
    expect(run.stderr).toBe(
      [
        'bob@example.net: 550 relaying denied',
        '  what to do: mend the address, or ask the operator of the server named above why it refuses; then send again.\n',
      ].join('\n'),
    );
  });

  it.each(['MAIL', 'RCPT'])('wants a login at %s: its words, what to do, exit 77', async (stage) => {
    const script = await startScript({ [stage]: '530 Authorization required' });
    const run = await send(plain, script.port);
    expect(run.status).toBe(77);
    expect(run.stdout).not.toContain('OK - in');
    expect(run.stderr).toContain(`127.0.0.1:${script.port} refused the session: 530 Authorization required\n`);
    expect(run.stderr).toContain('user and password');
    expect(run.stderr).not.toContain('goes on by itself');
  });

  it('asks to try later: exit 75', async () => {
    const script = await startScript({ RCPT: '451 4.7.1 greylisted' });
    const run = await send(plain, script.port);
    expect(run.status).toBe(75);
    expect(run.stderr).toContain('bob@example.net: 451 4.7.1 greylisted\n');
  });

  it('is not there: exit 69', async () => {
    const run = await send(plain, 1);
    expect(run.status).toBe(69);
    expect(run.stderr).toContain('127.0.0.1:1 cannot take mail now');
    expect(run.stderr).not.toContain('goes on by itself');
  });

  it('does not accept the login: exit 77, and neither user nor password is shown', async () => {
    const sink = await startSink({ authMethods: ['PLAIN'], onAuth: (_auth, _session, done) => done(new Error('5.7.8 no entry')) });
    const run = await sendTo({ SMTP_PORT: String(sink.port), SMTP_USER: 'steve', SMTP_PASSWORD: 'opensesame' }, plain);
    expect(run.status).toBe(77);
    expect(run.stderr).toContain('did not accept the login');
    expect(run.stderr).not.toContain('opensesame');
  });

  it('goes away between two copies: who has it and who has not is said', async () => {
    const script = await startScript({
      MAIL: (_command, count) => (count > 1 ? DROP : '250 2.1.0 Ok'),
      CONNECT: (_c, count) => (count > 1 ? DROP : '220 mx ESMTP'),
    });
    const file = write(site.directory, 'blind.eml', blindToCarol);
    const run = await send(file, script.port, '--encrypt', '--keys', site.keys);
    expect(run.status).toBe(69);
    expect(run.stderr).toContain('has taken it for bob@example.net');
    expect(run.stderr).toContain('Not sent to carol@example.org');
  });

  it('is reported as JSON on standard output alone', async () => {
    const script = await startScript({ RCPT: '550 5.7.1 relaying denied' });
    const run = await send(plain, script.port, '--json');
    expect(run.status).toBe(65);
    expect(JSON.parse(run.stdout)).toMatchObject({
      recipients: [{ address: 'bob@example.net', status: 'refused', code: '550', text: '5.7.1 relaying denied' }],
    });
  });
});
