import { z } from 'zod';
import { duration, fingerprint, hostAndPort, hostName, integer, path, section } from './kinds.js';

const MINUTE = 60_000;

/** `delivery.smtp` */
export const smtpSection = section({
  profile: z
    .enum(['generic', 'momentum', 'sparkpost'])
    .default('generic')
    .describe(
      'What the server is. momentum and sparkpost: each message carries an X-MSYS-API header that switches tracking off, merged with the submitted one. sparkpost: also host smtp.sparkpostmail.com, port 587, user SMTP_Injection and tls: required, where nothing else is said; at most 10 connections and 100 messages in each.',
    ),
  host: hostName().exactOptional().meta({ example: 'mail.example.com' }).describe('The server. SMTP_HOST in the environment overrides it.'),
  hosts: z
    .array(hostAndPort(), { error: 'must be a list of host names; write for example [mx1.example.com, "mx2.example.com:2525"]' })
    .min(1, { error: 'is empty; name at least one server' })
    .exactOptional()
    .meta({ example: ['mx1.example.com', 'mx2.example.com:2525'] })
    .describe(
      'Instead of host: several servers, the second used while the first does not serve. A port after the name is its own. SMTP_HOST overrides them all.',
    ),
  lookup: z
    .enum(['a', 'mx'])
    .default('a')
    .describe(
      'a: each host by its addresses; several are used in turn. mx: the host is a mail domain, and its MX records name the servers, lowest preference first.',
    ),
  port: integer(1, 65_535)
    .exactOptional()
    .meta({ example: 587 })
    .describe('Without it 25; 465 with tls: implicit; 587 with profile: sparkpost. SMTP_PORT in the environment overrides it.'),
  tls: z
    .enum(['opportunistic', 'required', 'implicit', 'none'])
    .exactOptional()
    .meta({ example: 'required' })
    .describe(
      'Without it opportunistic: STARTTLS when the server offers it, whatever its certificate. required: nothing is sent without STARTTLS, and the certificate must be valid. implicit: TLS from the first octet, the certificate must be valid.',
    ),
  ca: path()
    .exactOptional()
    .meta({ example: '/etc/sealdrop/mail-ca.pem' })
    .describe("File with the certificate authorities (PEM) that may vouch for the server's certificate. Without it those of Node.js."),
  fingerprints: z
    .array(fingerprint(), { error: 'must be a list of fingerprints; "openssl x509 -fingerprint -sha256" shows one' })
    .min(1, { error: 'is empty; name a fingerprint, or leave the key out' })
    .exactOptional()
    .meta({ example: ['00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF'] })
    .describe(
      'SHA-256 fingerprints: the server must show one of these certificates. Its name, its dates and who vouches for it count only if ca is given too.',
    ),
  servername: hostName()
    .exactOptional()
    .meta({ example: 'mail.example.com' })
    .describe('The name that the certificate has to carry, if it is not that of the host.'),
  clientCertificate: path()
    .exactOptional()
    .meta({ example: '/etc/sealdrop/smtp-client.crt' })
    .describe('Our own certificate (PEM, its chain after it) for servers that ask for one.'),
  clientKey: path()
    .exactOptional()
    .meta({ example: '/etc/sealdrop/smtp-client.key' })
    .describe('Its private key (PEM, not encrypted), readable by its owner alone (chmod 600).'),
  auth: z
    .enum(['auto', 'plain', 'login', 'xoauth2'])
    .default('auto')
    .describe('How to log in. auto: PLAIN, LOGIN or CRAM-MD5, whichever the server offers. xoauth2: with the token in tokenFile.'),
  user: z
    .string({ error: 'must be a text; write the user name, in quotes if it is a number' })
    .min(1, { error: 'is empty; leave the key out to send without logging in' })
    .exactOptional()
    .meta({ example: 'sealdrop' })
    .describe('User to log in as. SMTP_USER in the environment overrides it.'),
  passwordFile: path()
    .exactOptional()
    .meta({ example: '/etc/sealdrop/smtp-password' })
    .describe(
      'File that holds the password and nothing else, readable by its owner alone (chmod 600). Without it the password is the systemd credential "smtp-password". SMTP_PASSWORD in the environment overrides both.',
    ),
  tokenFile: path()
    .exactOptional()
    .meta({ example: '/run/sealdrop/smtp-token' })
    .describe(
      'File that holds an OAuth2 access token and nothing else, readable by its owner alone. It is read for every connection, so that a script of yours may renew it at any time (write beside it, then rename).',
    ),
  connections: integer(1, 100).default(4).describe('Connections open at the same time, 1 to 100.'),
  messagesPerConnection: integer(1, 100_000).default(100).describe('A connection is replaced after so many messages.'),
  idleMs: duration(0, 60 * MINUTE)
    .prefault('30s')
    .describe('A connection without work is kept for so long; most servers cut it after a minute.'),
  openMs: duration(1000, 10 * MINUTE)
    .prefault('1m')
    .describe('The longest time to connect, to come under TLS and to log in.'),
  replyMs: duration(1000, 60 * MINUTE)
    .prefault('10m')
    .describe('The longest silence of the server after that. RFC 5321 asks for ten minutes.'),
  transactionMs: duration(1000, 24 * 60 * MINUTE)
    .prefault('30m')
    .describe('The longest time one message may take.'),
  hostPauseMs: duration(1000, 60 * MINUTE)
    .prefault('1m')
    .describe('A server that failed is tried after all others for so long.'),
  dsn: section({
    notify: z
      .array(z.enum(['failure', 'delay', 'success', 'never']), { error: 'must be a list; write for example [failure, delay]' })
      .default([])
      .meta({ example: ['failure', 'delay'] })
      .describe('What the sender is told of (NOTIFY): failure, delay, success; or never alone. Empty: what the server does by itself.'),
    ret: z
      .enum(['hdrs', 'full'])
      .exactOptional()
      .meta({ example: 'hdrs' })
      .describe('What such a report brings back of the message (RET). Without it the server chooses.'),
  })
    .prefault({})
    .describe('Reports asked of servers that offer DSN (RFC 3461). The envelope id (ENVID) is always our message id.'),
  name: hostName()
    .exactOptional()
    .meta({ example: 'sealdrop.example.com' })
    .describe("Name given in EHLO. Without it, this machine's name."),
});
