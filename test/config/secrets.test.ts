import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSecret } from '../../src/config/secrets.js';
import { errorOf, temporaryDirectory, temporaryFile } from './write.js';

describe('readSecret', () => {
  it.each([
    ['hunter2', 'hunter2'],
    ['hunter2\n', 'hunter2'],
    ['hunter2\r\n', 'hunter2'],
    [' with blanks ', ' with blanks '],
    ['p\u{e4}ss', 'p\u{e4}ss'],
  ])('reads %j as %j', (content, expected) => {
    expect(readSecret('smtp-password', { file: temporaryFile('secret', content) })).toBe(expected);
  });

  it.each(['0640', '0604', '0622', '0660'])('refuses a file with mode %s and says which chmod to run', (mode) => {
    const file = temporaryFile('secret', 'hunter2');
    chmodSync(file, Number.parseInt(mode, 8));
    const error = errorOf(() => readSecret('smtp-password', { file }));
    expect(error).toMatchObject({ code: 'secret-permissions', disposition: 'fatal' });
    expect(error.cure).toContain(`chmod 600 ${file}`);
    expect(error.message).toContain(`mode ${mode}`);
  });

  it('judges the file a symbolic link leads to', () => {
    const file = temporaryFile('secret', 'hunter2');
    const link = join(temporaryDirectory(), 'link');
    symlinkSync(file, link);
    expect(readSecret('smtp-password', { file: link })).toBe('hunter2');
    chmodSync(file, 0o644);
    expect(errorOf(() => readSecret('smtp-password', { file: link })).code).toBe('secret-permissions');
  });

  it.each([
    ['empty', ''],
    ['only a line end', '\n'],
    ['two lines', 'one\ntwo\n'],
    ['a NUL', 'a\0b'],
    ['not UTF-8', Buffer.from([0xff, 0xfe])],
    ['very long', 'x'.repeat(5000)],
  ])('refuses a file that is %s, without repeating it', (_, content) => {
    const error = errorOf(() => readSecret('smtp-password', { file: temporaryFile('secret', content) }));
    expect(error.code).toBe('secret-invalid');
    expect(error.message).not.toContain('two');
  });

  it('refuses a directory, and a file that does not exist', () => {
    const directory = temporaryDirectory();
    expect(errorOf(() => readSecret('smtp-password', { file: directory })).code).toBe('secret-invalid');
    expect(errorOf(() => readSecret('smtp-password', { file: join(directory, 'none') }))).toMatchObject({
      code: 'secret-unreadable',
      message: expect.stringContaining('ENOENT'),
    });
  });

  it("reads systemd's credential, whose group bits mean nothing, when no file is named", () => {
    const credentialsDirectory = temporaryDirectory();
    writeFileSync(join(credentialsDirectory, 'smtp-password'), 'from systemd\n', { mode: 0o440 });
    expect(readSecret('smtp-password', { credentialsDirectory })).toBe('from systemd');
    expect(readSecret('smtp-password', { file: temporaryFile('secret', 'from file'), credentialsDirectory })).toBe('from file');
  });

  it('finds nothing where nothing is', () => {
    expect(readSecret('smtp-password', { credentialsDirectory: temporaryDirectory() })).toBeUndefined();
    expect(readSecret('smtp-password', {})).toBeUndefined();
  });

  it('does not take a credential that cannot be read for one that is not there', () => {
    const credentialsDirectory = temporaryDirectory();
    mkdirSync(join(credentialsDirectory, 'smtp-password'));
    expect(errorOf(() => readSecret('smtp-password', { credentialsDirectory })).code).toBe('secret-invalid');
  });
});
