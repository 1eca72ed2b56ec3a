import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import forge from 'node-forge';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach } from 'vitest';
import type { Copy } from '../../src/delivery/delivery.js';
import type { SmtpLogin } from '../../src/delivery/smtp/login.js';
import type { SmtpOptions } from '../../src/delivery/smtp/options.js';
import { SmtpDelivery } from '../../src/delivery/smtp/smtp.js';
import { octetsOf } from '../../src/message/octets.js';

const undo: (() => unknown)[] = [];

afterEach(async () => {
  for (const action of undo.splice(0).reverse()) await action();
});

/** How a test logs in. */
export function loginWith(user: string, secret: string, auth: SmtpLogin['auth'] = 'auto'): { login: SmtpLogin } {
  return { login: { user, auth, secret: () => secret } };
}

/** A delivery to 127.0.0.1 that is closed after the test. Time limits are generous unless given. */
export function deliveryTo(port: number, options: Partial<SmtpOptions> = {}): SmtpDelivery {
  const timeouts = { openMs: 5000, replyMs: 5000, ...options.timeouts };
  const servers = [{ host: '127.0.0.1', port }];
  const delivery = new SmtpDelivery({ servers, tls: 'none', name: 'client.example.com', ...options, timeouts });
  undo.push(() => delivery.close());
  return delivery;
}

interface Received {
  readonly from: string;
  readonly fromParameters: Record<string, string | true>;
  readonly to: readonly string[];
  readonly message: Buffer;
  readonly secure: boolean;
  readonly user: unknown;
}

export interface Sink {
  readonly port: number;
  readonly received: Received[];
  /** Sessions opened since the start, and open now. */
  readonly sessions: { opened: number; open: number };
}

/** A whole SMTP server (smtp-server) that takes everything, apart from what `options` change. */
export async function startSink(options: SMTPServerOptions = {}): Promise<Sink> {
  const received: Received[] = [];
  const sessions = { opened: 0, open: 0 };
  const server = new SMTPServer({
    disableReverseLookup: true,
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    closeTimeout: 100,
    onConnect(_session, callback) {
      sessions.opened += 1;
      sessions.open += 1;
      callback();
    },
    onClose() {
      sessions.open -= 1;
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom === false ? '' : mailFrom.address,
          fromParameters: mailFrom === false ? {} : (mailFrom.args as Record<string, string | true> | false) || {},
          to: rcptTo.map(({ address }) => address),
          message: Buffer.concat(chunks),
          secure: session.secure,
          user: session.user,
        });
        callback(null, '2.0.0 Ok: queued as 4XYZ');
      });
    },
    ...options,
  });
  server.on('error', () => {}); // A client that breaks off is what some tests are about.
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(() => new Promise<void>((resolve) => server.close(resolve)));
  return { port: (server.server.address() as AddressInfo).port, received, sessions };
}

export const DROP = Symbol('end the connection');
export const SILENCE = Symbol('say nothing');
/** Slow bytes: a reply of which one more octet comes every now and then, and never the end. */
export const DRIP = Symbol('drip');
export type Answer = string | typeof DROP | typeof SILENCE | typeof DRIP;

export interface Script {
  readonly port: number;
  /** Every command as it came, and the content between DATA and the dot as it was on the wire. */
  readonly commands: string[];
  readonly wire: Buffer[];
}

const USUAL: Readonly<Record<string, string>> = {
  CONNECT: '220 mx.example.net ESMTP',
  EHLO: '250-mx.example.net\r\n250-8BITMIME\r\n250 PIPELINING',
  MAIL: '250 2.1.0 Ok',
  RCPT: '250 2.1.5 Ok',
  DATA: '354 go on',
  '.': '250 2.0.0 queued',
  RSET: '250 2.0.0 Ok',
  QUIT: '221 2.0.0 Bye',
};

/**
 * A server that answers to the letter: `answers` by verb (CONNECT and `.` included), the rest as usual. A function is given the
 * whole command and how often the verb has come, over all sessions.
 */
