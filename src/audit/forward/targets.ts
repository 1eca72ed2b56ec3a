import { SealdropError } from '../../errors.js';
import type { Sink } from './batch.js';
import { FileSink } from './file-sink.js';
import { SecondSink } from './second-sink.js';
import type { TlsMaterial } from './stream-connection.js';
import type { SyslogSource } from './syslog-message.js';
import { SyslogStream } from './syslog-stream.js';
import { SyslogUdp } from './syslog-udp.js';

/** A place elsewhere that gets the trail. Plain data: it crosses threads. */
export type Target =
  | {
      readonly kind: 'syslog';
      readonly name: string;
      readonly host: string;
      readonly port: number;
      readonly transport: 'tls' | 'tcp' | 'udp';
      readonly tlsFiles: TlsFiles;
      readonly source: SyslogSource;
    }
  | { readonly kind: 'file'; readonly name: string; readonly path: string }
  | { readonly kind: 'second'; readonly name: string; readonly directory: string };

export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly servername?: string | undefined;
}

export interface OpenOptions {
  readonly auditDirectory: string;
  readonly confirmMs: number;
  readonly personal: boolean;
  /** Reads them when a connection is made: renewed ones need no restart. */
  readonly readTls: (files: TlsFiles) => TlsMaterial;
  /** True while nothing was ever held there. */
  readonly first: () => boolean;
  readonly marker: { get(): string | undefined; set(marker: string): void };
}

export async function openTarget(target: Target, options: OpenOptions): Promise<Sink> {
  switch (target.kind) {
    case 'file':
      return FileSink.open(target.path, { first: options.first(), personal: options.personal });
    case 'second': {
      const { sink, marker } = await SecondSink.open(options.auditDirectory, target.directory, options.marker.get());
      options.marker.set(marker);
      return sink;
    }
    case 'syslog': {
      const { host, port, transport, source, tlsFiles } = target;
      if (transport === 'udp') return SyslogUdp.open({ host, port }, source, options.confirmMs);
      const tls = transport === 'tls' ? options.readTls(tlsFiles) : undefined;
      return SyslogStream.open({ host, port, tls }, source, options.confirmMs);
    }
  }
}

/** What a target's failure is told as; nothing of it is a defect that should end anything. */
export function targetFault(error: unknown): SealdropError {
  if (error instanceof SealdropError) return error;
  return new SealdropError('forward-broken', `unexpected: ${error instanceof Error ? error.message : String(error)}`, {
    disposition: 'wait',
    cure: 'Look at the log of the receiver; what it may not have read is sent again.',
    cause: error,
  });
}
