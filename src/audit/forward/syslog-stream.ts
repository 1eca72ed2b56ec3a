import type { Batch, Sink } from './batch.js';
import type { Place } from './place.js';
import { type StreamAddress, StreamConnection } from './stream-connection.js';
import { framed, type SyslogSource, syslogMessage } from './syslog-message.js';

/**
 * Syslog over TLS (RFC 5425) or TCP (RFC 6587, octet counting). Neither acknowledges anything, and what a receiver has read it may still lose. So a
 * record counts as held only after two proofs: the connection it went over was ended by us and the receiver ended it too, having read
 * everything; and a connection that was opened before that has lived on for `confirmMs`, so the receiver has not died with what it had
 * read in its memory. When a connection breaks, everything not proven is sent again: nothing is lost, some is sent twice.
 */
export class SyslogStream implements Sink {
  held: Place | undefined;
  private readonly address: StreamAddress;
  private readonly source: SyslogSource;
  private readonly confirmMs: number;
  private connection: StreamConnection;
  /** What went over this connection: since when, and up to where. */
  private sent: { sinceMs: number; place: Place } | undefined;
  /** What the receiver had read at that time. */
  private read: { atMs: number; place: Place } | undefined;

  private constructor(connection: StreamConnection, address: StreamAddress, source: SyslogSource, confirmMs: number) {
    this.connection = connection;
    this.address = address;
    this.source = source;
    this.confirmMs = confirmMs;
  }

  static async open(address: StreamAddress, source: SyslogSource, confirmMs: number): Promise<SyslogStream> {
    return new SyslogStream(await StreamConnection.open(address), address, source, confirmMs);
  }

  get unsure(): boolean {
    return this.sent !== undefined || this.read !== undefined;
  }

  async send({ records, end }: Batch): Promise<void> {
    const bytes = Buffer.concat(records.map((record) => framed(syslogMessage(record, this.source))));
    this.sent = { sinceMs: this.sent?.sinceMs ?? performance.now(), place: end };
    await this.connection.write(bytes);
  }

  async tick(): Promise<void> {
    this.connection.check();
    const now = performance.now();
    if (this.read !== undefined && now - this.read.atMs >= this.confirmMs) {
      this.held = this.read.place;
      this.read = undefined;
    }
    if (this.read === undefined && this.sent !== undefined && now - this.sent.sinceMs >= this.confirmMs) await this.turn(this.sent.place);
  }

  async end(): Promise<void> {
    await this.connection.end();
    // Nobody is there any more to see whether the receiver lives on.
    this.held = this.sent?.place ?? this.read?.place ?? this.held;
  }

  abort(): void {
    this.connection.abort();
  }

  /** The next connection is opened first: it is the witness. */
  private async turn(place: Place): Promise<void> {
    const next = await StreamConnection.open(this.address);
    const before = this.connection;
    this.connection = next;
    this.sent = undefined;
    await before.end();
    this.read = { atMs: performance.now(), place };
  }
}
