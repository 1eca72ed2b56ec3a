import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { onTestFinished } from 'vitest';
import type { Names } from '../../../src/delivery/smtp/servers.js';

interface Mx {
  readonly priority: number;
  readonly exchange: string;
}

const MX = 15;

/**
 * Names as a DNS server on loopback answers for them: mail exchangers over the wire, by node:dns; a name without records has none, one that
 * is not listed does not exist. Addresses are as given.
 */
export async function namesFrom(
  exchangers: Readonly<Record<string, readonly Mx[]>>,
  addresses: Readonly<Record<string, string[]>>,
): Promise<Names> {
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => socket.send(answerTo(query, exchangers), port, address));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    socket.close();
  });
  const resolver = new Resolver({ timeout: 2000, tries: 1 });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  return {
    exchanges: (name) => resolver.resolveMx(name),
    addresses: (name) => {
      const found = addresses[name];
      return found === undefined ? Promise.reject(new Error(`getaddrinfo ENOTFOUND ${name}`)) : Promise.resolve(found);
    },
  };
}

/** RFC 1035 §4.1: header, the question repeated, one record an exchanger. */
function answerTo(query: Buffer, exchangers: Readonly<Record<string, readonly Mx[]>>): Buffer {
  const end = query.indexOf(0, 12) + 5;
  const records = exchangers[nameAt(query, 12)];
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(records === undefined ? 0x8583 : 0x8580, 2); // an authoritative answer, NXDOMAIN where there is none
  header.writeUInt16BE(records?.length ?? 0, 6);
  header.writeUInt32BE(0, 8);
  return Buffer.concat([header, query.subarray(12, end), ...(records ?? []).map(recordOf)]);
}

function recordOf({ priority, exchange }: Mx): Buffer {
  const labels = exchange === '' ? [] : exchange.split('.');
  const name = Buffer.concat([...labels.map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`)), Buffer.of(0)]);
  const head = Buffer.alloc(14);
  head.writeUInt16BE(0xc00c, 0); // the name in the question
  head.writeUInt16BE(MX, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(60, 6);
  head.writeUInt16BE(name.length + 2, 10);
  head.writeUInt16BE(priority, 12);
  return Buffer.concat([head, name]);
}

function nameAt(query: Buffer, start: number): string {
  const labels: string[] = [];
  for (let at = start; query[at] !== 0; at += (query[at] ?? 0) + 1)
    labels.push(query.toString('latin1', at + 1, at + 1 + (query[at] ?? 0)));
  return labels.join('.').toLowerCase();
}
