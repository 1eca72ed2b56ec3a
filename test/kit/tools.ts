import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { describe } from 'vitest';

/** Programs as named in scripts/test-tools.list, sets of them, and `root`: being root on Linux. */
export type Tool =
  | 'openssl'
  | 'gpgsm'
  | 'nss'
  | 'certtool'
  | 'bouncycastle'
  | 'python3'
  | 'm2crypto'
  | 'pyca'
  | 'setfacl'
  | 'setcap'
  | 'flock'
  | 'postfix'
  | 'opendkim'
  | 'exim'
  | 'rsyslog'
  | 'unzip'
  | 'chromium'
  | 'pdftotext'
  | 'root';

/** Tools that are more than one entry of the list. */
const ENTRIES: Partial<Record<Tool, readonly string[]>> = {
  rsyslog: ['rsyslog', 'rsyslogtls'],
  nss: ['cmsutil'],
  bouncycastle: ['javac', 'bcprov', 'bcutil', 'bcpkix', 'bcmail', 'javamail'],
};

/** `describe` whose tests need the given tools. Without them each test is reported as skipped, and the title says what is missing. */
export function describeWith(tools: readonly Tool[], title: string, body: () => void): void {
  const missing = missingTools(tools);
  if (missing.length === 0) describe(title, body);
  else describe.skip(`${title} ${reason(missing)}`, body);
}

/** Those of `tools` this machine lacks, by name. */
export function missingTools(tools: readonly Tool[]): string[] {
  return tools.flatMap((tool) => {
    if (tool === 'root') return process.platform === 'linux' && process.getuid?.() === 0 ? [] : ['root'];
    return (ENTRIES[tool] ?? [tool]).filter((entry) => !isPresent(probeOf(entry)));
  });
}

function reason(missing: readonly string[]): string {
  return `[skipped, missing: ${missing.join(', ')}]`;
}

/** What scripts/test-tools.list looks for: a command's name or an absolute path. */
export function probeOf(entry: string): string {
  const probe = probes().get(entry);
  if (probe === undefined) throw new Error(`scripts/test-tools.list has no entry "${entry}"`);
  return probe;
}

function probes(): ReadonlyMap<string, string> {
  cachedProbes ??= new Map(
    readFileSync(new URL('../../scripts/test-tools.list', import.meta.url), 'utf8')
      .split('\n')
      .filter((line) => /^[a-z]/.test(line))
      .map((line): [string, string] => {
        const [name = '', probe = ''] = line.split(/\s+/);
        return [name, probe];
      }),
  );
  return cachedProbes;
}
let cachedProbes: ReadonlyMap<string, string> | undefined;

function isPresent(probe: string): boolean {
  if (isAbsolute(probe)) return existsSync(probe);
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, probe), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
