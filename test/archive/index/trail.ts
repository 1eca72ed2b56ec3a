import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { addressCriterion, type Criteria } from '../../../src/archive/index/criteria.js';
import { type FoundMessage, findMessages } from '../../../src/archive/index/find.js';
import { openIndex } from '../../../src/archive/index/open-index.js';
import { indexFile } from '../../../src/archive/index/place.js';
import { type UpdateOptions, type UpdateResult, updateIndex } from '../../../src/archive/index/update.js';
import { archivePath } from '../../../src/archive/path.js';
import { type Entry, newEntry } from '../../../src/audit/record.js';
import { AuditWriter } from '../../../src/audit/writer.js';
import { newMessageId } from '../../../src/message-id.js';
import { makeTemp } from '../../kit/temp.js';

export interface MadeMessage {
  readonly id: string;
  readonly sender: string;
  readonly from: string;
  readonly visible: readonly string[];
  readonly blind: readonly string[];
  readonly subject: string;
  readonly messageId: string;
  readonly rule: string | null;
}

const start = Date.parse('2026-11-01T00:00:00Z');

/** An audit trail and an archive written record by record, with the index of it. */
export class Trail {
  readonly directory = makeTemp('index');
  readonly place = { audit: join(this.directory, 'audit'), archive: join(this.directory, 'archive'), index: join(this.directory, 'index') };
  readonly file = indexFile(this.place);
  readonly #now: () => Date;
  #writer: AuditWriter | undefined;

  constructor(now: () => Date = () => new Date('2026-11-25T12:00:00Z')) {
    this.#now = now;
    mkdirSync(this.place.archive, { recursive: true, mode: 0o750 });
  }

  async append(...entries: Entry[]): Promise<void> {
    this.#writer ??= await AuditWriter.start({ directory: this.place.audit, now: this.#now });
    await this.#writer.append(entries);
  }

  async close(): Promise<void> {
    await this.#writer?.close();
    this.#writer = undefined;
  }

  /** Puts an original into the archive, and returns the records that the daemon writes until it is handed over. */
  handedOver(message: MadeMessage, original = originalOf(message), form: '' | '.gz' | '.p7m' = ''): Entry[] {
    const { id } = message;
    const path = `${archivePath(id)}${form}`;
    const file = join(this.place.archive, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, form === '.gz' ? gzipSync(original) : form === '.p7m' ? Buffer.from('opaque') : original);
    return [
      accepted(message, original),
      newEntry('intent', { id }, { intent: intentOf(message), archive: path, messageId: message.messageId }),
      committed(id),
    ];
  }

  update(options: UpdateOptions = {}): Promise<UpdateResult> {
    return updateIndex(this.place, options);
  }

  find(criteria: Criteria = {}, limit = Number.MAX_SAFE_INTEGER): FoundMessage[] {
    const opened = openIndex(this.file, undefined);
    if ('unusable' in opened) throw new Error(opened.unusable);
    try {
      return [...findMessages(opened.database, criteria, limit)];
    } finally {
      opened.database.close();
    }
  }

  ids(criteria: Criteria = {}): string[] {
    return this.find(criteria).map(({ id }) => id);
  }
}

/** Message `number` of a series; what is given replaces what would be made up. */
export function message(number: number, given: Partial<MadeMessage> = {}): MadeMessage {
  return {
    id: newMessageId(start + number * 60_000),
    sender: 'steve@example.com',
    from: 'steve@example.com',
    visible: ['bob@example.net'],
    blind: [],
    subject: `letter ${number}`,
    messageId: `${number}@example.com`,
    rule: null,
    ...given,
  };
}

export function originalOf({ from, visible, subject, messageId }: MadeMessage): Buffer {
  const encoded = `=?utf-8?b?${Buffer.from(subject).toString('base64')}?=`;
  return Buffer.from(`From: ${from}\r\nTo: ${visible.join(', ')}\r\nSubject: ${encoded}\r\nMessage-ID: <${messageId}>\r\n\r\ntext\r\n`);
}

export function accepted({ id }: MadeMessage, original: Buffer): Entry {
  const facts = { file: `${id.slice(0, 8)}.eml`, door: 'new', uid: 1000, sizeBytes: original.length, sha256: sha256(original) };
  return newEntry('accepted', { id }, facts);
}

function committed(id: string): Entry {
  return newEntry('committed', { id, outcome: 'handed-to-mta' }, { copies: [] });
}

function intentOf({ id, sender, from, visible, blind, rule }: MadeMessage) {
  const decisions = [...visible, ...blind].map((address) => ({
    address,
    visible: visible.includes(address),
    rule,
    encrypt: true,
    why: '',
  }));
  const copies = [{ number: 1, planned: 1, via: 'pickup', name: `${id}-1.eml`, sizeBytes: 10, sha256: copyHash(id), pending: [] }];
  return { plan: { version: 1, sender, from, copies: [], decisions, dropped: [] }, bootId: '', copies };
}

/** The hash that the records name for the sealed copy. */
export function copyHash(id: string): string {
  return sha256(Buffer.from(`copy of ${id}`));
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export const at = addressCriterion;
