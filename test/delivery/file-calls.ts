import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One call on files that a daemon made, when it had returned: `fsync` of a descriptor with the path it was opened with. */
export interface FileCall {
  readonly call: 'fsync' | 'rename' | 'link' | 'unlink';
  readonly path: string;
  /** Of rename and link: the new name. */
  readonly to: string | undefined;
}

// Loaded before the program, in its worker threads too. It changes nothing but notes what is done, in the order in which it is done.
const PRELOAD = `
const fs = require('node:fs');
const paths = new Map();
const { appendFileSync, openSync, closeSync } = fs;
const note = (call, path, to) => appendFileSync(process.env.FILE_CALLS, JSON.stringify({ call, path: String(path), to }) + '\\n');
fs.openSync = (path, ...rest) => { const fd = openSync(path, ...rest); paths.set(fd, String(path)); return fd; };
for (const [name, call] of [['renameSync', 'rename'], ['linkSync', 'link'], ['unlinkSync', 'unlink']]) {
  const original = fs[name];
  fs[name] = (path, to) => { const result = original(path, to); note(call, path, typeof to === 'string' ? to : undefined); return result; };
}
for (const name of ['fsync', 'fdatasync']) {
  const later = fs[name];
  fs[name] = (fd, done) => later(fd, (error) => { if (!error) note('fsync', paths.get(fd)); done(error); });
  const now = fs[name + 'Sync'];
  fs[name + 'Sync'] = (fd) => { now(fd); note('fsync', paths.get(fd)); };
}
require('node:module').syncBuiltinESMExports();
`;

/** The environment in which a program notes its calls, and what it has noted. */
export function noteFileCalls(directory: string): { env: NodeJS.ProcessEnv; calls: () => FileCall[] } {
  const preload = join(directory, 'note-calls.cjs');
  const log = join(directory, 'calls.jsonl');
  writeFileSync(preload, PRELOAD);
  writeFileSync(log, '');
  const calls = () =>
    readFileSync(log, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as FileCall);
  return { env: { NODE_OPTIONS: `--require ${preload}`, FILE_CALLS: log }, calls };
}
