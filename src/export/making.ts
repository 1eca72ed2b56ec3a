import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readStoredFile } from '../archive/stored-file.js';
import { type LocatedRecord, LocatedRecords } from '../audit/located.js';
import { proofText } from '../audit/proof/format.js';
import { SealdropError } from '../errors.js';
import { timeOfMessageId } from '../message-id.js';
import type { Container } from './container.js';
import { coverPage } from './cover.js';
import { type Exhibit, type ExhibitOptions, type Problem, readExhibit, sealedCopiesOf } from './exhibit.js';
import { type FileFacts, HashedFile } from './hashed-file.js';
import { type ExportTotals, type ListedFile, Manifest, type ProofFile } from './manifest.js';
import { openContainer } from './open-container.js';
import type { ExportOutput } from './output.js';
import type { ExportReport, ExportRequest } from './request.js';
import { Table } from './table.js';

/** Rows that the cover sheet has room for; the rest stand in manifest.csv. */
const mostRows = 200;

/** One export while it is made: the mail, and what lists and proves it. */
export class Making {
  private readonly request: ExportRequest;
  private readonly output: ExportOutput;
  private readonly container: Container;
  private readonly manifest: Manifest;
  private readonly table: Table;
  private readonly sums: HashedFile;
  private readonly trail: LocatedRecords | undefined;
  private readonly certificates = new Set<string>();
  private readonly problems: Problem[] = [];
  private readonly listed: ListedFile[] = [];
  private readonly rows: Omit<Exhibit, 'bytes'>[] = [];
  private totals: ExportTotals = { count: 0, sizeBytes: 0 };
  private closed = false;

  constructor(request: ExportRequest, output: ExportOutput) {
    const { ids, audit, head } = request;
    this.request = request;
    this.output = output;
    const earliest = [...ids].sort()[0] ?? '';
    this.trail = audit === undefined ? undefined : new LocatedRecords(audit, new Set(ids), timeOfMessageId(earliest));
    this.container = openContainer(request, output.inWork('mail'));
    this.manifest = new Manifest(output.inWork('manifest.json'), head);
    this.table = new Table(output.inWork('manifest.csv'), head);
    this.sums = new HashedFile(output.inWork('SHA256SUMS'));
  }

  async addMessages(progress: (done: number, sizeBytes: number) => void): Promise<void> {
    let done = 0;
    for (const id of [...new Set(this.request.ids)].sort()) {
      const records = this.trail?.of(id) ?? [];
      const found = readExhibit(id, records, this.reading());
      if ('problem' in found) this.problems.push(found.problem);
      else await this.add(found.exhibit, records);
      progress(++done, this.totals.sizeBytes);
    }
  }

  async finish(): Promise<Omit<ExportReport, 'files'>> {
    if (this.container.extras !== undefined) {
      await this.addRecords();
      await this.addCertificates();
    }
    const table = this.table.end();
    const manifest = this.manifest.end(this.totals, this.problems, this.listed);
    if (this.container.extras !== undefined) {
      await this.addListed('manifest.csv', table);
      await this.addListed('manifest.json', manifest);
      await this.addCover(manifest);
      this.sums.close();
      await this.container.extras.addFile('SHA256SUMS', this.output.inWork('SHA256SUMS'));
    } else this.sums.close();
    await this.container.close();
    this.closed = true;
    return { totals: this.totals, manifest, problems: this.problems };
  }

  /** A manifest that has no room within stands beside; it comes first, so that the export's own name says that all is there. */
  published(): { name: string; to: string }[] {
    const { path } = this.output;
    const mail = { name: 'mail', to: path };
    return this.container.extras === undefined ? [{ name: 'manifest.json', to: `${path}.manifest.json` }, mail] : [mail];
  }

  abandon(): void {
    this.trail?.close();
    if (!this.closed) this.container.abandon();
  }

  private reading(): ExhibitOptions {
    const { archive, open, asStored } = this.request;
    return { archive, open, asStored };
  }

