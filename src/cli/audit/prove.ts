import { basename, dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { type Proof, proofText } from '../../audit/proof/format.js';
import { proveMessage, proveRecord } from '../../audit/proof/prove.js';
import { loadConfig } from '../../config/load.js';
import { askDaemon } from '../../daemon/control.js';
import { addFile } from '../../disk/durable.js';
import { SealdropError } from '../../errors.js';
import { isMessageId } from '../../message-id.js';
import { type SpoolLayout, spoolLayout } from '../../spool/layout.js';
import { count, note, print } from '../output.js';

interface ProveOptions {
  readonly config: string;
  readonly out?: string;
  readonly withoutDetails?: boolean;
}

export function auditProve(): Command {
  return new Command('prove')
    .description('Prove that the records of one message, or one record, are in the audit chain, without showing any other.')
    .argument('<id|number>', 'a message id, or the number of a record')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--out <file>', 'write the proof to a new file instead of standard output')
    .option('--without-details', 'leave out what the records are about: addresses, file names, hashes')
    .addHelpText('after', help)
    .action(async (about: string, options: ProveOptions) => {
      const proof = await prove(about, spoolLayout(loadConfig(options.config).spool), { withoutDetails: options.withoutDetails === true });
      const text = proofText(proof);
      if (options.out === undefined) print(text.trimEnd());
      else write(resolve(options.out), text);
      note(
        `${count(proof.records.length, 'record')} under ${count(proof.checkpoints.length, 'checkpoint')}. "sealdrop audit check" checks it anywhere.`,
      );
    });
}

const help = `
The details hold addresses and file names: give a proof to those who may see
them, or leave them out. What is not yet under a checkpoint makes the running
daemon sign one; without a daemon the command ends with 75.

Example:
  sealdrop audit prove 01a2109f-0f3c-7b1e-a5ae-7f0f5e1c2d3b -c sealdrop.yaml --out proof.json`;

async function prove(about: string, layout: SpoolLayout, options: { withoutDetails: boolean }): Promise<Proof> {
  const make = () => proofAbout(about, layout.audit, options);
  try {
    return make();
  } catch (error) {
    if (!(error instanceof SealdropError) || error.code !== 'not-covered-yet') throw error;
    if ((await askDaemon(layout.controlSocket, { ask: 'checkpoint' })) === undefined) throw error;
    return make();
  }
}

function proofAbout(about: string, directory: string, options: { withoutDetails: boolean }): Proof {
  if (isMessageId(about)) return proveMessage(directory, about, options);
  if (/^[1-9]\d{0,14}$/.test(about)) return proveRecord(directory, Number(about), options);
  throw new SealdropError('usage', `${about} is neither a message id nor the number of a record`, {
    disposition: 'fatal',
    cure: '"sealdrop audit list" shows both.',
  });
}

/** Not readable by others: it may hold addresses. */
function write(path: string, text: string): void {
  addFile(dirname(path), basename(path), Buffer.from(text, 'utf8'), 0o600);
  note(`Written to ${path}.`);
}
