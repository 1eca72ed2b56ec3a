import type { SMTPError } from 'nodemailer/lib/smtp-connection';
import { SealdropError } from '../errors.js';
import { printable } from './printable.js';
import type { SmtpSettings } from './smtp-options.js';
import { parseReply, type Reply, secretForms, withoutSecrets } from './smtp-reply.js';

const WAITS = 'Mail waits and goes on by itself.';

/**
 * What a failure to open a session means: always that mail waits, for it says nothing about any one message.
 * smtp-tls-failed, smtp-auth-failed, smtp-unavailable; a SealdropError passes through.
 */
export function openingError(error: unknown, settings: SmtpSettings, at: { duringTls: boolean; connected: boolean }): SealdropError {
  if (error instanceof SealdropError) return error;
  const fault = error as SMTPError;
  const reply = parseReply(fault.response, secretForms(settings.user, settings.password));
  if (isTlsFault(fault, settings, at)) return tlsError(fault, reply, settings);
  const temporary = reply?.code.startsWith('4') === true;
  if (fault.code === 'EAUTH' && !temporary) return authError(fault, reply, settings);
  return unavailable(fault, settings);
}

/** The server as a whole cannot take mail now (wait). */
export function unavailable(fault: SMTPError, settings: SmtpSettings): SealdropError {
  const words = wordsOf(fault, parseReply(fault.response, secretForms(settings.user, settings.password)), settings);
  return new SealdropError('smtp-unavailable', `${server(settings)} cannot take mail now: ${words}.`, {
    disposition: 'wait',
    cure: `Check that the mail server runs and that host and port are right. ${WAITS}`,
  });
}

/** The server wants a login or TLS before it takes any mail at all (530, 538; wait). */
export function authenticationRequired(reply: Reply, settings: SmtpSettings): SealdropError {
  return new SealdropError('smtp-auth-required', `${server(settings)} refused the session: ${reply.code} ${reply.text}`, {
    disposition: 'wait',
    cure: `Configure what the server asks for: user and password, or TLS; or let it accept mail from this host without. ${WAITS}`,
  });
}

/** A password is not sent in clear to another machine (wait). */
export function plainLoginError(settings: SmtpSettings): SealdropError {
  return new SealdropError(
    'smtp-auth-needs-tls',
    `${server(settings)} offers no TLS, and the password is not sent to another machine without.`,
    {
      disposition: 'wait',
      cure: `Switch STARTTLS on at the server; or set "tls: none" if the network between is trusted. ${WAITS}`,
    },
  );
}

function tlsError(fault: SMTPError, reply: Reply | undefined, settings: SmtpSettings): SealdropError {
  return new SealdropError('smtp-tls-failed', `${server(settings)} did not come under TLS: ${wordsOf(fault, reply, settings)}.`, {
    disposition: 'wait',
    cure: `Mend the server's TLS or certificate, name its certificate authority, or choose another "tls:" setting. ${WAITS}`,
  });
}

/** Neither user nor password appears; a server may repeat the user, so its words are masked for both. */
function authError(fault: SMTPError, reply: Reply | undefined, settings: SmtpSettings): SealdropError {
  const words = withoutSecrets(wordsOf(fault, reply, settings), [settings.user ?? '']);
  return new SealdropError('smtp-auth-failed', `${server(settings)} did not accept the login: ${words}.`, {
    disposition: 'wait',
    cure: `Check user and password, and that the server allows AUTH PLAIN or LOGIN from this host. ${WAITS}`,
  });
}

/** nodemailer says ETLS for a refused STARTTLS only; a failed handshake is a socket error that is not the operating system's. */
function isTlsFault(fault: SMTPError, { tls }: SmtpSettings, at: { duringTls: boolean; connected: boolean }): boolean {
  if (fault.code === 'ETLS' || at.duringTls) return true;
  return tls === 'implicit' && !at.connected && fault.code === 'ESOCKET' && fault.syscall === undefined;
}

function wordsOf(fault: SMTPError, reply: Reply | undefined, { user, password }: SmtpSettings): string {
  if (reply !== undefined) return `${reply.code} ${reply.text}`;
  return printable(withoutSecrets(fault.message, secretForms(user, password)));
}

function server({ host, port }: SmtpSettings): string {
  return `${printable(host)}:${port}`;
}
