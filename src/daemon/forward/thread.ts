import { parentPort, workerData } from 'node:worker_threads';
import { Forwarder } from '../../audit/forward/forwarder.js';
import type { ForwardData, FromForwarder, ToForwarder } from './messages.js';
import { readTls } from './tls.js';

const port = parentPort;
if (port === null) throw new Error('This file is run as a worker thread.');
const say = (message: FromForwarder) => port.postMessage(message);

const { end, ...options } = workerData as ForwardData;
const forwarder = new Forwarder({
  ...options,
  readTls,
  now: () => new Date(),
  onPositions: (positions) => say({ kind: 'positions', positions: [...positions] }),
});
forwarder.start(end);

port.on('message', (message: ToForwarder) => {
  if (message.kind === 'end') forwarder.reached(message.end);
  else void forwarder.stop(message.longestMs).then(() => say({ kind: 'stopped' }));
});
