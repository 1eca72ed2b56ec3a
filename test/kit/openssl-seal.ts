import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openssl } from './openssl-cli.js';
import type { Issued } from './pki.js';
import { runDirectory } from './temp.js';

export interface OpensslSealOptions {
  readonly signer?: Issued;
  readonly detached?: boolean;
  readonly recipients?: readonly Issued[];
  /** As `openssl cms -encrypt` names it, default aes-256-cbc. */
  readonly cipher?: string;
  /** Applied to the signed entity before it is encrypted: what an attacker, or a fault, might do to it. */
  readonly tamper?: (signedEntity: Buffer) => Buffer;
}

/** Signs and then encrypts an entity by `openssl cms`, to have messages that no code of ours has made. */
export function sealWithOpenssl(entity: Buffer, options: OpensslSealOptions): Buffer {
  const { signer, recipients = [], detached = false, cipher = 'aes-256-cbc', tamper = (bytes: Buffer) => bytes } = options;
  const directory = mkdtempSync(join(runDirectory(), 'seal-'));
  try {
    const file = join(directory, 'entity');
    let sealed = entity;
    if (signer !== undefined) {
      writeFileSync(file, sealed);
      const { certificate, privateKey, chain } = signer.files;
      const how = ['-binary', ...(detached ? [] : ['-nodetach']), '-signer', certificate, '-inkey', privateKey, '-certfile', chain];
      sealed = tamper(openssl(['cms', '-sign', '-in', file, '-outform', 'SMIME', ...how]));
    }
    if (recipients.length === 0) return sealed;
    writeFileSync(file, sealed);
    const certificates = recipients.map(({ files }) => files.certificate);
    return openssl(['cms', '-encrypt', `-${cipher}`, '-binary', '-in', file, '-outform', 'SMIME', ...certificates]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
