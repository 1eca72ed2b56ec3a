import { createSocket, type Socket } from 'node:dgram';
import { promises as dns } from 'node:dns';
import { isIPv6 } from 'node:net';
import { SealdropError } from '../../errors.js';
import type { Batch, Sink } from './batch.js';
import type { Place } from './place.js';
import { type SyslogSource, syslogMessage } from './syslog-message.js';

/** A receiver's buffer takes about ninety datagrams (net.core.rmem_default of Linux): so many are sent, then there is a pause. */
const burst = 32;
const pauseMs = 10;

/**
 * Syslog over UDP (RFC 5426): a record is a datagram, and may be lost without anybody knowing. The one thing that is noticed is a host that
 * says it has no receiver (ICMP, on a connected socket); what was sent in the last `confirmMs` before that is sent again.
 */
export class SyslogUdp implements Sink {
  held: Place | undefined;
  private readonly socket: Socket;
  private readonly name: string;
  private readonly source: SyslogSource;
  private readonly confirmMs: number;
  private readonly sent: { atMs: number; place: Place }[] = [];
  private failure: SealdropError | undefined;
  private closed = false;

  private constructor(socket: Socket, name: string, source: SyslogSource, confirmMs: number) {
    this.socket = socket;
    this.name = name;
    this.source = source;
    this.confirmMs = confirmMs;
    socket.on('error', (error) => this.fail(error));
  }

  /** Throws `forward-unreachable` (wait). */
  static async open(target: { host: string; port: number }, source: SyslogSource, confirmMs: number): Promise<SyslogUdp> {
    const { host, port } = target;
    try {
      const { address } = await dns.lookup(host);
      const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.connect(port, address, resolve);
      });
      socket.removeAllListeners('error');
      return new SyslogUdp(socket, `${host}:${port}`, source, confirmMs);
    } catch (error) {
      throw unreachable(`${host}:${port}`, error);
    }
  }

  get unsure(): boolean {
    return this.sent.length > 0;
  }

  async send({ records, end }: Batch): Promise<void> {
    for (let start = 0; start < records.length; start += burst) {
      this.check();
      const messages = records.slice(start, start + burst).map((record) => syslogMessage(record, this.source));
      await Promise.all(messages.map((message) => this.sendOne(message)));
      if (start + burst < records.length) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    this.sent.push({ atMs: performance.now(), place: end });
  }

  async tick(): Promise<void> {
    this.check();
    const quiet = performance.now() - this.confirmMs;
    while (this.sent[0] !== undefined && this.sent[0].atMs <= quiet) this.held = this.sent.shift()?.place;
  }

  async end(): Promise<void> {
    this.check();
    this.held = this.sent.at(-1)?.place ?? this.held;
    this.abort();
  }

  abort(): void {
    if (this.closed) return;
    this.closed = true;
    this.socket.removeAllListeners('error').on('error', () => {});
    this.socket.close();
  }

  private check(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  private async sendOne(message: Buffer): Promise<void> {
    await new Promise<void>((resolve, reject) =>
      this.socket.send(message, (error) => (error === null ? resolve() : reject(unreachable(this.name, error)))),
    );
  }

  private fail(error: Error): void {
    this.failure ??= unreachable(this.name, error);
  }
}

function unreachable(name: string, error: unknown): SealdropError {
  const words = error instanceof Error ? error.message : String(error);
  return new SealdropError('forward-unreachable', `${name} cannot be reached: ${words}`, {
    disposition: 'wait',
    cure: 'Start the receiver or mend the way to it; what was not sent is kept and sent then.',
    cause: error,
  });
}
