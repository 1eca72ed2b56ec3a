import { Command } from 'commander';
import { exitCodes } from '../../daemon/exit-code.js';
import { note, print, printJson } from '../output.js';
import { indexPlaceOf, updateWithProgress } from './index-site.js';

/** A person waits for the daemon's own run to end, which takes no longer than a batch while it keeps up. */
const waitMs = 30_000;

export function archiveIndex(ended: (exitCode: number) => void): Command {
  return new Command('index')
    .description('Bring the search index up to date with the audit trail; make it anew where it cannot be used. It is only a cache.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--rebuild', 'make it anew, whatever there is; the old one is searched meanwhile')
    .option('--json', 'print facts as JSON')
    .addHelpText(
      'after',
      '\nExit 75 if another process is writing the index.\n\nExample: sealdrop archive index --rebuild -c /etc/sealdrop/sealdrop.yaml',
    )
    .action(async (options: { config: string; rebuild?: boolean; json?: boolean }) => ended(await run(options)));
}

async function run({ config, rebuild, json }: { config: string; rebuild?: boolean; json?: boolean }): Promise<number> {
  const startedMs = performance.now();
  const result = await updateWithProgress(indexPlaceOf(config), { rebuild, waitMs });
  if (result.kind !== 'current') {
    note(result.kind === 'busy' ? 'Another process is writing the index; nothing was done.' : 'Stopped; the next run goes on from here.');
    return exitCodes.tryLater;
  }
  const { reached, records, messages, rebuilt } = result;
  const seconds = (performance.now() - startedMs) / 1000;
  if (json === true)
    printJson({ reaches: reached === undefined ? null : { seq: reached.seq, time: reached.time }, records, messages, rebuilt, seconds });
  else {
    const rate = Math.round(messages / Math.max(seconds, 0.001)).toLocaleString('en-US');
    print(
      `${records.toLocaleString('en-US')} records read, ${messages.toLocaleString('en-US')} messages written in ${seconds.toFixed(1)} s (${rate}/s)`,
    );
    print(reached === undefined ? 'the audit trail is empty' : `the index reaches record ${reached.seq} of ${reached.time}`);
  }
  return exitCodes.ok;
}
