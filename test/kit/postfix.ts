import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { forget, note } from './leftovers.js';
import { arrivedIn } from './mta/maildir.js';
import { makeTemp, removeTemp } from './temp.js';
import { waitFor } from './wait-for.js';

const PROGRAMS = '/usr/lib/postfix/sbin';
const NOBODY = 65534;

export interface PostfixOptions {
  /** A milter on this port of 127.0.0.1 sees the mail that comes in at `port`. */
  readonly milterPort?: number;
}

/**
 * A real Postfix of our own: directories, ports and pid of its own, loopback only, nothing of /etc/postfix. Mail that comes in at `port` is
 * handed on by SMTP to the second hop, which is the same Postfix at another port where it does not announce 8BITMIME, and from there
 * delivered for example.net into a Maildir. It needs root, as Postfix does.
 */
export class Postfix {
  readonly #directory: string;
  readonly port: number;
  readonly secondPort: number;

  static async start(options: PostfixOptions = {}): Promise<Postfix> {
    const postfix = new Postfix(await freePort(), await freePort(), options);
    postfix.#run('start');
    await waitFor('Postfix to start', () => existsSync(postfix.#at('queue/pid/master.pid')), { describe: () => postfix.#log() });
    note(postfix.#masterPid(), `${PROGRAMS}/master`);
    return postfix;
  }

  private constructor(port: number, secondPort: number, { milterPort }: PostfixOptions) {
    this.port = port;
    this.secondPort = secondPort;
    this.#directory = makeTemp('postfix');
    // Postfix's own users pass through, and find theirs inside.
    chmodSync(this.#directory, 0o711);
    for (const name of ['conf', 'queue', 'data', 'mail']) mkdirSync(this.#at(name));
    chownSync(this.#at('mail'), NOBODY, NOBODY);
    chownSync(this.#at('data'), userId('postfix'), 0);
    writeFileSync(this.#at('conf/main.cf'), this.#mainCf());
    writeFileSync(this.#at('conf/master.cf'), this.#masterCf(milterPort));
  }

  /** The configuration directory, for the programs of Postfix. */
  get configuration(): string {
    return this.#at('conf');
  }

  /** The one message in the mailbox for which `isIt` holds, as Postfix stored it (LF), as soon as it is there. */
  async delivered(isIt: (message: Buffer) => boolean): Promise<Buffer> {
    return arrivedIn(this.#at('mail/box'), isIt, () => this.#log());
  }

  stop(): void {
    const pid = this.#masterPid();
    this.#run('stop');
    forget(pid);
    removeTemp(this.#directory);
  }

  #run(command: 'start' | 'stop'): void {
    const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;
    try {
      execFileSync('postfix', ['-c', this.#at('conf'), command], { stdio: 'pipe', env: { ...process.env, PATH } });
    } catch (cause) {
      throw new Error(`postfix ${command} failed: ${this.#log()}`, { cause });
    }
  }

  #masterPid(): number {
    return Number(readFileSync(this.#at('queue/pid/master.pid'), 'utf8').trim());
  }

  #log(): string {
    return existsSync(this.#at('log')) ? readFileSync(this.#at('log'), 'utf8').slice(-4000) : 'no log';
  }

  #at(name: string): string {
    return join(this.#directory, name);
  }

  #mainCf(): string {
    return lines(
      'compatibility_level = 3.7',
      `queue_directory = ${this.#at('queue')}`,
      `data_directory = ${this.#at('data')}`,
      `daemon_directory = ${PROGRAMS}`,
      'command_directory = /usr/sbin',
      'mail_owner = postfix',
      'setgid_group = postdrop',
      `maillog_file = ${this.#at('log')}`,
      `maillog_file_prefixes = ${this.#directory}`,
      'inet_interfaces = 127.0.0.1',
      'inet_protocols = ipv4',
      'myhostname = relay.example.org',
      'mydestination =',
      'mynetworks = 127.0.0.0/8',
      'alias_maps =',
      'local_recipient_maps =',
      'smtp_tls_security_level = none',
      'smtp_dns_support_level = disabled',
      'virtual_mailbox_domains = example.net',
      'virtual_mailbox_maps = static:box/',
      `virtual_mailbox_base = ${this.#at('mail')}`,
      `virtual_uid_maps = static:${NOBODY}`,
      `virtual_gid_maps = static:${NOBODY}`,
    );
  }

  #masterCf(milterPort: number | undefined): string {
    const milter = milterPort === undefined ? '' : ` -o smtpd_milters=inet:127.0.0.1:${milterPort} -o milter_default_action=tempfail`;
    const second = ['content_filter=', 'myhostname=next.example.org', 'smtpd_discard_ehlo_keywords=8bitmime,smtputf8,chunking'];
    return lines(
      `127.0.0.1:${this.port} inet n - n - - smtpd -o content_filter=smtp:[127.0.0.1]:${this.secondPort}${milter}`,
      `127.0.0.1:${this.secondPort} inet n - n - - smtpd ${second.map((option) => `-o ${option}`).join(' ')}`,
      'pickup unix n - n 1 1 pickup',
      'cleanup unix n - n - 0 cleanup',
      'qmgr unix n - n 300 1 qmgr',
      'rewrite unix - - n - - trivial-rewrite',
      'bounce unix - - n - 0 bounce',
      'defer unix - - n - 0 bounce',
      'trace unix - - n - 0 bounce',
      'smtp unix - - n - - smtp',
      'error unix - - n - - error',
      'retry unix - - n - - error',
      'virtual unix - n n - - virtual',
      'proxymap unix - - n - - proxymap',
      'anvil unix - - n - 1 anvil',
      'scache unix - - n - 1 scache',
      'postlog unix-dgram n - n - 1 postlogd',
    );
  }
}

function lines(...all: string[]): string {
  return `${all.join('\n')}\n`;
}

function userId(name: string): number {
  return Number(execFileSync('id', ['-u', name]).toString());
}
