import type { HeadFacts } from './head.js';

/** What the index knows of one message; undefined: not known (yet), or not to be known. */
export interface Facts {
  /** The file's suffixes, see StoredForm; undefined: not in the archive. */
  form: { compressed: boolean; encrypted: boolean } | undefined;
  uid: number | undefined;
  sizeBytes: number | undefined;
  sha256: string | undefined;
  /** The submitted file name. */
  file: string | undefined;
  /** Envelope sender; '' is the null sender. */
  sender: string | undefined;
  /** Mailboxes in From. */
  authors: readonly string[];
  /** Envelope recipients. */
  visible: readonly string[];
  blind: readonly string[];
  rules: readonly string[];
  messageId: string | undefined;
  dateMs: number | undefined;
  subject: string | undefined;
  /** SHA-256 of each sealed copy, by its number. */
  copies: ReadonlyMap<number, string>;
}

export function noFacts(): Facts {
  return {
    form: undefined,
    uid: undefined,
    sizeBytes: undefined,
    sha256: undefined,
    file: undefined,
    sender: undefined,
    authors: [],
    visible: [],
    blind: [],
    rules: [],
    messageId: undefined,
    dateMs: undefined,
    subject: undefined,
    copies: new Map(),
  };
}

/**
 * Takes over what a record's details say about its message. They come from a file that may hold anything, and are never trusted to have a
 * member or its type. `head` reads the header of the archived original; it is asked once a message.
 */
export function learn(facts: Facts, event: string, detail: unknown, head: (path: string) => HeadFacts | undefined): void {
  if (event === 'accepted') {
    facts.file = text(member(detail, 'file'));
    facts.uid = number(member(detail, 'uid'));
    facts.sizeBytes = number(member(detail, 'sizeBytes'));
    facts.sha256 = text(member(detail, 'sha256'));
  }
  if (event === 'intent') learnIntent(facts, member(detail, 'intent'));
  if (event === 'quarantined' || event === 'deferred') learnIntent(facts, member(member(detail, 'ticket'), 'intent'));
  if (event === 'intent') facts.messageId = text(member(detail, 'messageId')) ?? facts.messageId;
  if (event === 'restaged') learnCopies(facts, [detail]);
  const archived = text(member(detail, 'archive'));
  if ((event === 'intent' || event === 'dropped') && archived !== undefined && facts.form === undefined)
    learnArchived(facts, archived, head);
}

function learnIntent(facts: Facts, intent: unknown): void {
  const plan = member(intent, 'plan');
  if (plan === undefined) return;
  facts.sender = text(member(plan, 'sender'));
  const decisions = list(member(plan, 'decisions'));
  const addresses = (visible: boolean) =>
    decisions.filter((each) => (member(each, 'visible') === true) === visible).flatMap((each) => text(member(each, 'address')) ?? []);
  facts.visible = addresses(true);
  facts.blind = addresses(false);
  facts.rules = [...new Set(decisions.flatMap((each) => text(member(each, 'rule')) ?? []))];
  const from = text(member(plan, 'from'));
  if (facts.authors.length === 0 && from !== undefined) facts.authors = [from];
  learnCopies(facts, list(member(intent, 'copies')));
}

function learnCopies(facts: Facts, copies: readonly unknown[]): void {
  const known = new Map(facts.copies);
  for (const copy of copies) {
    const [copyNumber, sha256] = [number(member(copy, 'number')), text(member(copy, 'sha256'))];
    if (copyNumber !== undefined && sha256 !== undefined) known.set(copyNumber, sha256);
  }
  facts.copies = known;
}

function learnArchived(facts: Facts, path: string, head: (path: string) => HeadFacts | undefined): void {
  facts.form = { compressed: /\.eml\.gz(\.p7m)?$/.test(path), encrypted: path.endsWith('.p7m') };
  const read = facts.form.encrypted ? undefined : head(path);
  if (read === undefined) return;
  if (read.authors.length > 0) facts.authors = read.authors;
  facts.subject = read.subject;
  facts.dateMs = read.dateMs;
  facts.messageId ??= read.messageId;
  // A message that nobody planned, dropped by a person: whom its header names is the best there is.
  if (facts.sender !== undefined) return;
  facts.visible = read.visible;
  facts.blind = read.blind;
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
