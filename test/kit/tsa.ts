import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openssl } from './openssl-cli.js';
import { makeTemp, removeTemp, runDirectory } from './temp.js';

/** Files of a throwaway time-stamping authority. `usage` is its certificate's extKeyUsage in openssl's words. */
export interface TsaFiles {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** Made by openssl, once per vitest run for each name and usage. */
export function tsaFiles(name = 'main', usage = 'critical,timeStamping'): TsaFiles {
  const home = join(runDirectory(), `tsa-${name}-${usage.replace(/\W/g, '-')}`);
  if (!existsSync(home)) {
    const draft = mkdtempSync(join(runDirectory(), 'tsa-draft-'));
    const at = (file: string) => join(draft, file);
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
    openssl(['req', '-x509', ...key, '-keyout', at('ca-key.pem'), '-out', at('ca.pem'), '-days', '30', '-subj', `/CN=Test TSA CA ${name}`]);
    openssl(['req', ...key, '-keyout', at('key.pem'), '-out', at('request.pem'), '-subj', `/CN=Test TSA ${name}`]);
    writeFileSync(
      at('extensions'),
      `basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n${usage === '' ? '' : `extendedKeyUsage=${usage}\n`}`,
    );
    openssl(
      ['x509', '-req', '-in', at('request.pem'), '-CA', at('ca.pem'), '-CAkey', at('ca-key.pem'), '-days', '30'].concat([
        '-extfile',
        at('extensions'),
        '-out',
        at('certificate.pem'),
      ]),
    );
    try {
      renameSync(draft, home);
    } catch (error) {
      if (!existsSync(home)) throw error;
      rmSync(draft, { recursive: true });
    }
  }
  return { ca: join(home, 'ca.pem'), certificate: join(home, 'certificate.pem'), key: join(home, 'key.pem') };
}

/** What `openssl ts -reply` answers to a request. `digests`: those it accepts. */
export function tsaReply(files: TsaFiles, request: Buffer, { digests = 'sha256, sha384', token = false } = {}): Buffer {
  const directory = makeTemp('tsa-reply');
  try {
    const at = (file: string) => join(directory, file);
    writeFileSync(at('request.tsq'), request);
    writeFileSync(at('serial'), '01\n');
    writeFileSync(
      at('tsa.cnf'),
      [
        '[tsa]',
        'default_tsa = here',
        '[here]',
        `serial = ${at('serial')}`,
        'crypto_device = builtin',
        `signer_cert = ${files.certificate}`,
        `certs = ${files.ca}`,
        `signer_key = ${files.key}`,
        'signer_digest = sha256',
        'default_policy = 1.2.3.4.1',
        `digests = ${digests}`,
        'accuracy = secs:1',
        'ordering = yes',
        'ess_cert_id_alg = sha256',
        '',
      ].join('\n'),
    );
    openssl([
      'ts',
      '-reply',
      '-config',
      at('tsa.cnf'),
      '-queryfile',
      at('request.tsq'),
      '-out',
      at('reply'),
      ...(token ? ['-token_out'] : []),
    ]);
    return readFileSync(at('reply'));
  } finally {
    removeTemp(directory);
  }
}

export interface Tsa {
  readonly url: string;
  /** Requests so far. */
  readonly requests: number;
  /** What becomes of the next requests; undefined: they are answered as openssl does. */
  answer: ((request: Buffer) => Buffer | number) | undefined;
  close(): Promise<void>;
}

/** An authority behind HTTP, or HTTPS with the certificate given. */
export async function startTsa(files: TsaFiles, tls?: { readonly key: string; readonly cert: string }): Promise<Tsa> {
  let requests = 0;
  const listener = (request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests++;
      const rightType = request.method === 'POST' && request.headers['content-type'] === 'application/timestamp-query';
      const bytes = Buffer.concat(chunks);
      const answer = rightType ? (tsa.answer?.(bytes) ?? tsaReply(files, bytes)) : 415;
      if (typeof answer === 'number') response.writeHead(answer).end();
      else response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(answer);
    });
  };
  const server: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const tsa: Tsa = {
    url: `${tls === undefined ? 'http' : 'https'}://localhost:${port}/tsr`,
    get requests() {
      return requests;
    },
    answer: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return tsa;
}

/** A certificate for localhost, with the CA that issued it. */
export function localhostTls(): { readonly ca: string; readonly key: string; readonly cert: string } {
  const home = join(runDirectory(), `tsa-tls-${process.pid}`);
  mkdirSync(home, { recursive: true });
  const at = (file: string) => join(home, file);
  if (!existsSync(at('cert.pem'))) {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
    openssl(
      ['req', '-x509', ...key, '-keyout', at('key.pem'), '-out', at('cert.pem'), '-days', '30', '-subj', '/CN=localhost'].concat([
        '-addext',
        'subjectAltName=DNS:localhost',
      ]),
    );
  }
  return { ca: at('cert.pem'), key: readFileSync(at('key.pem'), 'utf8'), cert: readFileSync(at('cert.pem'), 'utf8') };
}
