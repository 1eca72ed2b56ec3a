#!/usr/bin/env node
// Fsyncs wait in libuv's threads: with the default of four, no more than four overlap. Read when the first thread is needed, so it is set
// before anything is imported. Node.js 20 has started its threads by then; there the environment has to say it (deploy/systemd).
process.env.UV_THREADPOOL_SIZE ??= '64';
const { main } = await import('./cli/program.js');

process.exitCode = await main(process.argv.slice(2));
