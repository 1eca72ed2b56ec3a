import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { SealdropError } from '../../errors.js';

export interface TlsMaterial {
  /** Trust anchors, PEM; without them those Node.js brings along. */
  readonly ca?: Buffer | undefined;
  /** Our own certificate and key, PEM, for a receiver that asks for one. */
  readonly client?: { readonly certificate: Buffer; readonly key: string } | undefined;
  /** The name that the receiver's certificate has to carry, if it is not `host`. */
  readonly servername?: string | undefined;
}

export interface StreamAddress {
  readonly host: string;
  readonly port: number;
  /** Undefined: TCP alone. */
  readonly tls: TlsMaterial | undefined;
}

const openMs = 20_000;
const drainMs = 60_000;
const closeMs = 20_000;

/**
 * A connection to a syslog receiver, of which one thing is asked beyond writing: to end so that it is known whether the receiver has read
 * everything. Syslog has no acknowledgement; but a receiver answers our end of the stream with its own (RFC 5425 §4.4 for TLS) only when it
 * has read up to there.
 */
export class StreamConnection {
  private readonly socket: Socket;
  private failure: SealdropError | undefined;
  private readonly name: string;

  private constructor(socket: Socket, name: string) {
    this.socket = socket;
    this.name = name;
    socket.on('error', (error) => this.fail(`the connection to ${name} failed: ${error.message}`));
    socket.on('close', () => this.fail(`${name} closed the connection`));
    socket.on('end', () => this.fail(`${name} closed the connection`));
    socket.setKeepAlive(true, 30_000);
    // A receiver says nothing; what it says nevertheless is not kept, and its end of the stream is noticed.
    socket.resume();
  }

  /** Throws `forward-unreachable`, `forward-tls` (wait). */
  static async open({ host, port, tls }: StreamAddress): Promise<StreamConnection> {
    const name = `${host}:${port}`;
    const socket = tls === undefined ? connectTcp({ host, port }) : tlsSocket(host, port, tls);
    try {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no connection within ${openMs / 1000} s`)), openMs);
        const settle = (end: () => void) => {
          clearTimeout(timer);
          end();
        };
        socket.once(tls === undefined ? 'connect' : 'secureConnect', () => settle(resolve));
        socket.once('error', (error) => settle(() => reject(error)));
        socket.once('close', () => settle(() => reject(new Error('the connection was closed'))));
      });
    } catch (error) {
      socket.destroy();
      throw openFault(error, name, tls !== undefined);
    }
    return new StreamConnection(socket, name);
  }

  /** Throws what has befallen the connection since. */
  check(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  /** Resolves when there is room for more. */
  async write(bytes: Buffer): Promise<void> {
    this.check();
    if (this.socket.write(bytes)) return;
    await this.wait('drain', drainMs, 'takes nothing more');
  }

  /** Ends the stream; resolves when the receiver has read all of it and ended its own. Otherwise throws `forward-broken` (wait). */
  async end(): Promise<void> {
    this.check();
    this.socket.removeAllListeners('end').removeAllListeners('close');
    const closed = this.wait('end', closeMs, 'does not confirm the end of the connection');
    this.socket.end();
    try {
      await closed;
    } finally {
      this.abort();
    }
  }

  abort(): void {
    this.socket.removeAllListeners('end').removeAllListeners('close');
    this.socket.destroy();
  }

  private wait(event: 'drain' | 'end', longestMs: number, otherwise: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (end: () => void) => {
        clearTimeout(timer);
        this.socket.off(event, came).off('error', failed).off('close', failed);
        end();
      };
      const came = () => done(resolve);
      const failed = () => done(() => reject(this.failure ?? broken(`${this.name} closed the connection`)));
      const timer = setTimeout(() => done(() => reject(broken(`${this.name} ${otherwise}`))), longestMs);
      this.socket.on(event, came).on('error', failed).on('close', failed);
    });
  }

  private fail(text: string): void {
    this.failure ??= broken(text);
  }
}

function tlsSocket(host: string, port: number, { ca, client, servername }: TlsMaterial): Socket {
  return connectTls({
    host,
    port,
    // RFC 5425 §5.2, RFC 9662: the certificate is checked, its name too.
    minVersion: 'TLSv1.2',
    ...(servername === undefined ? {} : { servername }),
    ...(ca === undefined ? {} : { ca }),
    ...(client === undefined ? {} : { cert: client.certificate, key: client.key }),
  });
}

function openFault(error: unknown, name: string, tls: boolean): SealdropError {
  const { code, message } = error as NodeJS.ErrnoException;
  const words = message || code || 'no connection';
  // OpenSSL's and Node's own codes begin like this; what the system says (ECONNREFUSED) does not.
  if (tls && /^(?:ERR_|UNABLE|CERT|DEPTH|SELF|HOSTNAME|EPROTO)/.test(code ?? '')) {
    return new SealdropError('forward-tls', `no trusted connection to ${name}: ${words}`, {
      disposition: 'wait',
      cure: 'Compare the certificate of the receiver with ca and host of this target; nothing is sent to it until it is right.',
      cause: error,
    });
  }
  return new SealdropError('forward-unreachable', `${name} cannot be reached: ${words}`, {
    disposition: 'wait',
    cure: 'Start the receiver or mend the way to it; what was not sent is kept and sent then.',
    cause: error,
  });
}

function broken(text: string): SealdropError {
  return new SealdropError('forward-broken', text, {
    disposition: 'wait',
    cure: 'Look at the log of the receiver; what it may not have read is sent again.',
  });
}
