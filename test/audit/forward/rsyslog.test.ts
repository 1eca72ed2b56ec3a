import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Target } from '../../../src/audit/forward/targets.js';
import type { AuditWriter } from '../../../src/audit/writer.js';
import { makeCertificate } from '../../delivery/servers.js';
import { Rsyslog } from '../../kit/rsyslog.js';
import { makeTemp, removeTemp } from '../../kit/temp.js';
import { describeWith } from '../../kit/tools.js';
import { waitFor } from '../../kit/wait-for.js';
import { add, type RunningForwarder, seqsIn, startForwarder, startWriter, upTo } from './kit.js';

const server = makeCertificate();
let directory: string;
let rsyslog: Rsyslog;
let writer: AuditWriter;
let running: RunningForwarder | undefined;

beforeEach(async () => {
  directory = makeTemp('forward-rsyslog');
  rsyslog = await Rsyslog.start({ tls: server });
  writer = await startWriter(directory);
});
afterEach(async () => {
  await running?.forwarder.stop(2000);
  running = undefined;
  await writer.close();
  await rsyslog.stop();
  removeTemp(directory);
});

function target(transport: 'tls' | 'tcp' | 'udp', maxBytes = 8192): Target {
  const port = { tls: rsyslog.tlsPort, tcp: rsyslog.tcpPort, udp: rsyslog.udpPort }[transport];
  const source = { facility: 'audit', host: 'mail.example.com', pid: 4711, maxBytes } as const;
  return { kind: 'syslog', name: transport, host: '127.0.0.1', port, transport, tlsFiles: {}, source };
}

const start = (transport: 'tls' | 'tcp' | 'udp') => {
  running = startForwarder(directory, writer, [target(transport)], { readTls: () => ({ ca: server.cert }) });
  return running;
};

const received = () => [...new Set(seqsIn(rsyslog.text))].sort((a, b) => a - b);

describeWith(['rsyslog'], 'a real rsyslog', () => {
  test.each(['tls', 'tcp', 'udp'] as const)('gets every record once and in order over %s', async (transport) => {
    await add(writer, 1, 300);
    const { holds } = start(transport);
    await holds(transport, 301);
    await waitFor('rsyslog to write it all', () => seqsIn(rsyslog.text).length >= 301, { describe: () => rsyslog.log });
    expect(seqsIn(rsyslog.text)).toEqual(upTo(301));
  });

  test.each(['tls', 'tcp'] as const)('misses nothing over %s although it was killed with what it had read', async (transport) => {
    const now = start(transport);
    await add(writer, 1, 100, now);
    await waitFor('a part to arrive', () => seqsIn(rsyslog.text).length > 0, { describe: () => rsyslog.log });
    await add(writer, 101, 200, now);
    await rsyslog.kill();
    await add(writer, 201, 300, now);
    await waitFor('the failure to be told', () => now.positions().get(transport)?.fault?.code === 'forward-unreachable');
    await rsyslog.start();
    await now.holds(transport, 301);
    await waitFor('rsyslog to have it all', () => received().length === 301, { describe: () => JSON.stringify(received()) });
    expect(received()).toEqual(upTo(301));
    expect(now.positions().get(transport)?.fault).toBeUndefined();
  });

  test('gets over udp what was made while it was not there', async () => {
    await rsyslog.kill();
    await add(writer, 1, 50);
    const now = start('udp');
    await waitFor('the failure to be told', () => now.positions().get('udp')?.fault?.code === 'forward-unreachable');
    await rsyslog.start();
    await now.holds('udp', 51);
    await waitFor('rsyslog to have it all', () => received().length === 51, { describe: () => JSON.stringify(received()) });
  });
});
