import { closeSync, constants, openSync, readFileSync } from 'node:fs';

export interface Mount {
  readonly id: number;
  /** The mount point, as this process sees it. */
  readonly point: string;
  readonly fileSystem: string;
}

/**
 * The mount that `path` is on in this process's own mount namespace: its id as the kernel holds it for an open descriptor
 * (proc(5), fdinfo), the rest from mountinfo. Undefined where the kernel does not tell (no /proc, not Linux).
 */
export function mountOf(path: string): Mount | undefined {
  const id = mountIdOf(path);
  if (id === undefined) return undefined;
  return parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8')).find((mount) => mount.id === id);
}

/** Lines of /proc/self/mountinfo; blanks in a mount point are octal escapes there (proc(5)). */
export function parseMountInfo(text: string): Mount[] {
  return text
    .split('\n')
    .filter((line) => line.includes(' - '))
    .map((line) => {
      const [fixed = '', tail = ''] = line.split(' - ');
      const fields = fixed.split(' ');
      const point = (fields[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
      return { id: Number(fields[0]), point, fileSystem: tail.split(' ')[0] ?? '' };
    });
}

function mountIdOf(path: string): number | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    const id = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
    return id === undefined ? undefined : Number(id);
  } catch {
    return undefined; // The rename itself is the proof; ids only tell more about a failure.
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
