import { createHash } from 'node:crypto';
import { closeSync, openSync, truncateSync, unlinkSync, writeSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { sealedFile } from '../../../src/spool/sealed-file.js';
import { makeTemp, removeTemp } from '../../kit/temp.js';
import { copyTo, deliveryTo, listen, startSink } from '../servers.js';
import { rejectionOf } from '../thrown.js';

const MB = 1_000_000;
const directory = makeTemp('large');
afterAll(() => removeTemp(directory));

/** A message with dots where lines begin, at every distance from the places where pieces end. */
function writeMessage(name: string, sizeBytes: number): { path: string; sizeBytes: number; sha256: string } {
  const path = join(directory, name);
  const hash = createHash('sha256');
  const descriptor = openSync(path, 'w');
  let written = 0;
  const put = (text: string) => {
    hash.update(text, 'latin1');
    written += writeSync(descriptor, text, null, 'latin1');
  };
  put('From: alice@example.com\r\nSubject: large\r\n\r\n');
  const lines = ['.', '..', '...', '.x', 'x.', '', `${'y'.repeat(997)}.`, `.${'z'.repeat(61)}`];
  const block = Array.from({ length: 2003 }, (_, n) => `${lines[n % lines.length]}\r\n`).join('');
  while (written < sizeBytes) put(block);
  closeSync(descriptor);
  return { path, sizeBytes: written, sha256: hash.digest('hex') };
}

interface HashingSink {
  readonly port: number;
  readonly messages: { sizeBytes: number; sha256: string }[];
}

/** A server that keeps nothing of the content but its hash, dots undone, and reads no faster than `pauseMs` a chunk lets it. */
async function startHashingSink(pauseMs = 0): Promise<HashingSink> {
  const messages: HashingSink['messages'] = [];
  const server = createServer((socket) => converse(socket, messages, pauseMs));
  return { port: await listen(server), messages };
}

function converse(socket: Socket, messages: HashingSink['messages'], pauseMs: number): void {
  let hash = createHash('sha256');
  let sizeBytes = 0;
  let inContent = false;
  let held = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    if (pauseMs > 0) {
      socket.pause();
      setTimeout(() => socket.resume(), pauseMs);
    }
    for (let end = held.indexOf('\r\n'); end !== -1; end = held.indexOf('\r\n')) {
      const line = held.subarray(0, end + 2);
      held = held.subarray(end + 2);
      if (!inContent) {
        inContent = line.toString('latin1') === 'DATA\r\n';
        socket.write(inContent ? '354 go on\r\n' : '250 Ok\r\n');
      } else if (line.length === 3 && line[0] === 0x2e) {
        messages.push({ sizeBytes, sha256: hash.digest('hex') });
        hash = createHash('sha256');
        sizeBytes = 0;
        inContent = false;
        socket.write('250 Ok\r\n');
      } else {
        const content = line[0] === 0x2e ? line.subarray(1) : line;
        hash.update(content);
        sizeBytes += content.length;
      }
    }
  });
  socket.write('220 mx.example.net\r\n');
}

test('25 MB arrive octet for octet, dots and all', async () => {
  const { path, sizeBytes, sha256 } = writeMessage('25.eml', 25 * MB);
  const sink = await startHashingSink();
  const { recipients } = await deliveryTo(sink.port).send({ ...copyTo('a@example.net'), message: sealedFile(path, sizeBytes) });
  expect(recipients).toMatchObject([{ status: 'accepted' }]);
  expect(sink.messages).toEqual([{ sizeBytes, sha256 }]);
});

test('another server of SMTP reads the same octets', async () => {
  const { path, sizeBytes, sha256 } = writeMessage('3.eml', 3 * MB);
  const sink = await startSink();
  await deliveryTo(sink.port).send({ ...copyTo('a@example.net'), message: sealedFile(path, sizeBytes) });
  expect(
    createHash('sha256')
      .update(sink.received[0]?.message ?? '')
      .digest('hex'),
  ).toBe(sha256);
});

test('four messages of 50 MB at a time, to a server slower than the disk, take no memory worth speaking of', async () => {
  const { path, sizeBytes, sha256 } = writeMessage('50.eml', 50 * MB);
  const sink = await startHashingSink(1);
  const delivery = deliveryTo(sink.port, { connections: 4, timeouts: { replyMs: 60_000 } });
  const before = process.memoryUsage().rss;
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 5);
  const copies = Array.from({ length: 4 }, () => delivery.send({ ...copyTo('a@example.net'), message: sealedFile(path, sizeBytes) }));
  await Promise.all(copies);
  clearInterval(watch);
  expect(sink.messages).toEqual(Array(4).fill({ sizeBytes, sha256 }));
  expect((most - before) / MB).toBeLessThan(100);
});

test('a file that shrinks while it is sent is never finished: the server gets no final dot', async () => {
  const { path, sizeBytes } = writeMessage('shrinks.eml', 20 * MB);
  const sink = await startHashingSink(2);
  const sent = deliveryTo(sink.port).send({ ...copyTo('a@example.net'), message: sealedFile(path, sizeBytes) });
  // It has been looked through by then, and the server has not read it all.
  setTimeout(() => truncateSync(path, 10 * MB), 250);
  expect(await rejectionOf(sent)).toMatchObject({ code: 'sealed-copy-changed', disposition: 'quarantine' });
  expect(sink.messages).toEqual([]);
});

test('a file that is not there makes mail wait, and no connection is opened', async () => {
  const { path, sizeBytes } = writeMessage('gone.eml', 1000);
  unlinkSync(path);
  const sink = await startSink();
  const error = await rejectionOf(deliveryTo(sink.port).send({ ...copyTo('a@example.net'), message: sealedFile(path, sizeBytes) }));
  expect(error.disposition).toBe('wait');
  expect(sink.sessions.opened).toBe(0);
});
