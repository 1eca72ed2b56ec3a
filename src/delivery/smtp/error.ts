import type { SMTPError } from 'nodemailer/lib/smtp-connection';
import { SealdropError } from '../../errors.js';
import { printable } from '../printable.js';
import { withoutSecrets } from '../secret-forms.js';
import type { SmtpSettings } from './options.js';
import { parseReply, type Reply } from './reply.js';

/** What an error says of the session it comes from, and what it must not say. */
export interface SessionFacts {
  /** Host and port, for people. */
  readonly server: string;
  readonly tls: SmtpSettings['tls'];
  /** A password may go over it without TLS: it does not leave this machine, or the operator has switched TLS off. */
  readonly trustsWire: boolean;
  readonly user: string | undefined;
  readonly auth: 'auto' | 'plain' | 'login' | 'xoauth2' | undefined;
  /** The forms of the password or token, which a server may repeat. */
  readonly hidden: readonly string[];
}

const WAITS = 'Mail waits and goes on by itself.';

/**
 * What a failure to open a session means: always that mail waits, for it says nothing about any one message.
 * smtp-tls-failed, smtp-auth-failed, smtp-unavailable; a SealdropError passes through.
 */
export function openingError(error: unknown, facts: SessionFacts, at: { duringTls: boolean; connected: boolean }): SealdropError {
  if (error instanceof SealdropError) return error;
  const fault = error as SMTPError;
  const reply = parseReply(fault.response, facts.hidden);
  if (isTlsFault(fault, facts, at)) return tlsError(fault, reply, facts);
  const temporary = reply?.code.startsWith('4') === true;
  if (fault.code === 'EAUTH' && !temporary) return authError(fault, reply, facts);
  return unavailable(fault, facts);
}

/** The server as a whole cannot take mail now (wait). */
export function unavailable(fault: SMTPError, facts: SessionFacts): SealdropError {
  const words = wordsOf(fault, parseReply(fault.response, facts.hidden), facts);
  return new SealdropError('smtp-unavailable', `${facts.server} cannot take mail now: ${words}.`, {
    disposition: 'wait',
    cure: `Check that the mail server runs and that host and port are right. ${WAITS}`,
  });
}

/** The server wants a login or TLS before it takes any mail at all (530, 538; wait). */
export function authenticationRequired(reply: Reply, facts: SessionFacts): SealdropError {
  return new SealdropError('smtp-auth-required', `${facts.server} refused the session: ${reply.code} ${reply.text}`, {
    disposition: 'wait',
    cure: `Configure what the server asks for: user and password, or TLS; or let it accept mail from this host without. ${WAITS}`,
  });
}

/** A password is not sent in clear to another machine (wait). */
export function plainLoginError(facts: SessionFacts): SealdropError {
  return new SealdropError(
    'smtp-auth-needs-tls',
    `${facts.server} offers no TLS, and the password is not sent to another machine without.`,
    {
      disposition: 'wait',
      cure: `Switch STARTTLS on at the server; or set "tls: none" if the network between is trusted. ${WAITS}`,
    },
  );
}

function tlsError(fault: SMTPError, reply: Reply | undefined, facts: SessionFacts): SealdropError {
  return new SealdropError('smtp-tls-failed', `${facts.server} did not come under TLS: ${wordsOf(fault, reply, facts)}.`, {
    disposition: 'wait',
    cure: `Mend the server's TLS or certificate, name its authority ("ca:") or its certificate ("fingerprints:"), or choose another "tls:" setting. ${WAITS}`,
  });
}

/** Neither user nor password appears; a server may repeat the user, so its words are masked for both. */
function authError(fault: SMTPError, reply: Reply | undefined, facts: SessionFacts): SealdropError {
  const words = withoutSecrets(wordsOf(fault, reply, facts), [facts.user ?? '']);
  return new SealdropError('smtp-auth-failed', `${facts.server} did not accept the login: ${words}.`, {
    disposition: 'wait',
    cure: `${facts.auth === 'xoauth2' ? 'Check the user, and that the token in tokenFile is still valid' : 'Check user and password'}, and that the server allows this login from this host. ${WAITS}`,
  });
}

/** nodemailer says ETLS for a refused STARTTLS only; a failed handshake is a socket error that is not the operating system's. */
function isTlsFault(fault: SMTPError, { tls }: SessionFacts, at: { duringTls: boolean; connected: boolean }): boolean {
  if (fault.code === 'ETLS' || at.duringTls) return true;
  return tls === 'implicit' && !at.connected && fault.code === 'ESOCKET' && fault.syscall === undefined;
}

function wordsOf(fault: SMTPError, reply: Reply | undefined, { hidden }: SessionFacts): string {
  if (reply !== undefined) return `${reply.code} ${reply.text}`;
  return printable(withoutSecrets(fault.message, hidden));
}
