import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FramedProcess } from '../framed-process.js';
import { runDirectory } from '../temp.js';
import { parseAnswer } from './answer.js';
import { inParallel, type Verifier, type VerifierKeys } from './verifier.js';

const JARS = ['bcprov', 'bcutil', 'bcpkix', 'bcmail', 'javax.mail', 'javax.activation'].map((name) => `/usr/share/java/${name}.jar`);

/** BouncyCastle and JavaMail in one long-running Java process (SmimeCheck.java, compiled once per vitest run). */
export function bouncyCastleVerifier(keys: VerifierKeys): Verifier {
  const keyFiles = keys.recipients.flatMap(({ files }) => [files.certificate, files.privateKey]);
  // One compiler thread and no tiering up: a test run is short, and its other processes want the processors as well.
  const java = new FramedProcess('java', [
    '-XX:TieredStopAtLevel=1',
    '-XX:+UseSerialGC',
    '-Xmx1g',
    '-cp',
    [compiled(), ...JARS].join(':'),
    'SmimeCheck',
    keys.root.files.certificate,
    ...keyFiles,
  ]);
  const open = async (message: Buffer) => parseAnswer(await java.ask(message));
  return { name: 'BouncyCastle', open, openAll: (messages) => inParallel(messages, open, 4), close: () => java.close() };
}

function compiled(): string {
  const classes = join(runDirectory(), 'java');
  if (existsSync(classes)) return classes;
  // Test files run in processes of their own: the first to finish wins.
  const draft = mkdtempSync(join(runDirectory(), 'java-draft-'));
  const source = fileURLToPath(new URL('SmimeCheck.java', import.meta.url));
  execFileSync('javac', ['-d', draft, '-cp', JARS.join(':'), source], { stdio: 'pipe' });
  try {
    renameSync(draft, classes);
  } catch (error) {
    if (!existsSync(classes)) throw error;
    rmSync(draft, { recursive: true });
  }
  return classes;
}
