import { isIP } from 'node:net';
import SMTPConnection, { type SMTPConnectionOptions } from 'nodemailer/lib/smtp-connection';
import { tokenHandlers } from './login.js';
import type { SmtpSettings } from './options.js';
import type { SmtpTarget } from './servers.js';

/** nodemailer's connection, with parameters of RCPT that differ from recipient to recipient. */
export class SmtpConnection extends SMTPConnection {
  /** Recipients whose RCPT has been begun and not been answered, as nodemailer keeps them; its types do not show it. */
  declare readonly _recipientQueue: readonly string[];
  /** What follows an address in RCPT, for a server that offers DSN. */
  rcptParameters: (recipient: string) => string = () => '';

  constructor(target: SmtpTarget, settings: SmtpSettings, openMs: number) {
    super(connectionOptions(target, settings, openMs));
  }

  /** Overrides nodemailer's, which gives every recipient of an envelope the same ORCPT. It is asked after the recipient was queued. */
  _getDsnRcptToArgs(): string {
    return this.rcptParameters(this._recipientQueue.at(-1) ?? '');
  }

  /** SHA-256 of the certificate the server has shown, hex; undefined without TLS. */
  get fingerprint(): string | undefined {
    const socket = this._socket;
    if (!this.secure || !socket || !('getPeerX509Certificate' in socket)) return undefined;
    const { getPeerX509Certificate } = socket as { getPeerX509Certificate: () => { fingerprint256: string } | undefined };
    return getPeerX509Certificate.call(socket)?.fingerprint256.replaceAll(':', '').toLowerCase();
  }
}

/** Our settings in nodemailer's terms. Its logger stays off: it would be given user names. */
function connectionOptions({ name, address, port }: SmtpTarget, settings: SmtpSettings, openMs: number): SMTPConnectionOptions {
  const { tls, ca, fingerprints, servername, client, timeouts } = settings;
  const checked = tls === 'required' || tls === 'implicit';
  // The address was looked up by name, and it is the name that the certificate has to carry.
  const shown = servername ?? (isIP(name) === 0 ? name : undefined);
  return {
    host: address,
    port,
    servername: shown,
    name: settings.name,
    secure: tls === 'implicit',
    ignoreTLS: tls === 'none',
    requireTLS: tls === 'required',
    opportunisticTLS: tls === 'opportunistic',
    tls: {
      rejectUnauthorized: checked && (fingerprints === undefined || ca !== undefined),
      ca,
      cert: client?.certificate,
      key: client?.key,
      ...(shown === undefined ? {} : { servername: shown }),
    },
    connectionTimeout: openMs,
    greetingTimeout: openMs,
    dnsTimeout: openMs,
    socketTimeout: timeouts.replyMs,
    socketCloseTimeout: 1000,
    logger: false,
    customAuth: tokenHandlers,
  };
}
