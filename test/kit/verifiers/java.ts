import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FramedProcess } from '../framed-process.js';
import { runDirectory } from '../temp.js';

const JARS = ['bcprov', 'bcutil', 'bcpkix', 'bcmail', 'javax.mail', 'javax.activation'].map((name) => `/usr/share/java/${name}.jar`);

/** A long-running Java program with BouncyCastle and JavaMail, compiled once per vitest run from one source file. */
export function startJava(source: URL, args: readonly string[] = []): FramedProcess {
  const file = fileURLToPath(source);
  const program = basename(file, '.java');
  // One compiler thread and no tiering up: a test run is short, and its other processes want the processors as well.
  const economy = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx1g'];
  return new FramedProcess('java', [...economy, '-cp', [compiled(file, program), ...JARS].join(':'), program, ...args]);
}

function compiled(source: string, program: string): string {
  const classes = join(runDirectory(), `java-${program}`);
  if (existsSync(classes)) return classes;
  // Test files run in processes of their own: the first to finish wins.
  const draft = mkdtempSync(join(runDirectory(), 'java-draft-'));
  execFileSync('javac', ['-d', draft, '-cp', JARS.join(':'), source], { stdio: 'pipe' });
  try {
    renameSync(draft, classes);
  } catch (error) {
    if (!existsSync(classes)) throw error;
    rmSync(draft, { recursive: true });
  }
  return classes;
}
