import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { archivePath } from '../../../src/archive/path.js';
import { addToArchive } from '../../../src/archive/store.js';
import { newEntry } from '../../../src/audit/record.js';
import { AuditWriter } from '../../../src/audit/writer.js';
import { newMessageId } from '../../../src/message-id.js';

export interface PastMessage {
  /** When it was taken, ISO. */
  readonly time: string;
  readonly from?: string;
  /** All that the visible From names, where it names several. */
  readonly authors?: readonly string[];
  readonly to?: readonly string[];
  /** The sealing rule that decided. */
  readonly rule?: string | null;
}

/** Archive and audit trail of a spool as the daemon would have left them at that time. In the order of the times. Returns the ids. */
export async function writeHistory(spool: string, messages: readonly PastMessage[], segmentBytes?: number): Promise<string[]> {
  const [archive, audit] = [join(spool, 'archive'), join(spool, 'audit')];
  for (const path of [archive, audit, join(spool, 'work')]) mkdirSync(path, { recursive: true, mode: 0o700 });
  let now = new Date();
  const writer = await AuditWriter.start({ directory: audit, now: () => now, segmentBytes });
  const ids: string[] = [];
  for (const { time, from = 'steve@example.com', authors, to = ['bob@example.net'], rule = null } of messages) {
    now = new Date(time);
    const id = newMessageId(now.getTime());
    ids.push(id);
    const bytes = `From: ${from}\r\nTo: ${to.join(', ')}\r\nSubject: of ${time}\r\n\r\ntext\r\n`;
    writeFileSync(join(spool, 'work', `${id}.eml`), bytes, { mode: 0o440 });
    addToArchive(archive, id, join(spool, 'work', `${id}.eml`));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const plan = {
      version: 1,
      sender: from,
      from,
      ...(authors !== undefined && { authors }),
      copies: [],
      dropped: [],
      decisions: to.map((address) => ({ address, visible: true, rule, encrypt: true, why: '' })),
    };
    await writer.append([
      newEntry('accepted', { id }, { file: `letter to ${to[0]}.eml`, door: 'new', uid: 0, sizeBytes: bytes.length, sha256 }),
      newEntry(
        'intent',
        { id },
        {
          intent: { plan, bootId: 'x', copies: [] },
          archive: archivePath(id),
          messageId: '',
          signerInfos: [],
          certificates: [],
          changes: [],
        },
      ),
      newEntry('committed', { id, outcome: 'handed-to-mta' }, { copies: [{ number: 1, name: `${id}-1.eml`, outcome: 'committed' }] }),
    ]);
    rmSync(join(spool, 'work', `${id}.eml`));
  }
  await writer.close();
  return ids;
}
