import { Command } from 'commander';
import { jobsOption } from '../verify/options.js';
import { type VerifyArguments, verify } from '../verify/verify.js';
import { addAnchorOptions } from './anchors.js';

export function auditVerify(ended: (exitCode: number) => void): Command {
  const command = new Command('verify')
    .description('Check the chain, the details against it, its checkpoints, and the archive against all, in both directions.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--ca <pem>', 'authorities that certify who signs checkpoints')
    .option('--cert <pem>', 'certificates of who signs checkpoints, present and former ones')
    .option('--tsa-ca <pem>', 'authorities that certify who time-stamps them (default: audit.timestamp.ca)')
    .option('--jobs <number>', 'threads (default: one a processor)', jobsOption)
    .option('--json', 'print the report as JSON')
    .addHelpText('after', help)
    .action(async (options: VerifyArguments) => ended(await verify({ ...options, hashesOnly: true })));
  return addAnchorOptions(command);
}

const help = `
It compares hashes; "sealdrop archive verify" also proves signatures.

Without --ca and --cert, checkpoints are believed the certificates that lie with
audit.identity. Whoever can change those can sign: on another machine, name
what you were given.

An anchor is what somebody elsewhere holds of the chain: lines as "sealdrop audit
head" prints them, the file of audit.forward.file, an export, what a syslog
receiver wrote, a checkpoint, a second location (a directory), or an http(s)
address of such a text. Each of its records must be in the chain.

Exit codes: 0 consistent, 65 there are findings.

Example:
  sealdrop audit verify -c /etc/sealdrop/sealdrop.yaml --cert auditors-copy.crt
  sealdrop audit verify -c /etc/sealdrop/sealdrop.yaml --anchor heads.txt --anchor /mnt/logs/192.0.2.7.log`;
