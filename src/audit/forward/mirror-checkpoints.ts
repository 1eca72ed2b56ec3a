import { constants } from 'node:fs';
import { copyFile, link, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { diskFault, errnoOf } from '../../disk/faults.js';

/**
 * Copies files of `checkpoints/` that the second location does not have yet, when called; a file that is there is never replaced. Each becomes
 * visible whole: killed in between, a dot-file is left, which the next call replaces.
 */
export function mirrorCheckpoints(source: string, directory: string): () => Promise<void> {
  const from = `${source}/checkpoints`;
  const to = `${directory}/checkpoints`;
  let lookedMs: number | undefined;
  return async () => {
    try {
      const { mtimeMs } = await stat(from);
      if (mtimeMs === lookedMs) return;
      await mkdir(to, { recursive: true, mode: 0o750 });
      const there = new Set(await readdir(to));
      for (const name of await readdir(from)) if (!name.startsWith('.') && !there.has(name)) await copyWhole(from, to, name);
      // Also of those that an earlier look has left there: it may have failed, or been killed, before this.
      await sync(to);
      lookedMs = mtimeMs;
    } catch (error) {
      // None are made here, or one was replaced by a later version of itself meanwhile: the next look finds it.
      if (errnoOf(error) !== 'ENOENT') throw diskFault(error, 'copy checkpoints to', to);
    }
  };
}

async function copyWhole(from: string, to: string, name: string): Promise<void> {
  const temporary = `${to}/.${name}.tmp`;
  await rm(temporary, { force: true });
  await copyFile(`${from}/${name}`, temporary, constants.COPYFILE_EXCL);
  await sync(temporary);
  await link(temporary, `${to}/${name}`);
  await rm(temporary, { force: true });
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
