import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../wait-for.js';

/** The one message in a Maildir for which `isIt` holds, as it was stored (LF), as soon as it is there. */
export async function arrivedIn(maildir: string, isIt: (message: Buffer) => boolean, describe: () => string): Promise<Buffer> {
  const folder = join(maildir, 'new');
  const stored = () => (existsSync(folder) ? readdirSync(folder).map((name) => readFileSync(join(folder, name))) : []);
  return waitFor('the message in the mailbox', () => stored().find(isIt), { describe });
}
