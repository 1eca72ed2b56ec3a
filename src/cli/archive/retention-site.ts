import { existsSync } from 'node:fs';
import { newEntry } from '../../audit/record.js';
import { AuditWriter } from '../../audit/writer.js';
import { loadConfig } from '../../config/load.js';
import { askDaemon } from '../../daemon/control.js';
import type { RetentionRequest } from '../../daemon/retention/desk.js';
import { type DestroyReport, destroy, type RetentionOptions } from '../../daemon/retention/engine.js';
import type { Operator } from '../../daemon/retention/operator.js';
import { retentionOptions } from '../../daemon/retention/options.js';
import { SealdropError } from '../../errors.js';
import { type SpoolLayout, spoolLayout } from '../../spool/layout.js';
import { isLocked, lockSpool } from '../../spool/lock.js';
import { note } from '../output.js';
import { becomeOwnerOf } from '../service-user.js';
import { userName } from '../unix-names.js';
import { mayRecord } from './recorder.js';

/** What the commands about retention need: where things are, what the configuration says, and who asks. */
export interface RetentionSite {
  readonly layout: SpoolLayout;
  readonly options: RetentionOptions;
  readonly segmentBytes: number;
  readonly by: Operator;
}

export function openRetentionSite(configPath: string, name: string | undefined): RetentionSite {
  const config = loadConfig(configPath);
  const layout = spoolLayout(config.spool);
  const by = operator(name);
  if (existsSync(layout.root)) becomeOwnerOf(layout.root);
  return { layout, options: retentionOptions(config, layout), segmentBytes: config.audit.segmentBytes, by };
}

/** Through the daemon, which owns the chain; where none runs, by this process under the spool's lock. */
export async function carryOut(site: RetentionSite, request: RetentionRequest): Promise<unknown> {
  const { layout } = site;
  if (!mayRecord(layout)) {
    throw new SealdropError('no-access', `only the user that ${layout.root} belongs to may do this: it is recorded in the audit trail`, {
      disposition: 'fatal',
      cure: 'Run the command as that user, or as root.',
    });
  }
  if (!isLocked(layout.lockFile)) return onDisk(site, request);
  const answer = await askDaemon(layout.controlSocket, { ask: 'retention', request }, showProgress);
  if (answer !== undefined) return answer;
  throw new SealdropError('daemon-silent', `the daemon that holds the spool does not listen on ${layout.controlSocket}`, {
    disposition: 'retry',
    cure: 'It may be starting, or "run --once": try again.',
  });
}

async function onDisk({ layout, options, segmentBytes }: RetentionSite, request: RetentionRequest): Promise<DestroyReport | { ok: true }> {
  const lock = lockSpool(layout.lockFile, Date.now());
  try {
    const audit = await AuditWriter.start({ directory: layout.audit, now: () => new Date(), segmentBytes });
    try {
      if (request.kind === 'purge' || request.kind === 'erase') {
        const chain = {
          holdsVersion: async () => 0,
          append: async (entries: Parameters<AuditWriter['append']>[0]) => {
            await audit.append(entries);
            return true;
          },
          roll: () => audit.roll(),
        };
        return await destroy(options, chain, request, () => new Date(), showProgress);
      }
      const { kind, ...detail } = request;
      await audit.append([newEntry(kind === 'hold' ? 'hold-placed' : 'hold-released', {}, detail)]);
      return { ok: true };
    } finally {
      await audit.close();
    }
  } finally {
    lock.release();
  }
}

let lastShown = '';

/** For a person who looks on; what is piped away gets no lines that are written over each other. */
export function showProgress(done: string): void {
  if (process.stderr.isTTY !== true || done === '' || done === lastShown) return;
  lastShown = done;
  note(done);
}

/** The user who gave the command, also when it was given through sudo. */
function operator(name: string | undefined): Operator {
  const { SUDO_USER, SUDO_UID } = process.env;
  const uid = process.getuid?.() ?? 0;
  const viaSudo = uid === 0 && SUDO_USER !== undefined && /^\d+$/.test(SUDO_UID ?? '');
  return {
    uid: viaSudo ? Number(SUDO_UID) : uid,
    user: viaSudo ? SUDO_USER : userName(uid),
    ...(name !== undefined && { name }),
  };
}
