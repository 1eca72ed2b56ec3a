import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Finished } from '../kit/daemon.js';
import { testPki } from '../kit/pki.js';

/** Who writes and who is written to in the tests of the commands. */
export const pki = testPki();
export const steve = pki.issue({ address: 'steve@example.com' });
export const bob = pki.issue({ address: 'bob@example.net' });
export const carol = pki.issue({ address: 'carol@example.org' });

export const toBob = 'From: Steve <steve@example.com>\r\nTo: Bob <bob@example.net>\r\nSubject: one\r\n\r\ntext\r\n';
export const blindToCarol = toBob.replace('Subject', 'Bcc: carol@example.org\r\nSubject');

/** Commands must not see what the environment of the person who runs the tests says about servers. */
export const noServer: NodeJS.ProcessEnv = {
  SMTP_HOST: undefined,
  SMTP_PORT: undefined,
  SMTP_USER: undefined,
  SMTP_PASSWORD: undefined,
  SPARKPOST_HOST: undefined,
  SPARKPOST_API_KEY: undefined,
};

export function write(directory: string, name: string, bytes: Buffer | string): string {
  const path = join(directory, name);
  writeFileSync(path, bytes);
  return path;
}

/** Of a command that must succeed; its standard error is shown when it does not. */
export function succeeded(run: Finished): Finished {
  expect(run.status, run.stderr).toBe(0);
  return run;
}
