import { type Eol, pickPart, prose, writePart } from './mail-parts.js';
import { Random } from './random.js';

export interface MailOptions {
  /** Addresses to send from and to: those the test has keys for. */
  readonly senders: readonly string[];
  readonly recipients: readonly string[];
}

/** A message to submit, and what sealdrop must make of it. */
export interface GeneratedMail {
  readonly seed: number;
  readonly bytes: Buffer;
  /** The visible From address, whose identity signs. */
  readonly sender: string;
  /** Every envelope recipient, once. */
  readonly recipients: readonly string[];
  /** Those of them that stand in neither To nor Cc. */
  readonly blind: readonly string[];
  readonly subject: string;
  /** What is special about it, for a failing test's message, e.g. `['bom', 'lf', 'mixed']`. */
  readonly traits: readonly string[];
}

/** `count` messages of mixed shapes; the same options and seeds give the same messages on every machine. */
export function generateMails(count: number, options: MailOptions, firstSeed = 1): GeneratedMail[] {
  return Array.from({ length: count }, (_, n) => generateMail(firstSeed + n, options));
}

export function generateMail(seed: number, options: MailOptions): GeneratedMail {
  const random = new Random(seed);
  const traits: string[] = [];
  const trait = (name: string, probability: number) => {
    const present = random.chance(probability);
    if (present) traits.push(name);
    return present;
  };

  const sender = random.pick(options.senders);
  const addressed = address(random, options.recipients);
  const recipients = trait('x-lines', 0.15) ? random.sample(options.recipients, random.between(1, 4)) : undefined;
  const resent = recipients === undefined && trait('resent', 0.05) ? random.pick(options.recipients) : undefined;
  const envelope = recipients ?? (resent === undefined ? addressed.all : [resent]);
  const subject = `${seed}: ${prose(random, 1, random.chance(0.5)).trim()}`;

  const header: string[] = [
    ...(recipients === undefined ? [] : xLines(random, sender, recipients)),
    ...(resent === undefined ? [] : [`Resent-From: ${sender}`, `Resent-To: <${resent}>`, 'Resent-Date: Tue, 24 Nov 2026 10:00:00 +0000']),
    ...random.sample(optionalFields(random, seed), random.between(0, 6)),
    fromField(random, sender),
    ...addressed.fields,
    ...subjectField(random, subject, trait),
  ];
  const { part, shape } = pickPart(random);
  traits.push(shape);
  const mimeVersion = part.header.length > 0 || random.chance(0.5) ? ['MIME-Version: 1.0'] : [];

  const eol = lineEnds(random, traits);
  const whole = { header: [...header, ...mimeVersion, ...part.header].map(asLatin1), body: part.body };
  const written = writePart(whole, eol);
  // Where line ends are mixed, whether a CR before a delimiter belongs to the binary part or to the line end is anybody's guess.
  const isClear = !traits.includes('mixed') || !/^content-transfer-encoding: *binary/im.test(written.toString('latin1'));
  const bytes = isClear ? written : writePart(whole, () => '\r\n');
  const mbox = trait('mbox', 0.05) ? Buffer.from(`From ${sender} Tue Nov 24 09:12:00 2026${eol()}`) : Buffer.alloc(0);
  const bom = trait('bom', 0.05) ? Buffer.from('\ufeff') : Buffer.alloc(0);
  return {
    seed,
    bytes: Buffer.concat([bom, mbox, bytes]),
    sender,
    recipients: envelope,
    blind: envelope.filter((recipient) => !addressed.visible.includes(recipient)),
    subject,
    traits,
  };
}

interface Addressed {
  readonly fields: string[];
  readonly visible: readonly string[];
  readonly all: readonly string[];
}

/** To, Cc and Bcc; a recipient may stand in two of them. */
function address(random: Random, candidates: readonly string[]): Addressed {
  const to = random.sample(candidates, random.between(1, 3));
  const cc = random.chance(0.3) ? random.sample(candidates, random.between(1, 2)) : [];
  const bcc = random.chance(0.3) ? random.sample(candidates, random.between(1, 2)) : [];
  const hideAll = random.chance(0.05) && bcc.length > 0;
  const visible = hideAll ? [] : [...to, ...cc];
  const fields = [
    hideAll ? 'To: undisclosed-recipients:;' : `To: ${list(random, to)}`,
    ...(hideAll || cc.length === 0 ? [] : [`Cc: ${list(random, cc)}`]),
    ...(bcc.length === 0 ? [] : [`${random.pick(['Bcc', 'BCC', 'bcc'])}: ${list(random, bcc)}`]),
  ];
  return { fields, visible, all: [...new Set([...visible, ...bcc])] };
}

