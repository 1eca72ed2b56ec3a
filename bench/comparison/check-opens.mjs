// @ts-check
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { mail } from '../site.mjs';

const maxBuffer = 2 ** 30;

/**
 * Throws unless openssl decrypts and verifies a sealed message and finds in it the body of a mail of that size, so that nothing is compared
 * that only looks like work.
 * @param {{ directory: string, keys: string }} site
 * @param {string} sealed path
 * @param {number} sizeBytes
 */
export function checkOpens({ directory, keys }, sealed, sizeBytes) {
  const recipient = join(keys, 'bob@example.net');
  const signed = openssl(['cms', '-decrypt', '-in', sealed, '-recip', `${recipient}.crt`, '-inkey', `${recipient}.pem`]);
  const opened = openssl(['cms', '-verify', '-CAfile', join(directory, 'ca.crt')], signed).toString('latin1');
  const number = Number(/--b(\d+)--\r\n$/.exec(opened.slice(-100))?.[1]);
  const original = mail(number, sizeBytes);
  const body = original.slice(original.indexOf('\r\n\r\n'));
  if (!opened.endsWith(body)) throw new Error(`what was sealed in ${sealed} is not the mail`);
}

/**
 * @param {string[]} args
 * @param {Buffer} [input]
 */
function openssl(args, input) {
  const { status, stdout, stderr } = spawnSync('openssl', args, { maxBuffer, ...(input === undefined ? {} : { input }) });
  if (status !== 0) throw new Error(`openssl ${args.slice(0, 2).join(' ')} says: ${stderr}`);
  return stdout;
}
