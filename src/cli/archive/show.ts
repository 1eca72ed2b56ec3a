import { Command } from 'commander';
import { findEntry, readOriginal } from '../../archive/entry.js';
import { loadConfig } from '../../config/load.js';
import { SealdropError } from '../../errors.js';
import { isMessageId } from '../../message-id.js';
import { spoolLayout } from '../../spool/layout.js';
import { writeBytes } from '../output.js';

export function archiveShow(): Command {
  return new Command('show')
    .description('Write an original to standard output, octet for octet as it was submitted.')
    .argument('<id>', 'message id: in the name of the pickup file, in x-envid, in "sealdrop audit list"')
    .requiredOption('-c, --config <file>', 'configuration file')
    .action(async (id: string, options: { config: string }) => {
      await writeBytes(original(spoolLayout(loadConfig(options.config).spool).archive, id));
    });
}

function original(archive: string, id: string): Buffer {
  if (!isMessageId(id)) throw unknown(id, 'is not a message id');
  const entry = findEntry(archive, id);
  if (entry === undefined) throw unknown(id, `is not in the archive ${archive}`);
  return readOriginal(archive, entry);
}

function unknown(id: string, what: string): SealdropError {
  return new SealdropError('no-such-message', `${id} ${what}`, {
    disposition: 'fatal',
    cure: 'Look the id up with "sealdrop audit list"; it looks like 019ab0c1-2d3e-7f40-8a51-b263c4d5e6f7.',
  });
}
