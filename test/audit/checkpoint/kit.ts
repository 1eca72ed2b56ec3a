import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChainReport } from '../../../src/audit/chain-of-segments.js';
import { checkpointPath } from '../../../src/audit/checkpoint/files.js';
import type { AuditIdentity } from '../../../src/audit/checkpoint/identity.js';
import { loadAuditIdentity } from '../../../src/audit/checkpoint/identity.js';
import { CheckpointMaker } from '../../../src/audit/checkpoint/maker.js';
import type { CheckpointChecks } from '../../../src/audit/checkpoint-verify.js';
import { verifyChain } from '../../../src/audit/verify.js';
import { AuditWriter } from '../../../src/audit/writer.js';
import { makeSelfSigned, type SelfSignedFacts } from '../../../src/keys/self-signed.js';
import { noon } from '../chain.js';

const DAY_MS = 86_400_000;

/** Files of an audit identity of the test's own: `<name>.pem` and `<name>.crt`. Returns the first one's path. */
export function writeAuditIdentity(directory: string, name = 'audit', facts: Partial<SelfSignedFacts> = {}): string {
  const made = makeSelfSigned({
    commonName: `${name} of a test`,
    key: 'p-256',
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 3650 * DAY_MS),
    ...facts,
  });
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${name}.pem`);
  writeFileSync(path, made.privateKeyPem, { mode: 0o600 });
  chmodSync(path, 0o600);
  writeFileSync(join(directory, `${name}.crt`), made.certificatePem);
  return path;
}

export function identityIn(path: string): AuditIdentity {
  return loadAuditIdentity(path, { environment: {}, credentialsDirectory: undefined, uid: process.geteuid?.() });
}

export interface Trail {
  readonly writer: AuditWriter;
  readonly maker: CheckpointMaker;
  close(): Promise<void>;
}

/** A chain with a maker of checkpoints beside it, as the daemon has them. */
export async function openTrail(
  directory: string,
  identity: AuditIdentity,
  now: () => Date = () => noon,
  segmentBytes?: number,
): Promise<Trail> {
  const writer = await AuditWriter.start({ directory, now, segmentBytes });
  const maker = CheckpointMaker.open({ directory, identity, now, append: (entries) => writer.append(entries) }, writer.head);
  writer.follow((written) => maker.follow(written));
  return { writer, maker, close: () => writer.close() };
}

function checksFor(identity: AuditIdentity, more: Partial<CheckpointChecks> = {}): CheckpointChecks {
  return { trust: { certificates: identity.certificates, anchors: [] }, timestampAnchors: [], now: noon, running: false, ...more };
}

export function reportOn(directory: string, identity: AuditIdentity, more: Partial<CheckpointChecks> = {}): ChainReport {
  return verifyChain(directory, () => undefined, checksFor(identity, more));
}

/** `kind file` of each finding. */
export function kindsIn({ findings }: ChainReport): string[] {
  return findings.map(({ kind, file }) => `${kind} ${file}`);
}

export function checkpointBytes(directory: string, number: number): Buffer {
  return readFileSync(checkpointPath(directory, number));
}
