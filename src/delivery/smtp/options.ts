import type { SmtpDsn } from './dsn.js';
import type { SmtpLogin } from './login.js';
import type { MsysProfile } from './msys-api.js';
import type { Names, ServerReport, SmtpServer } from './servers.js';

export interface SmtpTimeouts {
  /** From the connection until the server has let us in: TCP, greeting, STARTTLS, AUTH. */
  readonly openMs: number;
  /** Silence of the server inside a transaction; RFC 5321 §4.5.3.2.6 wants ten minutes after the final dot. */
  readonly replyMs: number;
  /** A whole transaction, so that a server that drips its replies cannot hold a connection for ever. */
  readonly transactionMs: number;
  /** How long an unused connection is kept; shorter than the minute after which servers cut it. */
  readonly idleMs: number;
  /** How long a server that failed is tried only after the others. */
  readonly hostPauseMs: number;
}

export interface SmtpOptions {
  /** In the order in which they are tried; the second only if the first does not serve. */
  readonly servers: readonly SmtpServer[];
  /** `a`: each server by its addresses, in turn. `mx`: the mail exchangers of its name (RFC 5321 §5.1). */
  readonly lookup?: 'a' | 'mx' | undefined;
  readonly login?: SmtpLogin | undefined;
  /**
   * `opportunistic`: STARTTLS if offered, whatever the certificate (RFC 7435). `required`: STARTTLS or nothing, certificate checked.
   * `implicit`: TLS from the first octet, certificate checked. `none`: never.
   */
  readonly tls: 'opportunistic' | 'required' | 'implicit' | 'none';
  /** Trust anchors, PEM, for `required` and `implicit`; without it those Node.js brings along. */
  readonly ca?: string | Buffer | undefined;
  /** SHA-256 of certificates, hex: the server has to show one of them; who vouches for it matters only if `ca` is given too. */
  readonly fingerprints?: readonly string[] | undefined;
  /** The name a server's certificate has to carry, when it is not the one it is reached by. */
  readonly servername?: string | undefined;
  /** Our own certificate (its chain after it) and key, PEM, for servers that ask for one. */
  readonly client?: { readonly certificate: string | Buffer; readonly key: string | Buffer } | undefined;
  /** Our name in EHLO; without it the machine's. */
  readonly name?: string | undefined;
  /** Sessions at the same time; vendors advise 4 to 20 for a local MTA, at most 10 for SparkPost. */
  readonly connections?: number | undefined;
  readonly messagesPerConnection?: number | undefined;
  readonly timeouts?: Partial<SmtpTimeouts> | undefined;
  readonly dsn?: SmtpDsn | undefined;
  /** Put the X-MSYS-API header of this vendor, with tracking off, on every message. */
  readonly msysApi?: MsysProfile | undefined;
  /** Told when one of several servers fails, and when it serves again. */
  readonly onServer?: ServerReport | undefined;
  /** Where names are looked up; without it, the system. */
  readonly names?: Names | undefined;
}

export interface SmtpSettings extends SmtpOptions {
  readonly connections: number;
  readonly messagesPerConnection: number;
  readonly timeouts: SmtpTimeouts;
}

const TIMEOUTS: SmtpTimeouts = { openMs: 60_000, replyMs: 600_000, transactionMs: 1_800_000, idleMs: 30_000, hostPauseMs: 60_000 };

export function withDefaults(options: SmtpOptions): SmtpSettings {
  return {
    ...options,
    connections: options.connections ?? 4,
    messagesPerConnection: options.messagesPerConnection ?? 100,
    timeouts: { ...TIMEOUTS, ...options.timeouts },
  };
}
