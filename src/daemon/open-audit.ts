import { newEntry } from '../audit/record.js';
import { AuditWriter } from '../audit/writer.js';
import { version } from '../version.js';
import type { EventDetails } from './events.js';
import { plainFault } from './protocol.js';
import type { DaemonWorld } from './world.js';

const retryMs = 1000;

/** Opens the audit chain; an end that was being written when the power failed is cut back. Told to run to the end, it waits for no disk. */
export async function openAudit({ config, layout, log, health, once }: DaemonWorld): Promise<AuditWriter> {
  const audit = await AuditWriter.start({
    directory: layout.audit,
    now: () => new Date(),
    segmentBytes: config.audit.segmentBytes,
    retryMs: once ? undefined : retryMs,
    onWait: (fault) => health.pause('audit', fault === undefined ? undefined : plainFault(fault)),
  });
  for (const cut of audit.repaired) log.warn('cut back an unfinished end of the audit trail', { ...cut });
  return audit;
}

/** `checkpointMaxAgeMs`: what this run promises; undefined where it makes no checkpoints. */
export async function recordStart(audit: AuditWriter, config: string, checkpointMaxAgeMs: number | undefined): Promise<void> {
  const promise = checkpointMaxAgeMs === undefined ? {} : { checkpointMaxAgeMs };
  await audit.append([newEntry('started', {}, { version, pid: process.pid, config, ...promise } satisfies EventDetails['started'])]);
}
