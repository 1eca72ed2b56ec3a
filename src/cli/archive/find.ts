import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { addressCriterion, type Criteria, hashCriterion, stateCriterion, timeCriterion } from '../../archive/index/criteria.js';
import { guarded, isDamaged } from '../../archive/index/database.js';
import { type FoundMessage, findMessages, holdsEncrypted } from '../../archive/index/find.js';
import { openIndex } from '../../archive/index/open-index.js';
import { type IndexPlace, indexFile } from '../../archive/index/place.js';
import { states } from '../../archive/index/state.js';
import { diskFault } from '../../disk/faults.js';
import { SealdropError } from '../../errors.js';
import { note, print } from '../output.js';
import { foundJson, foundLines, longLines } from './found.js';
import { indexPlaceOf, mayUpdate, updateWithProgress } from './index-site.js';

interface FindOptions {
  readonly config: string;
  readonly from?: string;
  readonly to?: string;
  readonly subject?: string;
  readonly messageId?: string;
  readonly after?: string;
  readonly before?: string;
  readonly rule?: string;
  readonly hash?: string;
  readonly file?: string;
  readonly state?: string;
  readonly limit: number;
  readonly long?: boolean;
  readonly json?: boolean;
}

export function archiveFind(): Command {
  return new Command('find')
    .description('Find messages by what is known of them, newest first. Everything given has to hold.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--from <address>', 'in From or as envelope sender: alice@bank.example, @bank.example, *@*.bank.example')
    .option('--to <address>', 'envelope recipient, visible or blind; written likewise')
    .option('--subject <text>', 'part of the subject, in any case of letters')
    .option('--message-id <id>', 'the Message-ID')
    .option('--after <date>', 'taken from the outbox then or later: 2026-11-25, or 2026-11-25T14:30 (UTC)')
    .option('--before <date>', 'taken from the outbox before then')
    .option('--rule <name>', 'a rule that decided for a recipient')
    .option('--hash <sha256>', 'SHA-256 of the original or of a sealed copy')
    .option('--file <path>', 'the same, of this file')
    .option('--state <state>', `what became of it: ${states.join(', ')}`)
    .option('--limit <number>', 'at most as many; 0: all', wholeNumber, 50)
    .option('--long', 'everything that is known, with the full envelope')
    .option('--json', 'the same as JSON, one message a line')
    .addHelpText(
      'after',
      `
The index is brought up to date first; the archive's group, who may only read
it, is told how far it reaches. Of an original that is encrypted in the archive,
Subject and Date are not known. Exit 0 also when nothing is found.

Examples: sealdrop archive find --to @bank.example --after 2026-11-01 -c FILE
          sealdrop archive find --subject "annual report" --long -c FILE
          sealdrop archive show ID -c FILE       the original of what was found`,
    )
    .action(find);
}

async function find(options: FindOptions): Promise<void> {
  const criteria = criteriaOf(options);
  const place = indexPlaceOf(options.config);
  const own = mayUpdate(place);
  if (own) await updateFor(place);
  let shown = 0;
  const each = (message: FoundMessage) => {
    show(message, options);
    shown++;
  };
  try {
    search(place, own, criteria, options.limit, each);
  } catch (error) {
    if (!isDamaged(error) || !own || shown > 0) throw error;
    // Seen only now, where the search has come upon it: nothing is lost by making it again.
    note(`the index ${indexFile(place)} is damaged; a new one is made`);
    await updateWithProgress(place, { rebuild: true, waitMs });
    search(place, own, criteria, options.limit, each);
  }
  if (shown > 0 && options.json !== true) note('sealdrop archive show ID writes the original.');
}

/** As long as a batch of the daemon's takes. */
const waitMs = 5000;

/** Whatever keeps the index from being brought up to date, what it holds can be searched. */
async function updateFor(place: IndexPlace): Promise<void> {
  try {
    const { kind } = await updateWithProgress(place, { waitMs });
    if (kind !== 'current') note('The index is not up to date: another process is at it, or this one was told to stop.');
  } catch (error) {
    if (!(error instanceof SealdropError)) throw error;
    note(`the index is not up to date: ${error.message}`);
  }
}

function search(place: IndexPlace, own: boolean, criteria: Criteria, limit: number, each: (message: FoundMessage) => void): void {
  const opened = openIndex(indexFile(place), own ? place.audit : undefined);
  if ('unusable' in opened) throw unusable(indexFile(place), opened.unusable);
  const { database, reached } = opened;
  try {
    if (!own) note(reached === undefined ? 'The index holds nothing yet.' : `The index reaches record ${reached.seq} of ${reached.time}.`);
    const most = limit === 0 ? Number.MAX_SAFE_INTEGER : limit;
    let count = 0;
    guarded(indexFile(place), () => {
      // One more than is shown, to know whether there are.
      for (const message of findMessages(database, criteria, most === limit ? most + 1 : most)) if (++count <= most) each(message);
    });
    if (count === 0) note('Nothing was found.');
    if (criteria.subject !== undefined && holdsEncrypted(database))
      note('Subjects of originals that are encrypted in the archive are not known: none of them is found by --subject.');
    if (count > most) note(`There are more than ${most}; --limit shows others.`);
  } finally {
    database.close();
  }
}

function show(message: FoundMessage, { long, json }: FindOptions): void {
  if (json === true) print(JSON.stringify(foundJson(message)));
  else for (const line of long === true ? longLines(message) : foundLines(message)) print(line);
}

function criteriaOf(options: FindOptions): Criteria {
  const { from, to, subject, messageId, after, before, rule, hash, file, state } = options;
  if (hash !== undefined && file !== undefined) {
    throw new SealdropError('bad-search', '--hash and --file say the same', { disposition: 'fatal', cure: 'Give one of them.' });
  }
  return {
    from: from === undefined ? undefined : addressCriterion(from),
    to: to === undefined ? undefined : addressCriterion(to),
    subject,
    messageId,
    afterMs: after === undefined ? undefined : timeCriterion(after),
    beforeMs: before === undefined ? undefined : timeCriterion(before),
    rule,
    hash: hash === undefined ? (file === undefined ? undefined : digestOf(file)) : hashCriterion(hash),
    state: state === undefined ? undefined : stateCriterion(state),
  };
}

function digestOf(path: string): string {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(1 << 20);
  try {
    const file = openSync(path, 'r');
    try {
      for (let got = readSync(file, piece); got > 0; got = readSync(file, piece)) hash.update(piece.subarray(0, got));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw diskFault(error, 'read', path);
  }
  return hash.digest('hex');
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Write a whole number.');
  return Number(text);
}

function unusable(path: string, why: string): SealdropError {
  return new SealdropError('index-missing', `the index ${path} ${why}`, {
    disposition: 'wait',
    cure: 'It is made by the daemon within a minute, or by "sealdrop archive index" run as the user sealdrop runs as.',
  });
}
