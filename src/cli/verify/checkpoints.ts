import { auditCertificates } from '../../audit/checkpoint/identity.js';
import type { CheckpointChecks, CheckpointReport } from '../../audit/checkpoint-verify.js';
import type { Config } from '../../config/schema.js';
import { readCertificateFile } from '../../keys/certificate-file.js';
import type { SpoolLayout } from '../../spool/layout.js';
import { isLocked } from '../../spool/lock.js';
import { anchorsIn } from '../open-keys.js';
import { count } from '../output.js';

/** Who is believed, as the command line says it. */
export interface CheckpointArguments {
  readonly ca?: string;
  readonly cert?: string;
  readonly tsaCa?: string;
}

export function checksFor({ ca, cert, tsaCa }: CheckpointArguments, config: Config, layout: SpoolLayout): CheckpointChecks {
  const { timestamp } = config.audit;
  const given = ca !== undefined || cert !== undefined;
  const stampCa = tsaCa ?? timestamp?.ca;
  return {
    trust: {
      certificates: cert !== undefined ? anchorsIn(cert) : given ? [] : certificatesOf(config),
      anchors: ca === undefined ? [] : anchorsIn(ca),
    },
    timestampAnchors: stampCa === undefined ? [] : readCertificateFile(stampCa).map(({ der }) => der),
    now: new Date(),
    running: isLocked(layout.lockFile),
  };
}

/** Those that lie with the identity; none where there is none, and then no checkpoint is believed. */
function certificatesOf({ audit: { identity } }: Config): readonly Buffer[] {
  if (identity === null) return [];
  const world = { environment: process.env, credentialsDirectory: process.env.CREDENTIALS_DIRECTORY, uid: undefined };
  return auditCertificates(identity, world);
}

export function checkpointsText({ sound, last, stamped, lastStamp }: CheckpointReport): string {
  if (last === undefined) return 'no checkpoint that the chain fits';
  const stamps = lastStamp === undefined ? '' : `, ${stamped} time-stamped, at last ${lastStamp}`;
  return `${count(sound, 'checkpoint')} that the chain fits, the last one ${last.number} of ${last.time} over ${last.records} records${stamps}`;
}
