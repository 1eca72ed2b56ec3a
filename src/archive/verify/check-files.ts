import type { KeyObject } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { detailsName } from '../../audit/files.js';
import type { Finding } from '../../audit/finding.js';
import { cutDetailsLine } from '../../audit/record.js';
import { diskFault } from '../../disk/faults.js';
import { type OpenEntry, openWith } from '../decrypt.js';
import { entryNamed } from '../entry.js';
import { expectedOf } from './expected.js';
import { checkBytes, checkFile } from './file-check.js';
import { intentFacts } from './intent-facts.js';
import { KeptCertificates } from './kept-certificates.js';
import { certificateFaults, type ProofOutcome, proofOutcomes, proveIntent } from './proof.js';
import { Row, rowBytes } from './rows.js';

/** Some files of one day of the archive, and the rows of the trail about each. */
export interface FilesTask {
  readonly kind: 'files';
  /** `YYYY/MM/DD` */
  readonly day: string;
  readonly names: readonly string[];
  /** How many rows each has. */
  readonly counts: Uint8Array;
  readonly rows: Uint8Array<ArrayBuffer>;
  /** They are in the second location. */
  readonly second: boolean;
}

export interface FilesResult {
  /** Files of originals in the archive itself. */
  readonly originals: number;
  readonly sizeBytes: number;
  readonly proofs: Proofs;
  readonly findings: readonly Finding[];
}

export type Proofs = Readonly<Record<ProofOutcome, number>>;

export interface CheckOptions {
  readonly archive: string;
  readonly audit: string;
  /** By the number that rows name them with. */
  readonly segments: readonly string[];
  /** Prove signatures too. */
  readonly signatures: boolean;
  /** Of the second location. */
  readonly second: string | undefined;
  /** Open encrypted entries. */
  readonly keys: readonly { readonly certificate: Uint8Array; readonly privateKey: KeyObject }[];
}

/** Compares files with what the trail says of them, and proves their signatures. Opened once, for many tasks. */
export class FileChecker {
  private readonly options: CheckOptions;
  private readonly open: OpenEntry | undefined;
  private readonly certificates: KeptCertificates;
  private readonly details = new Map<number, number>();

  constructor(options: CheckOptions) {
    this.options = options;
    const keys = options.keys.map(({ certificate, privateKey }) => ({ certificate: Buffer.from(certificate), privateKey }));
    this.open = keys.length === 0 ? undefined : openWith(keys);
    this.certificates = new KeptCertificates(options.archive);
  }

  check({ day, names, counts, rows, second }: FilesTask): FilesResult {
    const all = Buffer.from(rows.buffer, rows.byteOffset, rows.length);
    const proofs = noProofs();
    const findings: Finding[] = [];
    let sizeBytes = 0;
    let at = 0;
    names.forEach((name, index) => {
      const own: Buffer[] = [];
      for (let left = counts[index] ?? 0; left > 0; left--, at += rowBytes) own.push(all.subarray(at, at + rowBytes));
      const checked = second ? this.checkSecond(`${day}/${name}`, own) : this.checkOne(`${day}/${name}`, own);
      sizeBytes += checked.sizeBytes;
      findings.push(...checked.findings);
      for (const outcome of checked.outcomes) proofs[outcome]++;
    });
    const originals = second ? 0 : names.filter((name) => !isKeptName(name)).length;
    return { originals, sizeBytes, proofs, findings };
  }

  close(): void {
    for (const descriptor of this.details.values()) closeSync(descriptor);
    this.details.clear();
  }

  private checkOne(path: string, rows: readonly Buffer[]) {
    const { archive, signatures } = this.options;
    const entry = entryNamed(path);
    if (entry === undefined) return { ...checkBytes(archive, path, keptHash(rows), 'archive-altered'), outcomes: [] };
    const expected = expectedOf(rows);
    const checked = checkFile(archive, entry, expected, this.open, signatures);
    if (!signatures) return { ...checked, outcomes: [] };
    const failed = checked.findings.length > 0;
    if (expected.intents.length === 0) return { ...checked, outcomes: expected.archived ? [unsent(expected)] : [] };
    const proven = expected.intents.map((place) => {
      if (checked.original === undefined) return failed ? { outcome: 'failed' as const, findings: [] } : this.unopened(place);
      return this.prove(entry.id, path, place, checked.original);
    });
    return {
      sizeBytes: checked.sizeBytes,
      findings: [...checked.findings, ...proven.flatMap(({ findings }) => findings)],
      outcomes: proven.map(({ outcome }) => outcome),
    };
  }

  private checkSecond(path: string, rows: readonly Buffer[]) {
    const { second = '' } = this.options;
    const entry = entryNamed(path);
    const { sha256, stored } = expectedOf(rows);
    const isPlain = entry !== undefined && !entry.form.compressed && !entry.form.encrypted;
    const wanted = entry === undefined ? keptHash(rows) : isPlain ? sha256 : stored;
    return { ...checkBytes(second, path, wanted, 'second-altered'), outcomes: [] as ProofOutcome[] };
  }

  private prove(id: string, path: string, place: NonNullable<Row['place']>, original: Buffer) {
    const detail = this.detailAt(place);
    // Erased since the chain was read: the segment was written anew.
    if (detail === undefined) return { outcome: 'notKept' as const, findings: [] };
    return proveIntent(id, path, intentFacts(detail), () => original, this.certificates);
  }

  /** Nothing can be proven without the original; that the certificates are there can be seen all the same. */
  private unopened(place: NonNullable<Row['place']>) {
    const detail = this.detailAt(place);
    const findings = detail === undefined ? [] : certificateFaults(intentFacts(detail), this.certificates);
    return { outcome: 'noKey' as const, findings };
  }

  private detailAt({ segment, offset, sizeBytes }: NonNullable<Row['place']>): unknown {
    const path = `${this.options.audit}/${detailsName(this.options.segments[segment] ?? '')}`;
    const line = Buffer.allocUnsafe(sizeBytes);
    try {
      const descriptor = this.details.get(segment) ?? openSync(path, 'r');
      this.details.set(segment, descriptor);
      readSync(descriptor, line, 0, sizeBytes, offset);
    } catch (error) {
      throw diskFault(error, 'read', path);
    }
    const cut = cutDetailsLine(line);
    return cut?.kind === 'detail' ? JSON.parse(cut.text.toString('utf8')) : undefined;
  }
}

/** Without an intent; with its details, it was dropped. */
function unsent({ forms }: { forms: readonly string[] }): ProofOutcome {
  return forms.length > 0 ? 'notSent' : 'notKept';
}

function keptHash([row]: readonly Buffer[]): Buffer | undefined {
  return row === undefined ? undefined : new Row(row, 0).sha256;
}

export function noProofs(): Record<ProofOutcome, number> {
  return Object.fromEntries(proofOutcomes.map((outcome) => [outcome, 0])) as Record<ProofOutcome, number>;
}

/** A sealed copy's name has its number behind the id. */
function isKeptName(name: string): boolean {
  return name[36] === '-';
}
