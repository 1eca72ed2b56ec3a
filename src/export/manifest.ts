import { version } from '../version.js';
import type { Exhibit, Problem } from './exhibit.js';
import { type FileFacts, HashedFile } from './hashed-file.js';
import { exportMark } from './output.js';

/** What is known of an export before its first message. */
export interface ExportHead {
  readonly madeAt: string;
  readonly by: { readonly uid: number; readonly name: string };
  readonly host: string;
  readonly format: string;
  /** What was asked for, in the words of the command line. */
  readonly query: string;
  readonly asked: number;
  readonly personal: boolean;
  /** Whether it goes into the audit trail. */
  readonly recorded: boolean;
  readonly trail: TrailState;
  /** Why there are no proofs; undefined if there are. */
  readonly withoutProofs?: string;
}

/** The audit trail when the export was made. */
export interface TrailState {
  readonly head?: { readonly seq: number; readonly hash: string };
  readonly records?: number;
  readonly verdict: string;
}

export interface ExportTotals {
  readonly count: number;
  readonly sizeBytes: number;
  readonly first?: string;
  readonly last?: string;
}

/** A file of the export beside the originals. */
export interface ListedFile extends FileFacts {
  readonly name: string;
}

/** Where a message's files are in the export. */
export interface ExhibitFiles {
  /** Of the original; undefined where all are in one file. */
  readonly file?: string;
  readonly sealed: readonly ListedFile[];
  readonly proof?: ProofFile;
}

/** That so many of the message's records are in the chain. Those that are not under a checkpoint yet cannot be proven. */
export interface ProofFile extends ListedFile {
  readonly records: number;
  readonly of: number;
}

/** `manifest.json`, written as the export grows: a message a line, so that it is neither held in memory nor hard to compare. */
export class Manifest {
  private readonly file: HashedFile;
  private readonly personal: boolean;
  private first = true;

  constructor(path: string, head: ExportHead) {
    this.file = new HashedFile(path);
    this.personal = head.personal;
    this.file.write(`{${exportMark},"version":1,"program":"sealdrop ${version}"`);
    for (const [name, value] of Object.entries(head))
      if (value !== undefined) this.file.write(`,\n${JSON.stringify(name)}:${JSON.stringify(value)}`);
    this.file.write(',\n"messages":[');
  }

  add(exhibit: Exhibit, files: ExhibitFiles): void {
    this.file.write(`${this.first ? '' : ','}\n${JSON.stringify(messageLine(exhibit, files, this.personal))}`);
    this.first = false;
  }

  end(totals: ExportTotals, problems: readonly Problem[], files: readonly ListedFile[]): FileFacts {
    this.file.write(
      `\n],\n"notIncluded":${JSON.stringify(problems)},\n"files":${JSON.stringify(files)},\n"totals":${JSON.stringify(totals)}\n}\n`,
    );
    return this.file.close();
  }
}

function messageLine({ account, subject, sizeBytes, sha256, checked }: Exhibit, files: ExhibitFiles, personal: boolean): object {
  const { id, claimed, accepted, envelope, messageId, from, recipients, copies, records, certificates, signers, algorithms, archive } =
    account;
  const about = {
    id,
    ...files,
    sizeBytes,
    sha256,
    checked,
    claimed,
    accepted: accepted?.time,
    archive,
    restored: account.restored,
    algorithms,
    signers,
    certificates,
    records: records.map(({ seq }) => seq),
  };
  if (!personal) return { ...about, copies: copies.map(({ recipients: whom, ...copy }) => ({ ...copy, recipients: whom.length })) };
  return {
    ...about,
    envelope,
    from,
    subject,
    messageId,
    submitted: accepted === undefined ? undefined : { file: accepted.file, uid: accepted.uid, door: accepted.door },
    recipients,
    copies,
  };
}
