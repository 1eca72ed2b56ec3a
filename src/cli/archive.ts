import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { archivePath } from '../archive/path.js';
import { loadConfig } from '../config/load.js';
import { diskFault, errnoOf } from '../disk/faults.js';
import { SealdropError } from '../errors.js';
import { isMessageId } from '../message-id.js';
import { spoolLayout } from '../spool/layout.js';
import { verify } from './audit.js';
import { writeBytes } from './output.js';

export function archiveCommand(ended: (exitCode: number) => void): Command {
  const archive = new Command('archive').description('The compliance archive: every original, as it was submitted.');
  archive
    .command('show')
    .description('Write an original to standard output, octet for octet as it was submitted.')
    .argument('<id>', 'message id: in the name of the pickup file, in x-envid, in "sealdrop audit list"')
    .requiredOption('-c, --config <file>', 'configuration file')
    .action(async (id: string, options: { config: string }) => {
      await writeBytes(readOriginal(spoolLayout(loadConfig(options.config).spool).archive, id));
    });
  archive
    .command('verify')
    .description('Check archive and audit trail against each other, both ways (the same as "sealdrop audit verify").')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--json', 'print the report as JSON')
    .action((options: { config: string; json?: boolean }) => ended(verify(options.config, options.json === true)));
  return archive;
}

function readOriginal(directory: string, id: string): Buffer {
  if (!isMessageId(id)) throw unknown(id, 'is not a message id');
  const path = `${directory}/${archivePath(id)}`;
  try {
    return readFileSync(path);
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' ? unknown(id, `is not in the archive ${directory}`) : diskFault(error, 'read', path);
  }
}

function unknown(id: string, what: string): SealdropError {
  return new SealdropError('no-such-message', `${id} ${what}`, {
    disposition: 'fatal',
    cure: 'Look the id up with "sealdrop audit list"; it looks like 019ab0c1-2d3e-7f40-8a51-b263c4d5e6f7.',
  });
}
