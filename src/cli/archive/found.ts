import type { FoundMessage } from '../../archive/index/find.js';
import { printable } from '../../delivery/printable.js';
import { timeOfMessageId } from '../../message-id.js';
import { copyName } from '../../spool/layout.js';
import { coloursFor, widthOf } from '../terminal.js';

/** A message in two lines; whatever comes from mail is made fit for a terminal. */
export function foundLines(message: FoundMessage): string[] {
  const { bold, dim } = coloursFor(process.stdout);
  const head = `${bold(message.id)}  ${timeText(message)}  ${stateText(message)}`;
  if (message.erased) return [head];
  const [first = 'nobody', ...others] = [...message.visible, ...message.blind];
  const author = message.authors[0] ?? message.sender;
  // Held before it was decided who sends and who receives it.
  if (author === undefined) return [head, `  ${dim('envelope not known')}  ${printable(message.file ?? '')}`.trimEnd()];
  const from = author || '<>';
  const who = `${printable(from)} > ${printable(first)}${others.length === 0 ? '' : ` +${others.length}`}`;
  const what = message.subject === undefined ? dim('subject not known') : printable(message.subject);
  const line = cut(`  ${who}  `, widthOf(process.stdout) - 10);
  return [head, `${line}${message.subject === undefined ? what : cut(what, widthOf(process.stdout) - columnsOf(line))}`];
}

/** Everything that is known, one fact a line. */
export function longLines(message: FoundMessage): string[] {
  const { bold, dim } = coloursFor(process.stdout);
  const fact = (name: string, value: string | number | undefined) =>
    `  ${`${name}:`.padEnd(14)}${value === undefined ? dim('not known') : printable(String(value))}`;
  const lines = [`${bold(message.id)}  ${timeText(message)}  ${stateText(message)}`];
  if (message.erased) return lines;
  lines.push(fact('Subject', message.subject));
  for (const author of message.authors) lines.push(fact('From', author));
  lines.push(fact('Sender', message.sender === '' ? '<>' : message.sender));
  for (const address of message.visible) lines.push(fact('To', address));
  for (const address of message.blind) lines.push(fact('Blind', address));
  lines.push(fact('Date', message.dateMs === undefined ? undefined : new Date(message.dateMs).toISOString()));
  lines.push(fact('Message-ID', message.messageId));
  for (const rule of message.rules) lines.push(fact('Rule', rule));
  lines.push(
    fact('Submitted', message.file === undefined ? undefined : `${message.file}, ${message.sizeBytes} octets, by uid ${message.uid}`),
  );
  lines.push(fact('SHA-256', message.sha256));
  if (message.archive !== undefined) lines.push(fact('Archive', message.archive));
  for (const { name, sha256 } of copiesOf(message)) lines.push(fact('Copy', `${name}  ${sha256}`));
  return lines;
}

/** The same for programs; null: not known. */
export function foundJson(message: FoundMessage): object {
  const { id, state, erased, subject, authors, sender, visible, blind, dateMs, messageId, rules, file, uid, sizeBytes, sha256, archive } =
    message;
  const facts = { id, time: timeOfMessageId(id).toISOString(), state, erased };
  if (erased) return facts;
  return {
    ...facts,
    subject: subject ?? null,
    from: authors,
    sender: sender ?? null,
    recipients: [...visible.map((address) => ({ address, blind: false })), ...blind.map((address) => ({ address, blind: true }))],
    date: dateMs === undefined ? null : new Date(dateMs).toISOString(),
    messageId: messageId ?? null,
    rules,
    file: file ?? null,
    uid: uid ?? null,
    sizeBytes: sizeBytes ?? null,
    sha256: sha256 ?? null,
    archive: archive ?? null,
    copies: copiesOf(message),
  };
}

function copiesOf({ id, copies }: FoundMessage): { name: string; sha256: string }[] {
  return [...copies].map(([number, sha256]) => ({ name: copyName(id, number), sha256 }));
}

function timeText({ id }: FoundMessage): string {
  return timeOfMessageId(id).toISOString().slice(0, 19).replace('T', ' ');
}

function stateText({ state }: FoundMessage): string {
  const { green, yellow, red, dim } = coloursFor(process.stdout);
  if (state === 'taken-by-mta' || state === 'sent' || state === 'handed-to-mta') return green(state);
  if (state === 'purged' || state === 'erased' || state === 'dropped') return dim(state);
  return ['under-way', 'deferred', 'possible-duplicate'].includes(state) ? yellow(state) : red(state);
}

/** East Asian characters and emoji fill two columns. */
const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

function columnsOf(text: string): number {
  return [...text].reduce((sum, character) => sum + (wide.test(character) ? 2 : 1), 0);
}

function cut(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += columnsOf(character);
    if (used > columns - 1) break;
    kept += character;
  }
  return `${kept}…`;
}
