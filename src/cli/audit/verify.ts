import { Command } from 'commander';
import { anchoredReport } from '../../archive/verify/anchored.js';
import { verifyTrail } from '../../archive/verify.js';
import { auditCertificates } from '../../audit/checkpoint/identity.js';
import type { CheckpointChecks, CheckpointReport } from '../../audit/checkpoint-verify.js';
import { loadConfig } from '../../config/load.js';
import type { Config } from '../../config/schema.js';
import { exitCodes } from '../../daemon/exit-code.js';
import { readCertificateFile } from '../../keys/certificate-file.js';
import { type SpoolLayout, spoolLayout } from '../../spool/layout.js';
import { isLocked } from '../../spool/lock.js';
import { anchorsIn } from '../open-keys.js';
import { note, print, printJson } from '../output.js';
import { type AnchorOptions, addAnchorOptions, anchorNotes, compareWithAnchors } from './anchors.js';

interface VerifyOptions extends AnchorOptions {
  readonly config: string;
  readonly json?: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly tsaCa?: string;
}

export function auditVerify(ended: (exitCode: number) => void): Command {
  const command = new Command('verify')
    .description('Check the chain, the details against it, its checkpoints, and the archive against all, in both directions.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--ca <pem>', 'authorities that certify who signs checkpoints')
    .option('--cert <pem>', 'certificates of who signs checkpoints, present and former ones')
    .option('--tsa-ca <pem>', 'authorities that certify who time-stamps them (default: audit.timestamp.ca)')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', help)
    .action(async (options: VerifyOptions) => ended(await verify(options)));
  return addAnchorOptions(command);
}

const help = `
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

export async function verify(options: VerifyOptions): Promise<number> {
  const config = loadConfig(options.config);
  const layout = spoolLayout(config.spool);
  const { archive } = config;
  const second = archive.second === null ? undefined : { directory: archive.second, memory: layout.secondFile };
  const checkpoints = checksFor(options, config, layout);
  // Anchors first, for their faults show soon.
  const anchors = await compareWithAnchors(layout.audit, options);
  const report = anchoredReport(verifyTrail(layout.audit, layout.archive, layout.work, { second, checkpoints }), anchors);
  if (options.json === true) printJson(report);
  else {
    for (const { kind, file, text } of report.findings) print(`${kind}  ${file}: ${text}`);
    for (const { file, text } of report.notes) note(`${file}: ${text}`);
    if (report.unfinishedTail)
      note('The newest file ends in an unfinished record: it is being written, or a crash left it (the next start cuts it back).');
    if (report.checkpoints !== undefined) note(checkpointsText(report.checkpoints));
    for (const text of anchorNotes(anchors)) note(text);
    note(`${report.records} records, ${report.archived} archived originals compared, head ${report.head.seq} ${report.head.hash}`);
    print(report.verdict);
  }
  return report.findings.length === 0 ? exitCodes.ok : exitCodes.badMessage;
}

function checksFor({ ca, cert, tsaCa }: VerifyOptions, config: Config, layout: SpoolLayout): CheckpointChecks {
  const { timestamp } = config.audit;
  const given = ca !== undefined || cert !== undefined;
  const stampCa = tsaCa ?? timestamp?.ca;
  return {
    trust: {
      certificates: cert !== undefined ? anchorsIn(cert) : given ? [] : certificatesOf(config),
      anchors: ca === undefined ? [] : anchorsIn(ca),
    },
    timestampAnchors: stampCa === undefined ? [] : readCertificateFile(stampCa).map(({ der }) => der),
    now: new Date(),
    running: isLocked(layout.lockFile),
  };
}

/** Those that lie with the identity; none where there is none, and then no checkpoint is believed. */
function certificatesOf({ audit: { identity } }: Config): readonly Buffer[] {
  if (identity === null) return [];
  const world = { environment: process.env, credentialsDirectory: process.env.CREDENTIALS_DIRECTORY, uid: undefined };
  return auditCertificates(identity, world);
}

function checkpointsText({ sound, last, stamped, lastStamp }: CheckpointReport): string {
  if (last === undefined) return 'no checkpoint that the chain fits';
  const stamps = lastStamp === undefined ? '' : `, ${stamped} time-stamped, at last ${lastStamp}`;
  return `${sound} checkpoints that the chain fits, the last one ${last.number} of ${last.time} over ${last.records} records${stamps}`;
}
