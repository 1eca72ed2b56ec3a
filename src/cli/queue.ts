import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { AuditWriter } from '../audit/writer.js';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { askDaemon } from '../daemon/control.js';
import { exitCodes } from '../daemon/exit-code.js';
import { openArchive } from '../daemon/open-archive.js';
import { actOnQueue, type QueueAction } from '../daemon/queue/queue-actions.js';
import { inventoryOf } from '../spool/inventory.js';
import { type SpoolLayout, spoolLayout } from '../spool/layout.js';
import { isLocked, lockSpool } from '../spool/lock.js';
import { gidOf } from '../spool/prepare.js';
import { readRefused, refusedIn } from '../spool/refused-copy.js';
import { readTicket } from '../spool/ticket.js';
import { note, print, printJson, reportError } from './output.js';
import { becomeOwnerOf } from './service-user.js';

export function queueCommand(ended: (exitCode: number) => void): Command {
  const queue = new Command('queue').description('Look at messages that are under way, to be retried or held, and decide about them.');
  queue
    .command('list')
    .description('List messages in work, retry and quarantine, each with its reason and what to do.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--json', 'print facts as JSON')
    .action((options: { config: string; json?: boolean }) => list(spoolLayout(loadConfig(options.config).spool), options.json === true));
  const actions: Record<QueueAction, string> = {
    retry: 'Try messages again now: from retry, or from quarantine after the cause is mended.',
    release:
      'Hand over copies that the MTA refused, as they are, after the cause is mended; or the copies of a held message whose outcome is unknown, which the MTA may then have twice.',
    drop: 'Give up on messages. The originals stay in the archive.',
  };
  for (const action of ['retry', 'release', 'drop'] as const) {
    queue
      .command(action)
      .description(actions[action])
      .argument('<id...>', action === 'release' ? 'message ids' : 'message ids, or "all" for everything in quarantine')
      .requiredOption('-c, --config <file>', 'configuration file')
      .action(async (ids: string[], options: { config: string }) => ended(await act(action, ids, options.config)));
  }
  return queue;
}

interface QueueItem {
  /** Of a message; of a refused copy with its number, `<id>-<n>`. */
  readonly id: string;
  readonly place: 'work' | 'retry' | 'quarantine';
  readonly file?: string | undefined;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly cure?: string | undefined;
  readonly time?: string | undefined;
  readonly nextAttempt?: string | undefined;
  /** Of a sealed copy that the MTA refused: where its original is in the archive. */
  readonly archive?: string | undefined;
}

function list(layout: SpoolLayout, json: boolean): void {
  const items = (['work', 'retry', 'quarantine'] as const).flatMap((place) =>
    inventoryOf(layout[place]).messages.map((id) => itemOf(id, place, readTicket(layout[place], id))),
  );
  for (const [place, directory] of [
    ['work', layout.again],
    ['quarantine', layout.refused],
  ] as const)
    for (const copyId of refusedIn(directory)) items.push(itemOf(copyId, place, readRefused(directory, copyId)));
  if (json) {
    printJson(items);
    return;
  }
  if (items.length === 0) note('Nothing is under way, to be retried or held.');
  for (const item of items) {
    print(`${item.id}  ${item.place}${item.file === undefined ? '' : `  ${item.file}`}${item.code === undefined ? '' : `  ${item.code}`}`);
    if (item.message !== undefined) print(`    ${item.message}`);
    if (item.cure !== undefined) print(`    ${item.cure}`);
    if (item.archive !== undefined) print(`    original: archive/${item.archive}`);
    if (item.nextAttempt !== undefined) print(`    next attempt: ${item.nextAttempt}`);
  }
}

function itemOf(id: string, place: QueueItem['place'], note: Partial<QueueItem> | undefined): QueueItem {
  const { file, code, message, cure, time, nextAttempt, archive } = note ?? {};
  return { id, place, file, code, message, cure, time, nextAttempt, archive };
}

async function act(action: QueueAction, wanted: readonly string[], configPath: string): Promise<number> {
  const config = loadConfig(configPath);
  const layout = spoolLayout(config.spool);
  const by = process.getuid?.() ?? 0;
  if (existsSync(layout.root)) becomeOwnerOf(layout.root);
  const all = wanted.length === 1 && wanted[0] === 'all' && action !== 'release';
  // What the MTA refused is not simply tried again, so "retry all" leaves it.
  const held = [...inventoryOf(layout.quarantine).messages, ...(action === 'drop' ? refusedIn(layout.refused) : [])];
  const ids = all ? held : wanted;
  const doOne = isLocked(layout.lockFile) ? throughDaemon(layout, action, by) : await onDisk(config, layout, action, by);
  let exitCode: number = exitCodes.ok;
  for (const id of ids) {
    try {
      await doOne.act(id);
      print(`${id}  ${done[action]}`);
    } catch (error) {
      exitCode = reportError(error);
    }
  }
  await doOne.close();
  return exitCode;
}

const done: Record<QueueAction, string> = {
  retry: 'is tried again',
  release: 'is released',
  drop: 'is dropped; its original is in the archive',
};

interface Actor {
  act(id: string): Promise<void>;
  close(): Promise<void>;
}

function throughDaemon(layout: SpoolLayout, action: QueueAction, by: number): Actor {
  return {
    act: async (id) => {
      const answer = await askDaemon(layout.controlSocket, { ask: action, id, by });
      if (answer === undefined) throw new Error('the daemon holds the spool but does not answer on its control socket');
    },
    close: async () => {},
  };
}

/** No daemon runs: the decision is recorded and the message put back to work; the next start goes on with it. */
async function onDisk(config: Config, layout: SpoolLayout, action: QueueAction, by: number): Promise<Actor> {
  const archive = openArchive(config, layout, gidOf(config.archive.group), new Date());
  const lock = lockSpool(layout.lockFile, Date.now());
  const audit = await AuditWriter.start({ directory: layout.audit, now: () => new Date() });
  return {
    act: async (id) => {
      await actOnQueue({ layout, archive, audit, now: () => new Date() }, action, id, by);
    },
    close: async () => {
      await audit.close();
      lock.release();
    },
  };
}
