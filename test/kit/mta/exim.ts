import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../free-port.js';
import { makeTemp, removeTemp } from '../temp.js';
import { probeOf } from '../tools.js';
import { arrivedIn } from './maildir.js';
import { Service } from './service.js';

/**
 * A real Exim of our own: unpacked, not installed (Debian's package displaces Postfix), unprivileged, with directories and a port of 127.0.0.1
 * of its own. It takes every mail and delivers what is for example.net into a Maildir. It needs root to become the user it was built for.
 */
export class Exim {
  readonly port: number;
  readonly #directory: string;
  readonly #service: Service;

  static async start(): Promise<Exim> {
    const program = probeOf('exim');
    const directory = makeTemp('exim');
    const port = await freePort();
    const configuration = join(directory, 'exim.conf');
    writeFileSync(configuration, configurationOf(program, directory, port));
    const [uid = 0, gid = 0] = ['-u', '-g'].map((which) => Number(execFileSync('id', [which, 'Debian-exim'], { encoding: 'utf8' })));
    for (const name of ['spool', 'log', 'box']) mkdirSync(join(directory, name));
    chmodSync(directory, 0o711);
    for (const name of ['.', 'spool', 'log', 'box']) chownSync(join(directory, name), uid, gid);
    // -bdf: a daemon that stays in the foreground.
    const service = await Service.start(program, ['-C', configuration, '-bdf', '-q1m'], port, { uid, gid });
    return new Exim(directory, service, port);
  }

  private constructor(directory: string, service: Service, port: number) {
    this.#directory = directory;
    this.#service = service;
    this.port = port;
  }

  /** As in Postfix. */
  delivered(isIt: (message: Buffer) => boolean): Promise<Buffer> {
    return arrivedIn(join(this.#directory, 'box'), isIt, () => this.#log());
  }

  async stop(): Promise<void> {
    await this.#service.stop();
    removeTemp(this.#directory);
  }

  #log(): string {
    const file = join(this.#directory, 'log', 'mainlog');
    return existsSync(file) ? readFileSync(file, 'utf8').slice(-4000) : this.#service.output;
  }
}

function configurationOf(program: string, directory: string, port: number): string {
  return [
    `exim_path = ${program}`,
    'primary_hostname = second.example.org',
    `spool_directory = ${directory}/spool`,
    `log_file_path = ${directory}/log/%slog`,
    `pid_file_path = ${directory}/pid`,
    'local_interfaces = 127.0.0.1',
    `daemon_smtp_ports = ${port}`,
    // Neither the program nor the daemon has root's privileges to give up.
    'deliver_drop_privilege = true',
    'keep_environment =',
    // No name is looked up.
    'host_lookup =',
    'rfc1413_hosts =',
    'tls_advertise_hosts =',
    'message_size_limit = 100M',
    'acl_smtp_rcpt = all',
    'begin acl',
    'all:',
    '  accept',
    'begin routers',
    'box:',
    '  driver = accept',
    '  domains = example.net',
    '  transport = maildir',
    'begin transports',
    'maildir:',
    '  driver = appendfile',
    `  directory = ${directory}/box`,
    '  maildir_format',
    '  create_directory',
    '',
  ].join('\n');
}
