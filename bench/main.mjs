// @ts-check
// npm run bench [-- --messages N] [--size BYTES] [--backlog N] [--idle SECONDS] [--large MB,MB] [--dir DIR]
//   Durable throughput of `sealdrop run --once` on a filled outbox, as a ratio to its floors measured in the same run; what a backlog
//   costs at start; what an idle daemon costs; what a large message costs in memory. 0 leaves one out.
// npm run bench -- --seal-only [--size BYTES] | --latency [--seconds N] | --checkpoints | --growth [--files N,N] | --quick [--check FILE | --record FILE]
//   One of these alone: sealing in memory; drop to pickup at three loads; what checkpoints cost the audit; up to a million files waiting; the ratios, in less than a minute.
// npm run bench -- --archive-forms [--messages N] [--size BYTES]
//   What encryption, compression, a second location and kept copies cost, compared in one run.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { archiveForms } from './archive-forms.mjs';
import { checkpoints } from './checkpoints.mjs';
import { benchDisk } from './disk.mjs';
import { growth, waiting } from './growth.mjs';
import { idle } from './idle.mjs';
import { large } from './large.mjs';
import { latency } from './latency.mjs';
import { checkQuick, quick, recordQuick } from './quick.mjs';
import { sealOnly } from './sealing.mjs';
import { throughput } from './throughput.mjs';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '12000' },
    size: { type: 'string', default: '20000' },
    backlog: { type: 'string', default: '100000' },
    idle: { type: 'string', default: '10' },
    large: { type: 'string', default: '25,100' },
    dir: { type: 'string' },
    'seal-only': { type: 'boolean' },
    'archive-forms': { type: 'boolean' },
    latency: { type: 'boolean' },
    checkpoints: { type: 'boolean' },
    seconds: { type: 'string', default: '20' },
    growth: { type: 'boolean' },
    files: { type: 'string', default: '1000,10000,100000,1000000' },
    quick: { type: 'boolean' },
    check: { type: 'string' },
    record: { type: 'string' },
  },
});

console.log(`Node.js ${process.versions.node}, ${availableParallelism()} cores`);
if (values.growth) await growth(values.dir, values.files.split(',').map(Number));
else if (values.check !== undefined) process.exitCode = (await checkQuick(values.dir, values.check)) ? 0 : 1;
else if (values.record !== undefined) await recordQuick(values.dir, values.record);
else if (values.quick) await quick(values.dir);
else await onOneDisk();

async function onOneDisk() {
  const disk = benchDisk(values.dir);
  console.log(`on ${disk.kind}`);
  try {
    if (values['seal-only']) await sealOnly(disk, Number(values.size));
    else if (values.checkpoints) await checkpoints(disk);
    else if (values['archive-forms']) await archiveForms(disk, Number(values.messages), Number(values.size));
    else if (values.latency) await latency(disk, Number(values.seconds));
    else await usual(disk);
  } finally {
    disk.remove();
  }
}

/** @param {{ path: string }} disk */
async function usual(disk) {
  if (Number(values.messages) > 0) await throughput(disk, Number(values.messages), Number(values.size));
  if (Number(values.backlog) > 0) await waiting(disk, Number(values.backlog));
  if (Number(values.idle) > 0) await idle(disk, Number(values.idle));
  for (const megabytes of values.large.split(',').map(Number)) if (megabytes > 0) await large(disk, megabytes);
}