function list(random: Random, addresses: readonly string[]): string {
  const joined = addresses.map((one) => mailbox(random, one)).join(random.pick([', ', ',', ',\n ', ' , ']));
  return random.chance(0.15) ? `Project team: ${joined};` : joined;
}

/** One mailbox in the forms RFC 5322 allows, and those that are common although it does not. */
function mailbox(random: Random, plain: string): string {
  const [local = '', domain = ''] = plain.split('@');
  const spelled = random.chance(0.2) ? `${local}@${domain.toUpperCase()}` : plain;
  return random.pick([
    spelled,
    `<${spelled}>`,
    `Plain Name <${spelled}>`,
    `"Last, First; (x) <y@example.invalid>" <${spelled}>`,
    `=?utf-8?B?${Buffer.from('Größe, Jürgen').toString('base64')}?= <${spelled}>`,
    `=?iso-8859-1?Q?Andr=E9?= <${spelled}>`,
    `Jürgen Größe <${spelled}>`,
    `${spelled} (comment, with comma)`,
    `A (nested (comment)) Name\n\t<${spelled}>`,
  ]);
}

function fromField(random: Random, sender: string): string {
  return `${random.pick(['From', 'from', 'FROM'])}: ${mailbox(random, sender)}`;
}

function subjectField(_random: Random, subject: string, trait: (name: string, probability: number) => boolean): string[] {
  if (trait('subject-raw-8bit', 0.2)) return [`Subject: ${subject}`];
  if (trait('subject-long', 0.05)) return [`Subject: ${`${subject} `.repeat(40).trim()}`];
  const words = Buffer.from(subject)
    .toString('base64')
    .match(/.{1,40}/g);
  // Split between octets, as careless programs do: a reader has to join the decoded words.
  return [`Subject: ${(words ?? []).map((word) => `=?utf-8?B?${word}?=`).join('\n ')}`];
}

function optionalFields(random: Random, seed: number): string[] {
  return [
    'Date: Tue, 24 Nov 2026 09:12:00 +0100',
    `Message-ID: <${seed}.${random.between(1, 1e9)}@app.example.com>`,
    'Reply-To: "Service desk" <desk@example.com>',
    'Received: from app.example.com (app.example.com [192.0.2.7])\n\tby mail.example.com with ESMTP;\n\tTue, 24 Nov 2026 08:12:00 +0000',
    'References: <a@example.com>\n <b@example.com>',
    'In-Reply-To: <b@example.com>',
    'List-Unsubscribe: <mailto:leave@example.com>',
    'Auto-Submitted: auto-generated',
    'X-Mailer: Ledger 7.1 (batch)',
    'X-Empty:',
    `X-Long: ${prose(random, 30, false).replace(/\n/g, ' ').trim()}`,
    'Content-Language: de',
    'Importance: high',
  ];
}

function xLines(random: Random, sender: string, recipients: readonly string[]): string[] {
  return [
    `${random.pick(['x-sender', 'X-Sender'])}: ${sender}`,
    ...recipients.map((recipient) => `${random.pick(['x-receiver', 'X-Receiver'])}: ${recipient}`),
    ...(random.chance(0.3) ? ['x-job: nightly-17'] : []),
  ];
}

function lineEnds(random: Random, traits: string[]): Eol {
  const kind = random.pick(['crlf', 'crlf', 'lf', 'mixed']);
  if (kind !== 'crlf') traits.push(kind);
  if (kind === 'mixed') return () => (random.chance(0.5) ? '\r\n' : '\n');
  return () => (kind === 'lf' ? '\n' : '\r\n');
}

/** Header text beyond ASCII goes out as raw UTF-8, as many programs do. */
function asLatin1(line: string): string {
  return Buffer.from(line).toString('latin1');
}
