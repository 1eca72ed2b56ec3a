import { existsSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import { archivePath } from '../archive/path.js';
import { loadConfig } from '../config/load.js';
import { SealdropError } from '../errors.js';
import { isMessageId } from '../message-id.js';
import { spoolLayout } from '../spool/layout.js';
import { writeOut } from './message-file.js';

export function archiveCommand(): Command {
  const archive = new Command('archive').description('The compliance archive of originals. `audit verify` checks it against the records.');
  archive
    .command('show')
    .description('Write an original to standard output, as it was submitted.')
    .argument('<id>', 'message id')
    .requiredOption('-c, --config <file>', 'configuration file')
    .action(async (id: string, options: { config: string }) => {
      await writeOut(readOriginal(spoolLayout(loadConfig(options.config).spool).archive, id));
    });
  return archive;
}

function readOriginal(directory: string, id: string): Buffer {
  const path = isMessageId(id) ? `${directory}/${archivePath(id)}` : undefined;
  if (path !== undefined && existsSync(path)) return readFileSync(path);
  throw new SealdropError('no-such-message', `there is no message ${id} in the archive`, {
    disposition: 'fatal',
    cure: 'Look ids up with `sealdrop audit list`.',
  });
}
