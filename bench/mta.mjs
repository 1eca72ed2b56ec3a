// @ts-check
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { atEnd, endsWithUs } from './at-end.mjs';

/** A server that ends with the benchmark. @typedef {{ name: string, port: number }} Server */

/**
 * smtp-sink(1): takes mail and throws it away. What is left is what SMTP itself costs.
 * @returns {Promise<Server>}
 */
export async function startSink() {
  const port = await freePort();
  // As root it wants to know whom to become.
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  endsWithUs(spawn('/usr/sbin/smtp-sink', [...user, `127.0.0.1:${port}`, '1000'], { stdio: 'ignore' }));
  await listening(port);
  return { name: 'SMTP into smtp-sink', port };
}

/**
 * A Postfix of our own on loopback that writes each mail durably into its queue, as it does with any, and then discards it. It needs root.
 * @param {string} disk directory on the disk to be measured
 * @returns {Promise<Server>}
 */
export async function startPostfix(disk) {
  const port = await freePort();
  const directory = mkdtempSync(join(disk, 'postfix-'));
  chmodSync(directory, 0o711);
  const at = (/** @type {string} */ name) => join(directory, name);
  for (const name of ['conf', 'queue', 'data']) mkdirSync(at(name));
  chownSync(at('data'), Number(execFileSync('id', ['-u', 'postfix'])), 0);
  writeFileSync(at('conf/main.cf'), mainCf(directory));
  writeFileSync(at('conf/master.cf'), masterCf(port));
  const postfix = (/** @type {string} */ command) =>
    execFileSync('postfix', ['-c', at('conf'), command], {
      stdio: 'pipe',
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    });
  atEnd(() => {
    if (existsSync(at('queue/pid/master.pid'))) postfix('stop');
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  });
  postfix('start');
  await listening(port);
  return { name: 'SMTP into Postfix', port };
}

/**
 * A stand-in for SparkPost's Transmissions API in a thread of its own: reads the request, takes its JSON apart, and throws the mail away.
 * @returns {Promise<Server>}
 */
export async function startApi() {
  const worker = new Worker(new URL(import.meta.url), { workerData: 'api' });
  const [port] = await once(worker, 'message');
  return { name: 'SparkPost API (stub)', port };
}

if (!isMainThread && workerData === 'api') {
  const server = createHttpServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { recipients, content } = JSON.parse(Buffer.concat(chunks).toString());
    if (typeof content.email_rfc822 !== 'string') throw new Error('no message');
    const results = { total_accepted_recipients: recipients.length, total_rejected_recipients: 0, id: '11668787484950529' };
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ results }));
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    parentPort?.postMessage(typeof address === 'object' ? address?.port : undefined);
  });
}

/** @param {string} directory */
function mainCf(directory) {
  return [
    'compatibility_level = 3.7',
    `queue_directory = ${directory}/queue`,
    `data_directory = ${directory}/data`,
    'daemon_directory = /usr/lib/postfix/sbin',
    'command_directory = /usr/sbin',
    'mail_owner = postfix',
    'setgid_group = postdrop',
    `maillog_file = ${directory}/log`,
    `maillog_file_prefixes = ${directory}`,
    'inet_interfaces = 127.0.0.1',
    'inet_protocols = ipv4',
    'myhostname = relay.example.org',
    'mydestination =',
    'mynetworks = 127.0.0.0/8',
    'alias_maps =',
    'smtpd_client_connection_count_limit = 0',
    'default_transport = discard',
    'relay_transport = discard',
    '',
  ].join('\n');
}

/** @param {number} port */
function masterCf(port) {
  return [
    `127.0.0.1:${port} inet n - n - - smtpd`,
    'cleanup unix n - n - 0 cleanup',
    'qmgr unix n - n 300 1 qmgr',
    'rewrite unix - - n - - trivial-rewrite',
    'bounce unix - - n - 0 bounce',
    'defer unix - - n - 0 bounce',
    'trace unix - - n - 0 bounce',
    'error unix - - n - - error',
    'retry unix - - n - - error',
    'discard unix - - n - - discard',
    'proxymap unix - - n - - proxymap',
    'anvil unix - - n - 1 anvil',
    'postlog unix-dgram n - n - 1 postlogd',
    '',
  ].join('\n');
}

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** @param {number} port */
async function listening(port) {
  for (let tries = 0; tries < 200; tries++) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await pause(50);
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`nothing listens on port ${port}`);
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
