import { printable } from '../../delivery/printable.js';
import type { CopyAccount, MessageAccount, RecipientAccount } from '../../export/account.js';
import { coloursFor, table, widthOf, wrapped } from '../terminal.js';
import { userName } from '../unix-names.js';

/** What is known of a message, for a person; all that comes from mail is made safe for a terminal. */
export function factsLines(account: MessageAccount, original: { readonly text: string; readonly good: boolean }): string[] {
  const { bold, red, green } = coloursFor(process.stdout);
  const { accepted, envelope, recipients, copies, records, changes, signers, removed } = account;
  const facts: [string, string][] = [['Claimed', account.claimed]];
  if (accepted !== undefined) {
    facts.push(['Accepted', `${accepted.time}, ${accepted.sizeBytes.toLocaleString('en-US')} bytes`]);
    facts.push(['From', `user ${userName(accepted.uid)} (${accepted.uid}), file ${printable(accepted.file)}, door ${accepted.door}`]);
    facts.push(['SHA-256', accepted.sha256]);
  }
  if (account.restored !== undefined) facts.push(['Restores', account.restored]);
  if (envelope !== undefined) facts.push(['Envelope sender', envelope.sender === '' ? '<>' : printable(envelope.sender)]);
  if (account.from !== undefined) facts.push(['Identity', printable(account.from)]);
  for (const signer of signers) facts.push(['Signed with', signer]);
  if (account.algorithms !== undefined) facts.push(['Algorithms', account.algorithms]);
  if (account.messageId !== undefined) facts.push(['Message-ID', printable(account.messageId)]);
  if (account.archive !== undefined) facts.push(['Archive', account.archive]);
  if (removed !== undefined) facts.push(['Removed', `${removed.time} (${removed.event})`]);
  facts.push(['Original', (original.good ? green : red)(printable(original.text))]);
  const lines = [bold(account.id), ...table(facts).map((row) => `  ${row}`)];
  if (recipients.length > 0) lines.push('', bold('Recipients'), ...recipients.flatMap((each) => recipientLines(each)));
  for (const copy of copies) lines.push('', ...copyLines(copy, bold));
  if (changes.length > 0) lines.push('', bold('Changes to the submitted bytes'), ...changes.map((change) => `  ${printable(change)}`));
  const rows = records.map(({ seq, time, event, outcome, withoutDetails }) => [
    String(seq),
    time,
    event,
    `${printable(outcome ?? '')}${withoutDetails ? ' (without details)' : ''}`.trim(),
  ]);
  lines.push('', bold('Records'), ...(rows.length === 0 ? ['  none'] : table(rows).map((row) => `  ${row}`)));
  return lines;
}

function recipientLines({ address, visible, encrypted, why, certificate, copy, answer }: RecipientAccount): string[] {
  return [
    `  ${printable(address)}${visible ? '' : '  (blind)'}${copy === undefined ? '' : `  copy ${copy}`}`,
    ...wrapped(`${encrypted ? 'encrypted' : 'not encrypted'}: ${printable(why)}`, '      ', '      ', widthOf(process.stdout)),
    ...(certificate === undefined ? [] : [`      certificate ${certificate}`]),
    ...(answer === undefined ? [] : [`      ${answer.status} ${answer.time}: ${printable(`${answer.code} ${answer.text}`)}`]),
  ];
}

function copyLines(copy: CopyAccount, bold: (text: string) => string): string[] {
  const { number, name, via, fallback, sizeBytes, sha256, sign, content, keyTransport, outcomes } = copy;
  const rows = [
    ['Sealed', `signature ${sign}; ${content === null ? 'not encrypted' : `${content} (${keyTransport})`}`],
    ['Goes by', `${via}${fallback === undefined ? '' : ` instead of pickup (${fallback})`} as ${name}`],
    ['Bytes', `${sizeBytes.toLocaleString('en-US')}, SHA-256 ${sha256}`],
    ...outcomes.map(({ time, what }) => ['Outcome', `${time}: ${what}`]),
  ];
  return [bold(`Copy ${number}`), ...table(rows).map((row) => `  ${row}`)];
}
