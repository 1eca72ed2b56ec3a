import { closeSync, existsSync, linkSync, lstatSync, mkdirSync, openSync, readdirSync, readSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { removeIfThere, rename, syncDirectory } from '../disk/durable.js';
import { diskFault, errnoOf } from '../disk/faults.js';
import { SealdropError } from '../errors.js';

/** What an export's manifest.json begins with; by it a directory is known that an export may replace. */
export const exportMark = '"sealdrop":"export"';

/**
 * Where an export is made: a directory of its own beside the place where it will be, of mode 0700, until it is complete. Killed in between,
 * that directory is left, and the next export to the same place removes it; under the final name there is all of an export or nothing.
 */
export class ExportOutput {
  /** Absolute, as all paths here. */
  readonly path: string;
  readonly work: string;
  private readonly force: boolean;

  /** Throws `export-there` if something is at `path` that may not be replaced. */
  constructor(path: string, options: { force: boolean; beside?: string | undefined }) {
    this.path = resolve(path);
    this.force = options.force;
    this.refuseTaken([this.path, ...(options.beside === undefined ? [] : [resolve(options.beside)])]);
    const parent = dirname(this.path);
    removeAbandoned(parent, workPrefix(this.path));
    this.work = join(parent, `${workPrefix(this.path)}${process.pid}`);
    try {
      mkdirSync(this.work, { mode: 0o700 });
    } catch (error) {
      throw diskFault(error, 'make', this.work);
    }
  }

  inWork(name: string): string {
    return join(this.work, name);
  }

  /**
   * Gives what was made in the work directory its names; the last of them says that all is there. Between two renames a kill leaves the first,
   * and the next run needs --force.
   */
  publish(made: readonly { readonly name: string; readonly to: string }[]): void {
    this.refuseTaken(made.map(({ to }) => to));
    for (const { name, to } of made) this.put(this.inWork(name), to);
    syncDirectory(dirname(this.path));
    rmSync(this.work, { recursive: true, force: true });
  }

  discard(): void {
    rmSync(this.work, { recursive: true, force: true });
  }

  private put(from: string, to: string): void {
    const isFolder = isDirectory(from);
    if (this.force) {
      // A directory cannot be renamed over a full one: the old one goes into the work directory, and with it.
      if (isFolder && existsSync(to)) rename(to, this.inWork('replaced'));
      rename(from, to);
      return;
    }
    // A rename would replace a file that came meanwhile; a link does not. Disks without hard links (FAT, many network mounts) have the look before.
    if (isFolder || !linkedTo(from, to)) rename(from, to);
  }

  private refuseTaken(paths: readonly string[]): void {
    for (const path of paths) {
      if (!existsSync(path) || (this.force && !isDirectory(path))) continue;
      if (this.force && isExport(path)) continue;
      throw alreadyThere(
        path,
        this.force
          ? 'It is a directory that no export made, so --force does not replace it: name another place.'
          : 'Name another place, or replace it with --force.',
      );
    }
  }
}

function alreadyThere(path: string, cure: string): SealdropError {
  return new SealdropError('export-there', `${path} is there already`, { disposition: 'fatal', cure });
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function linkedTo(from: string, to: string): boolean {
  try {
    linkSync(from, to);
  } catch (error) {
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errnoOf(error) ?? '')) return false;
    throw errnoOf(error) === 'EEXIST' ? alreadyThere(to, 'Name another place.') : diskFault(error, 'make', to);
  }
  removeIfThere(from);
  return true;
}

/** A directory of an earlier export: its manifest says so, in it or beside it. */
function isExport(path: string): boolean {
  return [join(path, 'manifest.json'), `${path}.manifest.json`].some((manifest) => beginningOf(manifest).includes(exportMark));
}

function beginningOf(path: string): string {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const piece = Buffer.alloc(100);
    return piece.toString('utf8', 0, readSync(descriptor, piece));
  } catch {
    return '';
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function workPrefix(path: string): string {
  return `.${basename(path)}.${hostname().replace(/[^\w-]/g, '_')}.partial-`;
}

/** What killed exports to the same place left, made on this host by processes that are no more. */
function removeAbandoned(parent: string, prefix: string): void {
  let names: string[];
  try {
    names = readdirSync(parent);
  } catch (error) {
    throw diskFault(error, 'list', parent);
  }
  for (const name of names) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : Number.NaN;
    if (Number.isInteger(pid) && pid > 0 && (pid === process.pid || !isAlive(pid)) && isOurs(join(parent, name)))
      rmSync(join(parent, name), { recursive: true, force: true });
  }
}

/** In a directory such as /tmp, a stranger's may change into a link to elsewhere while it is removed. */
function isOurs(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === process.geteuid?.();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ESRCH';
  }
}