  private async add(exhibit: Exhibit, records: readonly LocatedRecord[]): Promise<void> {
    const { account, bytes, sha256 } = exhibit;
    const file = await this.container.addOriginal(exhibit);
    if (file !== undefined) this.sum(file, sha256);
    const sealed = await this.addSealed(exhibit);
    const proof = await this.addProof(account.id, records);
    // What a forged record names becomes no path.
    for (const fingerprint of [...account.certificates, ...account.signers])
      if (/^[0-9a-f]{64}$/.test(fingerprint)) this.certificates.add(fingerprint);
    this.manifest.add(exhibit, { ...(file === undefined ? {} : { file }), sealed, ...(proof === undefined ? {} : { proof }) });
    this.table.add(exhibit, file);
    const { bytes: _, ...row } = exhibit;
    if (this.rows.length < mostRows) this.rows.push(row);
    const time = account.accepted?.time ?? account.claimed;
    const { count, sizeBytes, first = time, last = time } = this.totals;
    this.totals = {
      count: count + 1,
      sizeBytes: sizeBytes + bytes.length,
      first: [first, time].sort()[0] ?? time,
      last: [last, time].sort()[1] ?? time,
    };
  }

  private async addSealed({ account }: Exhibit): Promise<ListedFile[]> {
    const { extras } = this.container;
    if (extras === undefined) return [];
    const files: ListedFile[] = [];
    for (const copy of sealedCopiesOf(account, this.reading())) {
      if ('kind' in copy) {
        this.problems.push(copy);
        continue;
      }
      const name = `sealed/${copy.name}`;
      await extras.addBytes(name, copy.bytes);
      this.sum(name, copy.sha256);
      files.push({ name, sizeBytes: copy.bytes.length, sha256: copy.sha256 });
    }
    return files;
  }

  /** Of all records of the message that are under a checkpoint by now. */
  private async addProof(id: string, records: readonly LocatedRecord[]): Promise<ProofFile | undefined> {
    const { extras } = this.container;
    const { prover, head } = this.request;
    if (extras === undefined || prover === undefined) return undefined;
    const own = records.filter(({ record }) => record.id === id);
    const covered = own.filter(({ record }) => record.seq <= prover.covered());
    if (covered.length === 0) return undefined;
    try {
      const lines = covered.map(({ record, chainLine, detailsLine }) => {
        return { seq: record.seq, line: chainLine, details: head.personal ? detailsLine : undefined };
      });
      const bytes = Buffer.from(proofText({ id, ...prover.prove(lines) }));
      const name = `proofs/${id}.json`;
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      await extras.addBytes(name, bytes);
      this.sum(name, sha256);
      return { name, sizeBytes: bytes.length, sha256, records: covered.length, of: own.length };
    } catch (error) {
      if (!(error instanceof SealdropError) || error.code !== 'proof-impossible') throw error;
      this.problems.push({ id, kind: 'not-proven', text: error.message });
      return undefined;
    }
  }

  /** The very lines of the trail: hashes, commitments and salts can be computed again by anybody. */
  private async addRecords(): Promise<void> {
    if (this.trail === undefined) return;
    const { personal } = this.request.head;
    const chain = new HashedFile(this.output.inWork('records.chain.jsonl'));
    const details = personal ? new HashedFile(this.output.inWork('records.details.jsonl')) : undefined;
    for (const { chainLine, detailsLine } of this.trail.all()) {
      chain.write(`${chainLine}\n`);
      if (detailsLine !== undefined) details?.write(`${detailsLine}\n`);
    }
    await this.addListed('records.chain.jsonl', chain.close());
    if (details !== undefined) await this.addListed('records.details.jsonl', details.close());
  }

  private async addCertificates(): Promise<void> {
    for (const fingerprint of [...this.certificates].sort()) {
      const path = `${this.request.archive}/certs/${fingerprint}.der`;
      if (!existsSync(path)) continue;
      const name = `certificates/${fingerprint}.der`;
      const bytes = readStoredFile(path);
      await this.container.extras?.addBytes(name, bytes);
      // Its name is the SHA-256 of its bytes; whether it is, the sum tells.
      this.sum(name, fingerprint);
      this.listed.push({ name, sizeBytes: bytes.length, sha256: fingerprint });
    }
  }

  private async addCover(manifest: FileFacts): Promise<void> {
    const page = new HashedFile(this.output.inWork('cover.html'));
    page.write(coverPage({ head: this.request.head, totals: this.totals, manifest, rows: this.rows, problems: this.problems }));
    await this.addListed('cover.html', page.close());
  }

  private async addListed(name: string, { sizeBytes, sha256 }: FileFacts): Promise<void> {
    await this.container.extras?.addFile(name, this.output.inWork(name));
    this.sum(name, sha256);
    this.listed.push({ name, sizeBytes, sha256 });
  }

  private sum(name: string, sha256: string): void {
    this.sums.write(`${sha256}  ${name}\n`);
  }
}
