import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SealdropError } from '../errors.js';

export interface SecretSources {
  /** A file that holds the secret and nothing else. */
  readonly file?: string | undefined;
  /** systemd's $CREDENTIALS_DIRECTORY (systemd.exec(5)). */
  readonly credentialsDirectory?: string | undefined;
}

const MAXIMUM_BYTES = 4096;
const MAXIMUM_KEY_BYTES = 65_536;

/**
 * The secret called `name`: from its file if one is named, else from systemd's credentials; undefined when neither has it. One
 * line end at the end is not part of it. Throws SealdropError (fatal): secret-unreadable, secret-permissions, secret-invalid.
 */
export function readSecret(name: string, { file, credentialsDirectory }: SecretSources): string | undefined {
  if (file !== undefined) return readSecretFile(file, { mustExist: true, checkMode: true });
  // systemd itself keeps credentials from others, by mount and ACL; the mode's group bits there are the ACL's mask.
  if (credentialsDirectory) return readSecretFile(join(credentialsDirectory, name), { mustExist: false, checkMode: false });
  return undefined;
}

/** The text of a private key's file, guarded as a secret is. Throws as `readSecret` does. */
export function readKeyFile(file: string): string {
  return readGuarded(file, { mustExist: true, checkMode: true, maximumBytes: MAXIMUM_KEY_BYTES }) ?? '';
}

function readSecretFile(file: string, guards: { mustExist: boolean; checkMode: boolean }): string | undefined {
  const text = readGuarded(file, { ...guards, maximumBytes: MAXIMUM_BYTES });
  return text === undefined ? undefined : secretIn(file, text);
}

interface Guards {
  readonly mustExist: boolean;
  readonly checkMode: boolean;
  readonly maximumBytes: number;
}

function readGuarded(file: string, { mustExist, checkMode, maximumBytes }: Guards): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (!mustExist && isMissing(error)) return undefined;
    throw unreadable(file, error);
  }
  try {
    // Asked of the open file, so that what is checked is what is read.
    const { mode, size } = fstatSync(descriptor);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw invalid(file, 'is not a regular file');
    if (checkMode && (mode & 0o077) !== 0) throw permissive(file, mode);
    if (size > maximumBytes) throw invalid(file, 'is too long for a secret');
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

function secretIn(file: string, text: string): string {
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') throw invalid(file, 'is empty');
  if (/[\x00-\x1f\x7f\u{fffd}]/u.test(secret)) throw invalid(file, 'holds more than one line, control characters, or is not UTF-8');
  return secret;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function unreadable(file: string, cause: unknown): SealdropError {
  const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'error';
  return new SealdropError('secret-unreadable', `The secret in ${file} cannot be read (${reason}).`, {
    disposition: 'fatal',
    cure: `Make ${file} exist and readable for the user sealdrop runs as.`,
    cause,
  });
}

function permissive(file: string, mode: number): SealdropError {
  return new SealdropError(
    'secret-permissions',
    `The secret in ${file} can be read by others (mode ${(mode & 0o7777).toString(8).padStart(4, '0')}).`,
    {
      disposition: 'fatal',
      cure: `Run "chmod 600 ${file}", and change the secret if others may have read it.`,
    },
  );
}

function invalid(file: string, problem: string): SealdropError {
  return new SealdropError('secret-invalid', `The file ${file} ${problem}.`, {
    disposition: 'fatal',
    cure: `Put the secret alone, on one line, into ${file}.`,
  });
}
