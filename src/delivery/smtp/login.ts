import type { SMTPConnectionCustomAuthHandler } from 'nodemailer/lib/smtp-connection';
import { SealdropError } from '../../errors.js';
import { secretForms } from '../secret-forms.js';
import type { SmtpConnection } from './connection.js';
import { plainLoginError, type SessionFacts } from './error.js';
import { authMechanisms } from './reply.js';
import { sessionFault, step } from './step.js';

/** How to log in: `auto` takes PLAIN, LOGIN or CRAM-MD5, as offered, in this order. */
export interface SmtpLogin {
  readonly user: string;
  readonly auth?: 'auto' | 'plain' | 'login' | 'xoauth2' | undefined;
  /** The password, or the access token of XOAUTH2; asked anew for each connection, because tokens are replaced while the daemon runs. */
  readonly secret: () => string | undefined;
}

/** What one session logs in with. */
export interface Credentials {
  readonly user: string;
  readonly auth: 'auto' | 'plain' | 'login' | 'xoauth2';
  readonly secret: string;
}

/** Reads the secret. Throws `smtp-token-unreadable` (wait): whoever renews it may be at work just now. */
export function credentialsOf(login: SmtpLogin | undefined): Credentials | undefined {
  if (login === undefined || login.user === '') return undefined;
  try {
    return { user: login.user, auth: login.auth ?? 'auto', secret: login.secret() ?? '' };
  } catch (error) {
    if (!(error instanceof SealdropError)) throw error;
    throw new SealdropError('smtp-token-unreadable', error.message, {
      disposition: 'wait',
      cure: `${error.cure} Mail waits and goes on by itself.`,
      cause: error,
    });
  }
}

/** The forms of the secret that a server must not be quoted with. */
export function hiddenForms(credentials: Credentials | undefined): string[] {
  if (credentials === undefined || credentials.secret === '') return [];
  const { user, secret } = credentials;
  return [...secretForms(user, secret), xoauth2(user, secret)];
}

/** Logs in to a session that is open. Throws nodemailer's errors, smtp-auth-needs-tls (wait). */
export async function logIn(connection: SmtpConnection, credentials: Credentials, facts: SessionFacts, timeoutMs: number): Promise<void> {
  const { user, secret, auth } = credentials;
  if (!connection.secure && !facts.trustsWire) throw plainLoginError(facts);
  if (!connection.allowsAuth) throw sessionFault('EAUTH', 'The server does not offer AUTH');
  const offered = authMechanisms(connection.lastServerResponse);
  if (auth !== 'auto' && offered.size > 0 && !offered.has(auth.toUpperCase()))
    throw sessionFault('EAUTH', `The server does not offer AUTH ${auth.toUpperCase()}`);
  const method = METHODS[auth];
  await step(connection, timeoutMs, (done) => connection.login({ user, pass: secret, ...(method === undefined ? {} : { method }) }, done));
}

/** Not named XOAUTH2, or nodemailer would choose another mechanism in its place. */
const TOKEN_METHOD = 'TOKEN';
const METHODS = { auto: undefined, plain: 'PLAIN', login: 'LOGIN', xoauth2: TOKEN_METHOD } as const;

/** XOAUTH2 with a token that is there already; nodemailer's own wants to fetch one. */
export const tokenHandlers: Readonly<Record<string, SMTPConnectionCustomAuthHandler>> = {
  [TOKEN_METHOD]: async ({ auth, sendCommand }) => {
    let reply = await sendCommand(`AUTH XOAUTH2 ${xoauth2(auth.credentials.user, auth.credentials.pass)}`);
    // 334 means no: it carries the reason, and an empty line asks for the reply proper.
    if (reply.status === 334) reply = await sendCommand('');
    if (reply.status < 200 || reply.status > 299) throw new Error('Invalid login');
  },
};

function xoauth2(user: string, token: string): string {
  return base64(`user=${user}\u0001auth=Bearer ${token}\u0001\u0001`);
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
