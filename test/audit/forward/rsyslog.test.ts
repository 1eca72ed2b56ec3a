import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { anchorSource } from '../../../src/audit/anchor/anchor-source.js';
import { compareWithAnchor } from '../../../src/audit/anchor/compare.js';
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
  // Over UDP no more than a receiver's buffer takes at once: on a busy machine the rest may be lost, as UDP may.
  test.each([
    ['tls', 300],
    ['tcp', 300],
    ['udp', 50],
  ] as const)('gets every record once and in order over %s', async (transport, count) => {
    await add(writer, 1, count);
    const { holds } = start(transport);
    await holds(transport, count + 1);
    await waitFor('rsyslog to write it all', () => seqsIn(rsyslog.text).length >= count + 1, { describe: () => rsyslog.log });
    expect(seqsIn(rsyslog.text)).toEqual(upTo(count + 1));
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

  test.each(['RSYSLOG_SyslogProtocol23Format', 'RSYSLOG_FileFormat', 'RSYSLOG_TraditionalFileFormat'] as const)(
    'writes what is an anchor, in the form %s',
    async (form) => {
      await rsyslog.stop();
      rsyslog = await Rsyslog.start({ tls: server, form });
      await add(writer, 1, 30);
      await start('tls').holds('tls', 31);
      await waitFor('rsyslog to write it all', () => seqsIn(rsyslog.text).length >= 31, { describe: () => rsyslog.log });
      expect(await compareWithAnchor(join(directory, 'audit'), anchorSource(rsyslog.file))).toMatchObject({
        matched: 31,
        upTo: 31,
        findings: [],
      });
    },
  );

  test('is told nothing by whoever has no certificate, if it asks for one', async () => {
    const client = makeCertificate();
    await rsyslog.stop();
    rsyslog = await Rsyslog.start({ tls: { ...server, clients: client.cert } });
    await add(writer, 1, 5);
    const stranger = start('tls');
    await waitFor('the failure to be told', () => stranger.positions().get('tls')?.fault !== undefined);
    await stranger.forwarder.stop(100);
    expect(rsyslog.text).toBe('');
    const readTls = () => ({ ca: server.cert, client: { certificate: client.cert, key: client.key.toString() } });
    running = startForwarder(directory, writer, [target('tls')], { readTls });
    await running.holds('tls', 6);
    await waitFor('rsyslog to write it all', () => seqsIn(rsyslog.text).length >= 6, { describe: () => rsyslog.log });
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
