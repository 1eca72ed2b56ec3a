import { checkpointNames, checkpointPath } from '../../audit/checkpoint/files.js';
import { loadAuditIdentity } from '../../audit/checkpoint/identity.js';
import { fileIfThere, maxCheckpointBytes, readCheckpoint } from '../../audit/checkpoint/read.js';
import type { Config } from '../../config/schema.js';
import { readCertificateFile } from '../../keys/certificate-file.js';
import type { SpoolLayout } from '../../spool/layout.js';
import { isLocked } from '../../spool/lock.js';
import { attempt, type Finding, faultFinding, noteThat, ok, warn } from './finding.js';

const topic = 'audit';
const dayMs = 86_400_000;
const soonDays = 30;
/** A time-stamp is asked for at once; an authority that answers has answered by then. */
const stampLagMs = 2 * 3_600_000;

/** Whether the audit trail is signed, by what, since when, and whether time-stamps keep up. */
export function checkpointChecks({ audit }: Config, layout: SpoolLayout, now: Date): Finding[] {
  if (audit.identity === null) {
    return [
      noteThat(
        topic,
        'no checkpoints are made: nothing signs the audit trail, and no record can be proven to others',
        'Make an identity with "sealdrop audit identity FILE.pem", and set audit.identity to it (docs/checkpoints.md).',
      ),
    ];
  }
  try {
    return [
      ...identityFindings(audit.identity, now),
      ...stampFindings(audit.timestamp, layout, now),
      ...newestFindings(audit, layout, now),
    ];
  } catch (error) {
    return [faultFinding(topic, error)];
  }
}

function identityFindings(path: string, now: Date): Finding[] {
  const { signer, notAfter } = loadAuditIdentity(path, {
    environment: process.env,
    credentialsDirectory: process.env.CREDENTIALS_DIRECTORY,
    uid: process.geteuid?.(),
  });
  const days = Math.floor((notAfter.getTime() - now.getTime()) / dayMs);
  const signs = `checkpoints are signed by ${signer.subject} (certificate SHA-256 ${signer.fingerprint})`;
  if (days >= soonDays) return [ok(topic, signs)];
  const when = days < 0 ? 'has expired' : `expires in ${days} days`;
  return [
    warn(
      topic,
      `${signs}, whose certificate ${when}`,
      'Make the next one, and keep the old certificate behind the new one (docs/checkpoints.md, "Changing the key").',
    ),
  ];
}

function stampFindings(timestamp: Config['audit']['timestamp'], layout: SpoolLayout, now: Date): Finding[] {
  if (timestamp === undefined) return [];
  const readable = attempt(topic, `checkpoints are time-stamped by ${timestamp.url}`, () => readCertificateFile(timestamp.ca));
  const { checkpoints, timestamps } = checkpointNames(layout.audit);
  const stamped = timestamps.at(-1) ?? 0;
  const first = checkpoints.find((number) => number > stamped);
  const since = first === undefined ? undefined : timeOf(layout.audit, first);
  if (since === undefined || now.getTime() - since.getTime() < stampLagMs) return [readable];
  const missing = checkpoints.filter((number) => number > stamped).length;
  return [
    readable,
    warn(
      topic,
      `time-stamps lag behind: the last ${missing} checkpoints have none, the first of them of ${since.toISOString()}`,
      'Look at the log for "audit time-stamps"; while sealdrop runs it asks again by itself.',
    ),
  ];
}

function newestFindings({ checkpointMaxAge }: Config['audit'], layout: SpoolLayout, now: Date): Finding[] {
  const newest = checkpointNames(layout.audit).checkpoints.at(-1);
  const time = newest === undefined ? undefined : timeOf(layout.audit, newest);
  if (newest === undefined) return [];
  if (time === undefined)
    return [warn(topic, `checkpoint ${newest} cannot be read`, 'Run "sealdrop audit verify", and keep a copy of the audit directory.')];
  const isOld = now.getTime() - time.getTime() > 2 * checkpointMaxAge;
  if (!isOld || !isLocked(layout.lockFile)) return [ok(topic, `the newest checkpoint is ${newest} of ${time.toISOString()}`)];
  return [
    warn(
      topic,
      `the newest checkpoint is ${newest} of ${time.toISOString()}, though a daemon runs`,
      'Look at the log for "audit checkpoints".',
    ),
  ];
}

function timeOf(auditDirectory: string, number: number): Date | undefined {
  const bytes = fileIfThere(checkpointPath(auditDirectory, number), maxCheckpointBytes);
  const file = bytes === undefined ? undefined : readCheckpoint(bytes);
  return file === undefined || 'fault' in file ? undefined : new Date(file.checkpoint.time);
}
