import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { forget, note } from './leftovers.js';
import { makeTemp, removeTemp } from './temp.js';
import { waitFor } from './wait-for.js';

const PROGRAM = '/usr/sbin/rsyslogd';

/** How rsyslog writes what it has received: with everything (RFC 5424), or in its default form, which leaves the structured data out. */
export type RsyslogForm = 'RSYSLOG_SyslogProtocol23Format' | 'RSYSLOG_FileFormat' | 'RSYSLOG_TraditionalFileFormat';

export interface RsyslogOptions {
  /** Its key and certificate, and who vouches for the clients it accepts (anybody if not given); without it it offers no TLS. */
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer; readonly clients?: Buffer };
  readonly form?: RsyslogForm;
}

/** A real rsyslogd of our own: directories and ports of its own, loopback only, nothing of /etc/rsyslog.conf. */
export class Rsyslog {
  readonly directory = makeTemp('rsyslog');
  readonly udpPort: number;
  readonly tcpPort: number;
  readonly tlsPort: number;
  readonly #options: RsyslogOptions;
  #child: ChildProcess | undefined;
  #output = '';

  static async start(options: RsyslogOptions = {}): Promise<Rsyslog> {
    const rsyslog = new Rsyslog(options, [await freePort(), await freePort(), await freePort()]);
    await rsyslog.start();
    return rsyslog;
  }

  private constructor(options: RsyslogOptions, [udp = 0, tcp = 0, tls = 0]: number[]) {
    this.#options = options;
    this.udpPort = udp;
    this.tcpPort = tcp;
    this.tlsPort = tls;
    mkdirSync(this.#at('work'));
    writeFileSync(this.#at('rsyslog.conf'), this.#config());
  }

  /** What it has written. */
  get file(): string {
    return this.#at('received.log');
  }

  get text(): string {
    return existsSync(this.file) ? readFileSync(this.file, 'utf8') : '';
  }

  get log(): string {
    return this.#output;
  }

  async start(): Promise<void> {
    const child = spawn(PROGRAM, ['-n', '-f', this.#at('rsyslog.conf'), '-i', this.#at('pid')], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    if (child.pid !== undefined) note(child.pid, this.#at('rsyslog.conf'));
    // It writes its process id when its inputs listen.
    const pid = String(child.pid);
    await waitFor('rsyslog to start', () => existsSync(this.#at('pid')) && readFileSync(this.#at('pid'), 'utf8').trim() === pid, {
      describe: () => this.#output,
    });
    await waitFor('rsyslog to listen', () => this.#listens(), { describe: () => this.#output });
  }

  /** kill -9: what it has read and not written is lost. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    removeTemp(this.directory);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
    if (child.pid !== undefined) forget(child.pid);
  }

  /** Looked up in /proc, for a connection of ours would be one more to it. */
  #listens(): boolean {
    const hex = (port: number) => `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
    const tcp = readFileSync('/proc/net/tcp', 'utf8');
    const wanted = this.#options.tls === undefined ? [this.tcpPort] : [this.tcpPort, this.tlsPort];
    return wanted.every((port) => tcp.includes(hex(port))) && readFileSync('/proc/net/udp', 'utf8').includes(hex(this.udpPort));
  }

  #at(name: string): string {
    return join(this.directory, name);
  }

  #config(): string {
    const { tls, form = 'RSYSLOG_SyslogProtocol23Format' } = this.#options;
    const global = [`workDirectory="${this.#at('work')}"`, 'maxMessageSize="64k"'];
    const inputs = [
      'module(load="imudp")',
      `input(type="imudp" address="127.0.0.1" port="${this.udpPort}")`,
      'module(load="imptcp")',
      `input(type="imptcp" address="127.0.0.1" port="${this.tcpPort}")`,
    ];
    if (tls !== undefined) {
      writeFileSync(this.#at('server.crt'), tls.cert);
      writeFileSync(this.#at('server.key'), tls.key, { mode: 0o600 });
      writeFileSync(this.#at('ca.crt'), tls.clients ?? tls.cert);
      global.push(
        'defaultNetstreamDriver="ossl"',
        `defaultNetstreamDriverCAFile="${this.#at('ca.crt')}"`,
        `defaultNetstreamDriverCertFile="${this.#at('server.crt')}"`,
        `defaultNetstreamDriverKeyFile="${this.#at('server.key')}"`,
      );
      const mode = tls.clients === undefined ? 'anon' : 'x509/certvalid';
      inputs.push(
        `module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="${mode}")`,
        `input(type="imtcp" address="127.0.0.1" port="${this.tlsPort}")`,
      );
    }
    return [`global(${global.join(' ')})`, ...inputs, `action(type="omfile" file="${this.file}" template="${form}")`, ''].join('\n');
  }
}
