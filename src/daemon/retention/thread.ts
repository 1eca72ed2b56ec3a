import { parentPort, workerData } from 'node:worker_threads';
import { plainFault, revivedFault } from '../protocol.js';
import { finishDestroying } from './destroying.js';
import { type DestroyReport, destroy } from './engine.js';
import type { FromRetentionThread, RetentionThreadData, ToRetentionThread } from './thread-messages.js';

/**
 * Destroying beside the daemon's work: reading and writing whole segments would hold up the main thread for minutes. Only records, and what
 * ends a segment, go through the main thread, whose writer owns the chain. It may be killed at any point, as the process may.
 */
const { options, request } = workerData as RetentionThreadData;
const questions = new Map<number, { resolve: (answer: unknown) => void; reject: (error: unknown) => void }>();
let lastQuestion = 0;

parentPort?.on('message', ({ question, answer, fault }: ToRetentionThread) => {
  const waiting = questions.get(question);
  questions.delete(question);
  if (fault === undefined) waiting?.resolve(answer);
  else waiting?.reject(revivedFault(fault));
});

const now = () => new Date();
const roll = async () => {
  await ask({ kind: 'roll' });
};
const progress = (done: string) => say({ kind: 'progress', done });

run().then(
  (report) => end({ kind: 'ended', report }),
  (error: unknown) => end({ kind: 'failed', fault: plainFault(error) }),
);

async function run(): Promise<DestroyReport> {
  if (request === undefined) {
    const destroyed = await finishDestroying({ places: options.places, now, roll, progress });
    return { recorded: 0, destroyed, held: 0, retained: 0, underWay: [], unreadable: [] };
  }
  const chain = {
    holdsVersion: async () => (await ask({ kind: 'holds' })) as number,
    append: async (entries: Parameters<Parameters<typeof destroy>[1]['append']>[0], version: number) =>
      (await ask({ kind: 'append', entries, version })) as boolean,
    roll,
  };
  return destroy(options, chain, request, now, progress);
}

type Question = FromRetentionThread extends infer Each ? (Each extends { question: number } ? Omit<Each, 'question'> : never) : never;

function ask(question: Question): Promise<unknown> {
  return new Promise((resolve, reject) => {
    lastQuestion++;
    questions.set(lastQuestion, { resolve, reject });
    say({ ...question, question: lastQuestion });
  });
}

function end(message: FromRetentionThread): void {
  say(message);
  parentPort?.close();
}

function say(message: FromRetentionThread): void {
  parentPort?.postMessage(message);
}
