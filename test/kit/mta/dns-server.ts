import { createSocket, type Socket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';

const TXT = 16;
const IN = 1;
const RESPONSE_AUTHORITATIVE = 0x8400;
const NAME_ERROR = 3;

/** A name server on a UDP port of 127.0.0.1 that knows TXT records and nothing else (RFC 1035 §4). */
export class DnsServer {
  readonly #socket: Socket;
  readonly #texts: ReadonlyMap<string, string>;

  /** `texts`: what each name's one TXT record says. */
  static async start(texts: Readonly<Record<string, string>>): Promise<DnsServer> {
    const server = new DnsServer(new Map(Object.entries(texts)));
    await new Promise<void>((resolve) => server.#socket.bind(0, '127.0.0.1', resolve));
    return server;
  }

  private constructor(texts: ReadonlyMap<string, string>) {
    this.#texts = texts;
    this.#socket = createSocket('udp4');
    this.#socket.on('message', (query, { port, address }) => this.#socket.send(this.#answer(query), port, address));
  }

  /** Looks names up here and nowhere else. */
  resolver(): (name: string, type: string) => Promise<string[][]> {
    const resolver = new Resolver({ timeout: 2000, tries: 2 });
    resolver.setServers([`127.0.0.1:${this.#socket.address().port}`]);
    return (name, type) => resolver.resolve(name, type as 'TXT');
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(resolve));
  }

  #answer(query: Buffer): Buffer {
    const { name, end, type } = questionOf(query);
    const text = type === TXT ? this.#texts.get(name.toLowerCase()) : undefined;
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(RESPONSE_AUTHORITATIVE | (text === undefined ? NAME_ERROR : 0), 2);
    [1, text === undefined ? 0 : 1, 0, 0].forEach((count, n) => {
      header.writeUInt16BE(count, 4 + 2 * n);
    });
    return Buffer.concat([header, query.subarray(12, end), ...(text === undefined ? [] : [txtRecord(text)])]);
  }
}

function questionOf(query: Buffer): { name: string; end: number; type: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** For the name of the question, which stands at octet 12 (compression, RFC 1035 §4.1.4). */
function txtRecord(text: string): Buffer {
  const strings = (text.match(/.{1,255}/gs) ?? []).flatMap((part) => [Buffer.from([part.length]), Buffer.from(part, 'latin1')]);
  const data = Buffer.concat(strings);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(TXT, 2);
  head.writeUInt16BE(IN, 4);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}