export async function startScript(
  answers: Readonly<Record<string, Answer | ((command: string, count: number) => Answer)>>,
  place: { address?: string; port?: number } = {},
): Promise<Script> {
  const commands: string[] = [];
  const wire: Buffer[] = [];
  const counts = new Map<string, number>();
  const answer = (verb: string, command: string): Answer => {
    commands.push(command);
    const count = (counts.get(verb) ?? 0) + 1;
    counts.set(verb, count);
    const own = answers[verb];
    return (typeof own === 'function' ? own(command, count) : own) ?? USUAL[verb] ?? '500 5.5.2 unknown';
  };
  const server = createServer((socket) => converse(socket, answer, wire));
  const port = await listen(server, place.address, place.port);
  return { port, commands, wire };
}

function converse(socket: Socket, answer: (verb: string, command: string) => Answer, wire: Buffer[]): void {
  let pending = Buffer.alloc(0);
  let inContent = false;
  const say = (reply: Answer) => {
    if (reply === DROP) socket.destroy();
    else if (reply === DRIP) drip(socket);
    else if (reply !== SILENCE) socket.write(`${reply}\r\n`);
    return reply;
  };
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    while (!socket.destroyed) {
      const emptyContent = inContent && pending.indexOf('.\r\n') === 0;
      const end = emptyContent ? -2 : pending.indexOf(inContent ? '\r\n.\r\n' : '\r\n');
      if (end === -1) return;
      const unit = pending.subarray(0, end + 2);
      pending = pending.subarray(end + (inContent ? 5 : 2));
      if (inContent) wire.push(Buffer.from(unit));
      const command = inContent ? '.' : unit.toString('latin1', 0, end);
      const reply = say(answer((command.split(' ')[0] ?? '').toUpperCase(), command));
      inContent = command === 'DATA' && typeof reply === 'string' && reply.startsWith('354');
    }
  });
  say(answer('CONNECT', 'CONNECT'));
}

function drip(socket: Socket): void {
  const drops = setInterval(() => socket.write('2'), 20);
  socket.on('close', () => clearInterval(drops));
}

/** The port on which `server` listens until the end of the test: a free one unless given. */
export async function listen(server: Server, address = '127.0.0.1', port = 0): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
  undo.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** A self-signed certificate for 127.0.0.1, or for another name, made now. */
export function makeCertificate(subjectAltName = 'IP:127.0.0.1'): { key: Buffer; cert: Buffer } {
  const directory = mkdtempSync(join(tmpdir(), 'sealdrop-tls-'));
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const subject = ['-subj', '/CN=mx.example.net', '-addext', `subjectAltName=${subjectAltName}`];
  execFileSync('openssl', ['req', '-x509', ...curve, '-nodes', '-days', '2', ...subject, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  try {
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** A self-signed certificate for 127.0.0.1 whose time is over. */
export function makeExpiredCertificate(): { key: Buffer; cert: Buffer } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = '01';
  certificate.validity.notBefore = new Date(Date.now() - 2 * 86_400_000);
  certificate.validity.notAfter = new Date(Date.now() - 86_400_000);
  const name = [{ name: 'commonName', value: 'mx.example.net' }];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.setExtensions([{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }]);
  certificate.sign(forge.pki.privateKeyFromPem(privateKey), forge.md.sha256.create());
  return { key: Buffer.from(privateKey), cert: Buffer.from(forge.pki.certificateToPem(certificate)) };
}

/** Waits until `condition` holds, for at most two seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadlineMs = Date.now() + 2000;
  while (!condition()) {
    if (Date.now() > deadlineMs) throw new Error('the condition never held');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** What `copyTo` sends. */
export const usual = Buffer.from('From: alice@example.com\r\nTo: a@example.net\r\nSubject: test\r\n\r\nHello\r\n');

/** A copy in canonical bytes. */
export function copyTo(...recipients: string[]): Copy {
  return { sender: 'alice@example.com', recipients, message: octetsOf(usual), envid: 'id-1' };
}
