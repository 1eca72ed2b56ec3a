import { Command, Option } from 'commander';
import { exportedRecords } from '../../audit/export.js';
import { type ForwardedRecord, forwardedLine } from '../../audit/forward/forwarded-record.js';
import { loadConfig } from '../../config/load.js';
import { SealdropError } from '../../errors.js';
import { spoolLayout } from '../../spool/layout.js';
import { writeBytes } from '../output.js';

interface ExportOptions {
  readonly config: string;
  readonly from?: string;
  readonly to?: string;
  readonly id?: string;
  readonly personal?: boolean;
  readonly format: 'jsonl' | 'csv';
}

export function auditExport(): Command {
  return new Command('export')
    .description('Write records to standard output, oldest first.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--from <time>', 'only records of this time or later: 2026-11-25 or 2026-11-25T14:30:00Z, in UTC')
    .option('--to <time>', 'only records of this time or earlier; a day means all of it')
    .option('--id <id>', 'only records about this message')
    .option('--personal', 'with the details: addresses, file names, hashes')
    .addOption(new Option('--format <form>', 'form of the output').choices(['jsonl', 'csv']).default('jsonl'))
    .addHelpText(
      'after',
      `
jsonl: the lines of the chain, octet for octet (with --personal, "salt" and
"personal" behind them). What is written is an anchor for "sealdrop audit verify
--anchor". csv (RFC 4180): seq, time, event, id, outcome, algorithms, hash, and
detail with --personal.

Example:
  sealdrop audit export -c /etc/sealdrop/sealdrop.yaml --from 2026-11-01 --to 2026-11-30 > november.jsonl`,
    )
    .action(async (options: ExportOptions) => exportTo(options));
}

const pieceLength = 256 * 1024;

async function exportTo({ config, from, to, id, personal = false, format }: ExportOptions): Promise<void> {
  const directory = spoolLayout(loadConfig(config).spool).audit;
  const records = exportedRecords(directory, { from: timeOf('--from', from), to: timeOf('--to', to), id, personal });
  const line = format === 'csv' ? (record: ForwardedRecord) => csvLine(record, personal) : forwardedLine;
  let piece = format === 'csv' ? `${[...columns, ...(personal ? ['detail'] : [])].join(',')}\r\n` : '';
  for (const record of records) {
    piece += `${line(record)}${format === 'csv' ? '\r\n' : '\n'}`;
    if (piece.length < pieceLength) continue;
    await writeBytes(Buffer.from(piece));
    piece = '';
  }
  await writeBytes(Buffer.from(piece));
}

const columns = ['seq', 'time', 'event', 'id', 'outcome', 'algorithms', 'hash'] as const;

function csvLine(record: ForwardedRecord, personal: boolean): string {
  const cells = columns.map((name) => record[name]);
  const detail = personal ? [detailOf(record)] : [];
  return [...cells, ...detail].map((cell) => quoted(String(cell ?? ''))).join(',');
}

function detailOf({ details }: ForwardedRecord): string {
  return details === undefined ? '' : (/"detail":(.*)\}$/s.exec(details.toString('utf8'))?.[1] ?? 'erased');
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** The chain's times are ISO 8601 in UTC, in milliseconds: text order is time order, and a beginning of one is a span. */
function timeOf(option: string, given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const form = /^\d{4}-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{3})?)?)?)?(Z?)$/.exec(given);
  const full = given.replace(/Z$/, '');
  if (form !== null && !Number.isNaN(Date.parse(full))) return full;
  throw new SealdropError('usage', `${option} ${given} is not a time`, {
    disposition: 'fatal',
    cure: 'Write for example 2026-11-25 or 2026-11-25T14:30:00Z, in UTC.',
  });
}
