import { hostname } from 'node:os';
import { Command, Option } from 'commander';
import { Prover } from '../../audit/proof/prover.js';
import { loadConfig } from '../../config/load.js';
import { askDaemon } from '../../daemon/control.js';
import { exitCodes } from '../../daemon/exit-code.js';
import { printable } from '../../delivery/printable.js';
import { SealdropError } from '../../errors.js';
import { type ExportFormat, exportFormats } from '../../export/container.js';
import type { ExportReport } from '../../export/request.js';
import { exportMessages } from '../../export/run.js';
import { isTrailReadable, surveyTrail } from '../../export/survey.js';
import { type SpoolLayout, spoolLayout } from '../../spool/layout.js';
import { note, print, printJson } from '../output.js';
import { Progress } from '../progress.js';
import { userName } from '../unix-names.js';
import { keyHelp, keyOption, opener } from './key.js';
import { mayRecord, record } from './recorder.js';
import { type SelectionOptions, selected, selectionOptions } from './selection.js';

interface ExportOptions extends SelectionOptions {
  readonly config: string;
  readonly key?: string;
  readonly format: ExportFormat;
  readonly output: string;
  readonly force?: boolean;
  readonly asStored?: boolean;
  readonly withoutPersonal?: boolean;
  readonly json?: boolean;
}

export function archiveExport(ended: (exitCode: number) => void): Command {
  const command = new Command('export')
    .description('Copy archived messages out, for those who ask for them: auditors, courts, the people concerned.')
    .argument('[ids...]', 'message ids')
    .requiredOption('-c, --config <file>', 'configuration file')
    .addOption(new Option('--format <format>', 'what to make').choices(exportFormats).makeOptionMandatory())
    .requiredOption('-o, --output <path>', 'the file or directory to make');
  for (const option of selectionOptions) command.addOption(option);
  return command
    .addOption(keyOption().conflicts('asStored'))
    .option('--as-stored', 'files as they lie in the archive, compressed or encrypted (zip and eml)')
    .option('--without-personal', 'no addresses, subjects and file names in lists and records; the originals are complete')
    .option('--force', 'replace what an earlier export made there')
    .option('--json', 'print facts as JSON')
    .addHelpText('after', help)
    .action(async (ids: string[], options: ExportOptions) => ended(await run(ids, options)));
}

const help = `
zip      originals, manifest.json and manifest.csv, SHA256SUMS, the records of
         the audit trail, certificates, sealed copies if they are kept, and
         cover.html to be read or printed
eml      the same in a directory
mbox     one file (mboxrd, line ends LF); PATH.manifest.json beside it
maildir  a Maildir; PATH.manifest.json beside it

Each original is held against the SHA-256 that was recorded when it was
accepted. What is missing or altered is named and left out: exit code 65.
Nothing stands at PATH before all is there. Recorded in the audit trail.
${keyHelp}
Example:
  sealdrop archive export --from '*@billing.example' --after 2026-10-01 \\
    --before 2026-11-01 --format zip -o october.zip -c /etc/sealdrop/sealdrop.yaml`;

