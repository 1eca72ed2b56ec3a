import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { SealdropError } from '../../../src/errors.js';
import { copyTo, deliveryTo, loginWith, startScript } from '../servers.js';
import { rejectionOf } from '../thrown.js';

const EHLO = '250-mx.example.net\r\n250 AUTH PLAIN LOGIN XOAUTH2';
const user = 'injector@example.com';
const commandFor = (token: string) =>
  `AUTH XOAUTH2 ${Buffer.from(`user=${user}\u0001auth=Bearer ${token}\u0001\u0001`).toString('base64')}`;

describe('AUTH XOAUTH2', () => {
  test('sends the token, although the server offers a password login too', async () => {
    const script = await startScript({ EHLO, AUTH: '235 2.7.0 Accepted' });
    await deliveryTo(script.port, loginWith(user, 'token-1', 'xoauth2')).send(copyTo('a@example.net'));
    expect(script.commands.filter((command) => command.startsWith('AUTH'))).toEqual([commandFor('token-1')]);
    expect(script.wire).toHaveLength(1);
  });

  test('asks for the token anew for each connection', async () => {
    const script = await startScript({ EHLO, AUTH: '235 2.7.0 Accepted' });
    let issued = 0;
    const login = { user, auth: 'xoauth2', secret: () => `token-${++issued}` } as const;
    const delivery = deliveryTo(script.port, { login, messagesPerConnection: 1 });
    for (let n = 0; n < 2; n += 1) await delivery.send(copyTo('a@example.net'));
    expect(script.commands.filter((command) => command.startsWith('AUTH'))).toEqual([commandFor('token-1'), commandFor('token-2')]);
  });

  test('that is refused makes mail wait in the words of the server, and shows no token', async () => {
    // The reason comes as a challenge, the refusal after the empty answer to it.
    const reason = Buffer.from('{"status":"401","schemes":"Bearer"}').toString('base64');
    const script = await startScript({
      EHLO,
      AUTH: `334 ${reason}`,
      '': `535 5.7.8 ${commandFor('token-1').slice(13)} token-1 has expired`,
    });
    const delivery = deliveryTo(script.port, loginWith(user, 'token-1', 'xoauth2'));
    const error = await rejectionOf(delivery.send(copyTo('a@example.net')));
    expect(error).toMatchObject({ code: 'smtp-auth-failed', disposition: 'wait' });
    expect(error.message).toContain('535 5.7.8 ******** ******** has expired');
    expect(error.cure).toContain('tokenFile');
    expect(inspect([error, delivery], { depth: 10 })).not.toMatch(/token-1/);
    expect(script.commands.filter((command) => command.startsWith('AUTH'))).toHaveLength(1);
  });

  test('whose token cannot be read makes mail wait, and no connection is opened', async () => {
    const script = await startScript({ EHLO });
    const secret = () => {
      throw new SealdropError('secret-unreadable', 'The secret in /run/token cannot be read (ENOENT).', {
        disposition: 'fatal',
        cure: 'Make it.',
      });
    };
    const error = await rejectionOf(deliveryTo(script.port, { login: { user, auth: 'xoauth2', secret } }).send(copyTo('a@example.net')));
    expect(error).toMatchObject({ code: 'smtp-token-unreadable', disposition: 'wait' });
    expect(error.message).toContain('/run/token');
    expect(script.commands).toEqual([]);
  });

  test('is not tried where it is not offered', async () => {
    const script = await startScript({ EHLO: '250-mx.example.net\r\n250 AUTH PLAIN' });
    const error = await rejectionOf(deliveryTo(script.port, loginWith(user, 'token-1', 'xoauth2')).send(copyTo('a@example.net')));
    expect(error).toMatchObject({ code: 'smtp-auth-failed', disposition: 'wait' });
    expect(error.message).toContain('does not offer AUTH XOAUTH2');
    expect(script.commands.join('\n')).not.toContain('AUTH');
  });
});

describe('a password login', () => {
  test.each([
    ['plain', `AUTH PLAIN ${Buffer.from('\0u\0p').toString('base64')}`],
    ['login', 'AUTH LOGIN'],
  ] as const)('by auth: %s uses that mechanism', async (auth, command) => {
    const base64 = (text: string) => Buffer.from(text).toString('base64').toUpperCase(); // verbs are told apart in upper case
    const script = await startScript({
      EHLO,
      AUTH: (sent) => (sent === 'AUTH LOGIN' ? '334 VXNlcm5hbWU6' : '235 Ok'),
      [base64('u')]: '334 UGFzc3dvcmQ6',
      [base64('p')]: '235 Ok',
    });
    await deliveryTo(script.port, loginWith('u', 'p', auth)).send(copyTo('a@example.net'));
    expect(script.commands.filter((sent) => sent.startsWith('AUTH'))).toEqual([command]);
    expect(script.wire).toHaveLength(1);
  });
});
