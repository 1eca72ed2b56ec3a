import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { archiveChoice } from '../../src/cli/init-archive.js';
import { testPki } from '../kit/pki.js';

const { certificate } = testPki().issue({ address: 'compliance-rsa@example.com' }).files;
const now = new Date();

/** Answers line after line, and what was said meanwhile. */
async function asked(...answers: string[]) {
  const input = new PassThrough();
  const output = new PassThrough();
  let said = '';
  output.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (chunk.toString().endsWith('> ')) input.write(`${answers.shift() ?? ''}\n`);
  });
  return { choice: await archiveChoice({}, now, { input, output }), said: () => said };
}

test('on a terminal it is asked whether the archive is encrypted', async () => {
  expect((await asked(certificate)).choice).toEqual({ encryptTo: [certificate] });
  expect((await asked('plaintext')).choice).toEqual({ plaintext: true });
  expect((await asked('')).choice).toEqual({});
});

test('a certificate that cannot be used is told of, and asked for again', async () => {
  const { choice, said } = await asked('/nonexistent.crt', certificate);
  expect(said()).toContain('/nonexistent.crt: it is not there');
  expect(choice).toEqual({ encryptTo: [certificate] });
});

test('an option is not asked about', async () => {
  expect(await archiveChoice({ archivePlaintext: true }, now, undefined)).toEqual({ plaintext: true });
  expect(await archiveChoice({ archiveEncryptTo: [certificate] }, now, undefined)).toEqual({ encryptTo: [certificate] });
  expect(await archiveChoice({}, now, undefined)).toEqual({});
  await expect(archiveChoice({ archivePlaintext: true, archiveEncryptTo: [certificate] }, now, undefined)).rejects.toMatchObject({
    code: 'usage',
  });
});