async function run(ids: readonly string[], options: ExportOptions): Promise<number> {
  const { format, asStored = false, withoutPersonal = false } = options;
  if (asStored && (format === 'mbox' || format === 'maildir')) throw notAsStored(format);
  const layout = spoolLayout(loadConfig(options.config).spool);
  const asked = await selected(ids, options);
  const readable = isTrailReadable(layout.audit);
  if (readable) await freshCheckpoint(layout);
  if (!readable && asked.ids === undefined) throw noTrail(layout.audit);
  if (!readable) note(`The audit trail ${layout.audit} cannot be read: nothing is known of the messages but what is in them.`);
  const survey = readable ? surveyTrail(layout.audit, asked.selection) : undefined;
  const wanted = asked.ids ?? survey?.ids ?? [];
  if (wanted.length === 0) throw nothingFound();
  const recorded = mayRecord(layout);
  const by = process.getuid?.() ?? 0;
  const query = printable(asked.words);
  const prover = readable ? new Prover(layout.audit) : undefined;
  const provable = prover !== undefined && prover.covered() > 0;
  const progress = new Progress(wanted.length, 'messages');
  let report: ExportReport;
  try {
    report = await exportMessages(
      {
        ids: wanted,
        format,
        out: options.output,
        force: options.force === true,
        archive: layout.archive,
        audit: readable ? layout.audit : undefined,
        open: opener(options.key),
        asStored,
        prover: provable ? prover : undefined,
        head: {
          madeAt: new Date().toISOString(),
          by: { uid: by, name: userName(by) },
          host: hostname(),
          format,
          query,
          asked: wanted.length,
          personal: !withoutPersonal,
          recorded,
          trail: survey?.trail ?? { verdict: 'could not be read by the person who exported' },
          ...(provable
            ? {}
            : { withoutProofs: readable ? 'the audit trail has no signed checkpoint' : 'the audit trail could not be read' }),
        },
      },
      {
        progress: (done, sizeBytes) => progress.tell(done, `${(sizeBytes / 1e6).toFixed(1)} MB`),
        record: async (made) => {
          progress.end();
          if (recorded) await recordExport(layout, { by, format, query }, made);
        },
      },
    );
  } finally {
    progress.end();
  }
  tell(report, { recorded, json: options.json === true });
  return report.problems.length === 0 ? exitCodes.ok : exitCodes.badMessage;
}

/** So that what happened just now can be proven too; where no daemon runs, or none signs, what is under a checkpoint already can. */
async function freshCheckpoint({ controlSocket }: SpoolLayout): Promise<void> {
  try {
    await askDaemon(controlSocket, { ask: 'checkpoint' });
  } catch (error) {
    if (!(error instanceof SealdropError)) throw error;
  }
}

function recordExport(
  layout: SpoolLayout,
  about: { by: number; format: string; query: string },
  { totals, manifest, problems }: Omit<ExportReport, 'files'>,
): Promise<void> {
  const { count, sizeBytes } = totals;
  const detail = { ...about, count, missing: problems.length, sizeBytes, manifest: manifest.sha256 };
  return record(layout, { event: 'exported', outcome: problems.length === 0 ? 'complete' : 'incomplete', detail });
}

function tell(report: ExportReport, { recorded, json }: { recorded: boolean; json: boolean }): void {
  const { files, totals, manifest, problems } = report;
  for (const { id, kind, text } of problems) note(printable(`${id}  ${kind}: ${text}`));
  if (json) printJson({ files, ...totals, manifestSha256: manifest.sha256, recorded, notIncluded: problems });
  else {
    for (const file of files) print(file);
    note(
      `${totals.count} message${totals.count === 1 ? '' : 's'}, ${totals.sizeBytes.toLocaleString('en-US')} bytes; SHA-256 of the manifest ${manifest.sha256}`,
    );
  }
  if (problems.length > 0) note(`${problems.length} not included, named above and in the manifest.`);
  if (!recorded) note('This export is not recorded in the audit trail: you may not write there.');
}

function notAsStored(format: string): SealdropError {
  return new SealdropError('usage', `--as-stored does not go with ${format}: what is encrypted is no mail`, {
    disposition: 'fatal',
    cure: 'Take --format zip or eml.',
  });
}

function noTrail(audit: string): SealdropError {
  return new SealdropError('no-access', `the audit trail ${audit} may not be read by you, and only it tells which messages are meant`, {
    disposition: 'fatal',
    cure: 'Name ids, or run the command as a user who may read it.',
  });
}

function nothingFound(): SealdropError {
  return new SealdropError('no-such-message', 'no archived message is meant by this', {
    disposition: 'fatal',
    cure: 'Look with `sealdrop archive find` for what there is.',
  });
}
