import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeTemp } from '../../kit/temp.js';
import { issue } from '../writing-kit.js';

// A thread that waits for a lock which it holds itself ends in no test's time: hence a process of its own, which is killed. Memory for young
// objects is small there, so that garbage is collected all the time; with keys of generateKeyPairSync, Node.js 20 hangs in most runs.
it.each(['p-256', 'x25519'] as const)('thousands of %s key agreements end while garbage is being collected', (key) => {
  const certificate = join(makeTemp('collected'), 'certificate.der');
  writeFileSync(certificate, issue(key, 'bob@example.net').certificate);
  const dist = new URL('../../../dist/smime/', import.meta.url);
  const code = `
    import { readFileSync } from 'node:fs';
    import { prepareRecipient } from '${new URL('recipient.js', dist)}';
    import { keyAgreeRecipientInfo } from '${new URL('cms/key-agreement.js', dist)}';
    const { key } = prepareRecipient(readFileSync('${certificate}'));
    for (let count = 0; count < 40_000; count++) keyAgreeRecipientInfo(key, Buffer.alloc(32));
    console.log('ended');
  `;
  const run = spawnSync(process.execPath, ['--max-semi-space-size=1', '--input-type=module', '-e', code], {
    encoding: 'utf8',
    timeout: 50_000,
    killSignal: 'SIGKILL',
  });
  expect(run.stdout).toBe('ended\n');
});
