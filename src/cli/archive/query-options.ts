import type { Command } from 'commander';
import { SealdropError } from '../../errors.js';
import { isMessageId } from '../../message-id.js';
import { addressPatternFault } from '../../policy/address-pattern.js';
import type { MessageQuery } from '../../policy/retention/query.js';

export interface QueryOptions {
  readonly everything?: true;
  readonly id?: readonly string[];
  readonly sender?: readonly string[];
  readonly recipient?: readonly string[];
  readonly address?: readonly string[];
  readonly domain?: readonly string[];
  readonly rule?: readonly string[];
  readonly since?: string;
  readonly until?: string;
}

export const queryHelp = `
Conditions of different kinds must all hold; several of one kind (--sender a
--sender b) mean any of them. Addresses may be patterns such as
"*@bank.example", compared without regard to case. Days are UTC.`;

export function withQueryOptions(command: Command): Command {
  return command
    .option('--id <id...>', 'message ids')
    .option('--sender <address...>', 'envelope sender or visible From')
    .option('--recipient <address...>', 'a recipient')
    .option('--address <address...>', 'sender or recipient')
    .option('--domain <domain...>', 'domain of the sender or of a recipient')
    .option('--rule <name...>', 'rule of the configuration that decided how the message was sealed')
    .option('--since <day>', 'taken on this day (YYYY-MM-DD) or later')
    .option('--until <day>', 'taken on this day or earlier');
}

/** Throws `usage` for what could never match, and for no condition at all: everything has to be said. */
export function queryOf(options: QueryOptions): MessageQuery {
  const { everything, id, sender, recipient, address, domain, rule, since, until } = options;
  for (const one of id ?? []) if (!isMessageId(one)) throw usage(`--id: ${one} is not a message id`);
  for (const pattern of [...(sender ?? []), ...(recipient ?? []), ...(address ?? [])]) {
    const fault = addressPatternFault(pattern);
    if (fault !== undefined) throw usage(`${pattern}: ${fault}`);
  }
  for (const one of domain ?? []) {
    const fault = addressPatternFault(`*@${one}`);
    if (fault !== undefined) throw usage(`--domain ${one}: ${fault}`);
  }
  for (const [name, day] of Object.entries({ since, until }))
    if (day !== undefined && !isDay(day)) throw usage(`--${name}: ${day} is not a day; write YYYY-MM-DD`);
  const query: MessageQuery = {
    ...(everything && { everything }),
    ...(id && { ids: id }),
    ...(sender && { senders: sender }),
    ...(recipient && { recipients: recipient }),
    ...(address && { addresses: address }),
    ...(domain && { domains: domain }),
    ...(rule && { rules: rule }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
  const conditions = Object.keys(query).length;
  if (conditions === 0) throw usage('it is not said which messages are meant');
  if (everything === true && conditions > 1) throw usage('--everything goes with no other condition');
  return query;
}

function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text);
}

function usage(message: string): SealdropError {
  return new SealdropError('usage', message, { disposition: 'fatal', cure: 'See --help for the conditions.' });
}
