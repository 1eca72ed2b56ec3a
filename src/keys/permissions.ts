import { keyFault, shellWord } from './faults.js';
import type { KeyFile } from './key-file.js';

/**
 * Refuses a file with a secret in it that anyone but its owner can read or change, or that belongs to neither `uid` nor root.
 * An access control list counts too: its mask shows in the group bits (acl(5)).
 * Throws key-owner, key-permissions.
 */
export function requirePrivate(file: KeyFile, uid: number | undefined): void {
  if (uid === undefined) return;
  const word = shellWord(file.path);
  const ownByUs = `chown ${uid} ${word} && chmod 600 ${word}`;
  if (file.uid !== uid && file.uid !== 0) {
    throw keyFault(
      'key-owner',
      `${file.path} holds a secret and belongs to user ${file.uid}, who could read and change it`,
      `If its contents are to be trusted, run: ${ownByUs}`,
    );
  }
  if ((file.mode & 0o077) !== 0) {
    throw keyFault(
      'key-permissions',
      `${file.path} holds a secret and its mode is ${octal(file.mode)}: group or others can read or change it`,
      // For a file of root's, chmod alone would leave it unreadable for us.
      `Run: ${file.uid === uid ? `chmod 600 ${word}` : ownByUs}`,
    );
  }
}

/** Refuses a certificate that every user of the machine can replace: mail would be encrypted to whoever does. Throws certificate-permissions. */
export function requireNotWorldWritable(file: KeyFile): void {
  if ((file.mode & 0o002) === 0) return;
  throw keyFault(
    'certificate-permissions',
    `${file.path} has mode ${octal(file.mode)}: every user can replace this certificate`,
    `Check that it is the right certificate, then run: chmod 644 ${shellWord(file.path)}`,
  );
}

/** A mode as chmod takes it. */
export function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}
