import { Command } from 'commander';
import { addAnchorOptions } from '../audit/anchors.js';
import { dayOption, jobsOption, sampleOption } from '../verify/options.js';
import { verify } from '../verify/verify.js';

export function archiveVerify(ended: (exitCode: number) => void): Command {
  const command = new Command('verify')
    .description(
      'Prove that every original in the archive is what was accepted and what was signed, and that trail and archive agree, both ways.',
    )
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--sample <size>', 'read so many originals only, or such a share, chosen at random: 1000, 5%', sampleOption)
    .option('--seed <text>', 'choose the same ones again')
    .option('--since <date>', 'originals of this day (UTC) and later, 2026-11-25', dayOption)
    .option('--until <date>', 'originals of this day and earlier', dayOption)
    .option('--key <file>', 'private key with its certificate (PEM or PKCS#12) that opens an encrypted archive')
    .option('--hashes-only', 'compare hashes, and leave signatures alone')
    .option('--resume', 'go on from where an earlier run with the same options ended')
    .option('--state <file>', 'where that is remembered (default: ~/.local/state/sealdrop/)')
    .option('--ca <pem>', 'authorities that certify who signs checkpoints of the trail')
    .option('--cert <pem>', 'certificates of who signs checkpoints, present and former ones')
    .option('--tsa-ca <pem>', 'authorities that certify who time-stamps them (default: audit.timestamp.ca)')
    .option('--jobs <number>', 'threads (default: one a processor)', jobsOption)
    .option('--full-speed', 'run at normal priority; mail has to share the processors with it')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', '\nExample:\n  sealdrop archive verify -c /etc/sealdrop/sealdrop.yaml --since 2026-01-01 --sample 5%\n')
    .action(async (options: Parameters<typeof verify>[0]) => ended(await verify(options)));
  return addAnchorOptions(command);
}
