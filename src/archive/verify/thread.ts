import { parentPort, workerData } from 'node:worker_threads';
import { type CheckOptions, FileChecker, type FilesTask } from './check-files.js';
import { type SegmentTask, scanSegment } from './scan-segment.js';

/** A thread of in-threads.ts: does one task after the other, and says what came of it. */
const checker = new FileChecker(workerData as CheckOptions);

parentPort?.on('message', (task: SegmentTask | FilesTask) => {
  if (task.kind === 'files') {
    parentPort?.postMessage(checker.check(task));
    return;
  }
  const result = scanSegment(task);
  const { rows, notes } = result;
  parentPort?.postMessage(result, notes === undefined ? [rows.buffer] : [rows.buffer, notes.lines.buffer]);
});
