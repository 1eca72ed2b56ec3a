import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { smtpPassword } from '../../config/environment.js';
import type { SmtpConfig } from '../../config/schema.js';
import { readKeyFile, readSecret } from '../../config/secrets.js';
import type { SmtpLogin } from '../../delivery/smtp/login.js';
import type { SmtpOptions } from '../../delivery/smtp/options.js';
import { SealdropError } from '../../errors.js';

/**
 * `delivery.smtp` as the delivery takes it: what a profile adds is filled in, and certificates, key and password are read. Throws
 * SealdropError (fatal): secret-unreadable, secret-permissions, secret-invalid, smtp-tls-file.
 */
export function smtpOptions(smtp: SmtpConfig, environment: NodeJS.ProcessEnv): SmtpOptions {
  const { profile, lookup, fingerprints, servername, connections, messagesPerConnection, dsn, name } = smtp;
  const { openMs, replyMs, transactionMs, hostPauseMs } = smtp;
  const isSparkPost = profile === 'sparkpost';
  const tls = smtp.tls ?? (isSparkPost ? 'required' : 'opportunistic');
  const port = smtp.port ?? (tls === 'implicit' ? 465 : isSparkPost ? 587 : 25);
  const hosts = smtp.hosts ?? [{ host: smtp.host ?? 'smtp.sparkpostmail.com' }];
  return {
    servers: hosts.map((server) => ({ host: server.host, port: server.port ?? port })),
    lookup,
    tls,
    fingerprints,
    servername,
    name,
    connections,
    messagesPerConnection,
    dsn,
    ca: smtp.ca === undefined ? undefined : certificatesIn(smtp.ca),
    client: clientOf(smtp),
    login: loginOf(smtp, smtp.user ?? (isSparkPost ? 'SMTP_Injection' : undefined), environment),
    msysApi: profile === 'generic' ? undefined : profile,
    // SparkPost cuts a connection after a minute without work.
    timeouts: { openMs, replyMs, transactionMs, hostPauseMs, idleMs: isSparkPost ? Math.min(smtp.idleMs, 50_000) : smtp.idleMs },
  };
}

/** The password is read now, so that a fault shows at the start; a token when it is used, for it is replaced again and again. */
function loginOf(smtp: SmtpConfig, user: string | undefined, environment: NodeJS.ProcessEnv): SmtpLogin | undefined {
  const { auth, tokenFile } = smtp;
  if (auth === 'xoauth2')
    return user === undefined ? undefined : { user, auth, secret: () => readSecret('smtp-token', { file: tokenFile }) };
  const password = smtpPassword(smtp, environment);
  return user === undefined ? undefined : { user, auth, secret: () => password };
}

function clientOf({ clientCertificate, clientKey }: SmtpConfig): SmtpOptions['client'] {
  if (clientCertificate === undefined || clientKey === undefined) return undefined;
  const certificate = certificatesIn(clientCertificate);
  const key = readKeyFile(clientKey);
  let fits: boolean;
  try {
    fits = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw tlsFile(clientKey, 'holds no private key that can be used without a passphrase', cause);
  }
  if (!fits) throw tlsFile(clientKey, `does not hold the private key of the certificate in ${clientCertificate}`);
  return { certificate, key };
}

function certificatesIn(file: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'error';
    throw tlsFile(file, `cannot be read (${reason})`, cause);
  }
  try {
    new X509Certificate(bytes);
  } catch (cause) {
    throw tlsFile(file, 'does not begin with a certificate in PEM form', cause);
  }
  return bytes;
}

function tlsFile(file: string, problem: string, cause?: unknown): SealdropError {
  return new SealdropError('smtp-tls-file', `${file} ${problem}`, {
    disposition: 'fatal',
    cure: 'Mend the file, or correct ca, clientCertificate and clientKey of delivery.smtp.',
    cause,
  });
}
