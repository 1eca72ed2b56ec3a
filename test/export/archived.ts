import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { archivePath } from '../../src/archive/path.js';
import { newEntry } from '../../src/audit/record.js';
import { AuditWriter } from '../../src/audit/writer.js';
import type { EventDetails } from '../../src/daemon/events.js';
import type { ExportHead } from '../../src/export/manifest.js';
import { newMessageId } from '../../src/message-id.js';
import type { CopyPlan, Plan } from '../../src/policy/plan.js';
import { makeTemp } from '../kit/temp.js';

export interface ArchivedMail {
  readonly bytes: Buffer | string;
  readonly sender?: string;
  readonly recipients?: readonly string[];
  /** Bytes of the one sealed copy, kept beside the original. */
  readonly sealed?: string;
  /** What a forged record says instead. */
  readonly forged?: Partial<EventDetails['intent']>;
}

export const noon = new Date('2026-11-24T12:00:00.000Z');

/** An archive with a trail as the daemon writes them, of messages that were handed to the MTA in one copy each. */
export class Archived {
  readonly root = makeTemp('archived');
  readonly archive = join(this.root, 'archive');
  readonly audit = join(this.root, 'audit');
  readonly ids: string[] = [];

  static async of(mails: readonly ArchivedMail[]): Promise<Archived> {
    const made = new Archived();
    const writer = await AuditWriter.start({ directory: made.audit, now: () => noon });
    for (const mail of mails) await made.add(writer, mail);
    await writer.close();
    return made;
  }

  pathOf(index: number): string {
    return join(this.archive, archivePath(this.id(index)));
  }

  id(index: number): string {
    return this.ids[index] ?? '';
  }

  private async add(writer: AuditWriter, mail: ArchivedMail): Promise<void> {
    const { sender = 'steve@example.com', recipients = ['bob@example.net'], sealed } = mail;
    const bytes = Buffer.from(mail.bytes);
    const id = newMessageId(noon.getTime() + this.ids.length);
    this.ids.push(id);
    const path = join(this.archive, archivePath(id));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes, { mode: 0o440 });
    const name = `${id}-1.eml`;
    const copy = Buffer.from(sealed ?? 'sealed');
    if (sealed !== undefined) writeFileSync(join(dirname(path), name), copy, { mode: 0o440 });
    const accepted: EventDetails['accepted'] = {
      file: `mail-${this.ids.length}.eml`,
      door: 'new',
      uid: 0,
      sizeBytes: bytes.length,
      sha256: sha256(bytes),
    };
    const intent: EventDetails['intent'] = {
      intent: {
        plan: planFor(sender, recipients),
        bootId: 'boot',
        copies: [{ number: 1, planned: 1, via: 'pickup', name, sizeBytes: copy.length, sha256: sha256(copy), pending: recipients }],
      },
      archive: archivePath(id),
      messageId: `${id}@example.com`,
      signer: 'aa'.repeat(32),
      signerInfos: [],
      ...(sealed === undefined
        ? {}
        : { kept: [{ number: 1, file: archivePath(id).replace('.eml', '-1.eml'), sizeBytes: copy.length, sha256: sha256(copy) }] }),
      certificates: ['bb'.repeat(32)],
      changes: ['line-ends-to-crlf'],
      ...mail.forged,
    };
    await writer.append([
      newEntry('accepted', { id }, accepted),
      newEntry('intent', { id, algorithms: 'rsa-pkcs1+sha256' }, intent),
      newEntry('committed', { id, outcome: 'handed-to-mta' }, { copies: [{ number: 1, name, outcome: 'committed' }] }),
    ]);
  }
}

export function headFor(facts: Partial<ExportHead> = {}): ExportHead {
  return {
    madeAt: '2026-11-25T08:00:00.000Z',
    by: { uid: 1000, name: 'anna' },
    host: 'mail.example',
    format: 'zip',
    query: '--all',
    asked: 1,
    personal: true,
    recorded: true,
    trail: { head: { seq: 1, hash: 'cc'.repeat(32) }, records: 1, verdict: 'consistent' },
    withoutProofs: 'there is no checkpoint',
    ...facts,
  };
}

export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function planFor(sender: string, recipients: readonly string[]): Plan {
  const copy: CopyPlan = {
    number: 1,
    recipients: [...recipients],
    blind: false,
    rule: 'partner',
    via: 'pickup',
    sign: 'opaque',
    signature: 'rsa-pkcs1',
    digest: 'sha256',
    encryptTo: recipients.map(() => 'bb'.repeat(32)),
    encryptAddresses: [...recipients],
    content: 'aes-256-cbc',
    keyTransport: 'rsa-pkcs1',
    transport: {},
  };
  const decisions = recipients.map((address) => ({ address, visible: true, rule: 'partner', encrypt: true, why: 'the rule says so' }));
  return { version: 1, sender, from: sender, copies: [copy], decisions, dropped: [] };
}
