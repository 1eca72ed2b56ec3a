import type { SMTPConnectionOptions } from 'nodemailer/lib/smtp-connection';

interface SmtpTimeouts {
  /** From the DNS look-up until the server has let us in: TCP, greeting, STARTTLS, AUTH. */
  readonly openMs: number;
  /** Silence of the server inside a transaction; RFC 5321 §4.5.3.2.6 wants ten minutes after the final dot. */
  readonly replyMs: number;
  /** A whole transaction, so that a server that drips its replies cannot hold a connection for ever. */
  readonly transactionMs: number;
  /** How long an unused connection is kept; shorter than the minute after which servers cut it. */
  readonly idleMs: number;
}

export interface SmtpOptions {
  readonly host: string;
  readonly port: number;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /**
   * `opportunistic`: STARTTLS if offered, whatever the certificate (RFC 7435). `required`: STARTTLS or nothing, certificate checked.
   * `implicit`: TLS from the first octet, certificate checked. `none`: never.
   */
  readonly tls: 'opportunistic' | 'required' | 'implicit' | 'none';
  /** Trust anchors, PEM, for `required` and `implicit`; without it those Node.js brings along. */
  readonly ca?: string | Buffer | undefined;
  /** Our name in EHLO; without it the machine's. */
  readonly name?: string | undefined;
  /** Sessions at the same time; vendors advise 4 to 20 for a local MTA, at most 10 for SparkPost. */
  readonly connections?: number | undefined;
  readonly messagesPerConnection?: number | undefined;
  readonly timeouts?: Partial<SmtpTimeouts> | undefined;
  /** Put an X-MSYS-API header with tracking off on every message (Momentum, SparkPost). */
  readonly xMsysApi?: boolean | undefined;
}

export interface SmtpSettings extends SmtpOptions {
  readonly connections: number;
  readonly messagesPerConnection: number;
  readonly timeouts: SmtpTimeouts;
}

const TIMEOUTS: SmtpTimeouts = { openMs: 60_000, replyMs: 600_000, transactionMs: 1_800_000, idleMs: 30_000 };

export function withDefaults(options: SmtpOptions): SmtpSettings {
  return {
    ...options,
    connections: options.connections ?? 4,
    messagesPerConnection: options.messagesPerConnection ?? 100,
    timeouts: { ...TIMEOUTS, ...options.timeouts },
  };
}

/** Our options in nodemailer's terms. Its logger stays off: it would be given user names. */
export function connectionOptions({ host, port, tls, ca, name, timeouts }: SmtpSettings): SMTPConnectionOptions {
  return {
    host,
    port,
    name,
    secure: tls === 'implicit',
    ignoreTLS: tls === 'none',
    requireTLS: tls === 'required',
    opportunisticTLS: tls === 'opportunistic',
    tls: { rejectUnauthorized: tls === 'required' || tls === 'implicit', ca },
    connectionTimeout: timeouts.openMs,
    greetingTimeout: timeouts.openMs,
    dnsTimeout: timeouts.openMs,
    socketTimeout: timeouts.replyMs,
    socketCloseTimeout: 1000,
    logger: false,
  };
}

/** Whether a password may be sent over a session without TLS: to this machine, or where the operator has switched TLS off. */
export function allowsPlainLogin({ host, tls }: SmtpSettings): boolean {
  return tls === 'none' || /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(host);
}
