import { Command } from 'commander';
import { type OpenEntry, openWith } from '../../archive/decrypt.js';
import { findEntry, readOriginal } from '../../archive/entry.js';
import { loadConfig } from '../../config/load.js';
import { SealdropError } from '../../errors.js';
import { isMessageId } from '../../message-id.js';
import { spoolLayout } from '../../spool/layout.js';
import { keysIn } from '../open-keys.js';
import { writeBytes } from '../output.js';

export function archiveShow(): Command {
  return new Command('show')
    .description('Write an original to standard output, octet for octet as it was submitted.')
    .argument('<id>', 'message id: in the name of the pickup file, in x-envid, in "sealdrop audit list"')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--key <file>', 'private key with its certificate (PEM or PKCS#12) that opens an encrypted archive')
    .addHelpText('after', help)
    .action(async (id: string, options: { config: string; key?: string }) => {
      const { archive } = spoolLayout(loadConfig(options.config).spool);
      await writeBytes(original(archive, id, options.key === undefined ? undefined : openWith(keysIn(options.key))));
    });
}

const help = `
A passphrase of the key comes from <key file>.pass or SEALDROP_PASSPHRASE; a
certificate beside the key has the same name and ends in .crt.

Example:
  sealdrop archive show 019ab0c1-2d3e-7f40-8a51-b263c4d5e6f7 -c sealdrop.yaml --key compliance.p12 > original.eml

Exit codes: 0 written, 64 there is no such message, 65 the key does not open it.`;

function original(archive: string, id: string, open: OpenEntry | undefined): Buffer {
  if (!isMessageId(id)) throw unknown(id, 'is not a message id');
  const entry = findEntry(archive, id);
  if (entry === undefined) throw unknown(id, `is not in the archive ${archive}`);
  return readOriginal(archive, entry, open);
}

function unknown(id: string, what: string): SealdropError {
  return new SealdropError('no-such-message', `${id} ${what}`, {
    disposition: 'fatal',
    cure: 'Look the id up with "sealdrop audit list"; it looks like 019ab0c1-2d3e-7f40-8a51-b263c4d5e6f7.',
  });
}
