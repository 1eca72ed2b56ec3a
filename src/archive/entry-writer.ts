import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { removeIfThere } from '../disk/durable.js';
import { errnoOf } from '../disk/faults.js';
import type { GroupWriter } from '../disk/file-group.js';
import { SealdropError } from '../errors.js';
import { type Octets, octetsOf } from '../message/octets.js';
import { envelop } from '../smime/encrypt.js';
import { type ComplianceRecipient, complianceRecipients } from './compliance.js';
import { entryOf, type StoredForm } from './entry.js';
import { archiveDay } from './path.js';
import { sealedEntryOf } from './sealed-entry.js';
import { requireSecond, secondFault } from './second.js';
import type { ArchiveSettings, KeptCopy, StoredEntry } from './settings.js';
import { addToArchive, archiveConflict, archiveDirectoryOf, keepCertificate, makeDay, removeLink } from './store.js';

/** What is stored of an original. */
export interface PreparedEntry {
  readonly form: StoredForm;
  /** What the file will hold; undefined: it is a link to our own copy. */
  readonly octets: Octets | undefined;
}

/** A link to our own copy. */
export const linkEntry: PreparedEntry = { form: { compressed: false, encrypted: false }, octets: undefined };

/** Larger originals are stored as they are: compressed octets are held in memory, which follows the configuration alone (I7). */
export const mostCompressedBytes = 64 << 20;

const compressed = promisify(gzip);

/**
 * Writes entries in the form that the configuration asks for. By default a plain one is a link to our own copy; otherwise it is a file of its
 * own, and so is every entry in the second location. All is durable when the group of files says so; killed before a record names it, it is
 * removed at the next start (`removeUnrecorded`).
 */
export class EntryWriter {
  readonly settings: ArchiveSettings;
  /** Who opens what is encrypted. */
  readonly recipients: readonly ComplianceRecipient[];

  constructor(settings: ArchiveSettings) {
    this.settings = settings;
    this.recipients = complianceRecipients(settings.encryptTo);
  }

  /** Entries are links: there is nothing to prepare, and nothing to write but a name. */
  get isPlain(): boolean {
    return this.settings.compress === 'none' && this.recipients.length === 0;
  }

  /** Compressed, then encrypted. Compressing is done by threads of its own; to encrypt takes less time than to hand it to one. */
  async prepare(original: Buffer): Promise<PreparedEntry> {
    const isCompressed = this.settings.compress === 'gzip' && original.length <= mostCompressedBytes;
    return this.prepared(octetsOf(isCompressed ? await compressed(original) : original), isCompressed);
  }

  /** The same for what is not in memory; it is not compressed. */
  prepared(octets: Octets, isCompressed = false): PreparedEntry {
    const encrypted = this.recipients.length > 0;
    const form = { compressed: isCompressed, encrypted };
    if (encrypted) return { form, octets: this.envelop(octets) };
    return { form, octets: isCompressed ? octets : undefined };
  }

  /**
   * Before a group of files is written: makes the days' directories, and proves that the second location is there. `keeps`: sealed copies are
   * among the files. A link makes its day itself, when it misses it.
   */
  makeReady(ids: readonly string[], keeps: boolean): void {
    const { directory, second } = this.settings;
    if (this.isPlain && !keeps && second === undefined) return;
    const days = new Set(ids.map(archiveDay));
    if (!this.isPlain || keeps) for (const day of days) makeDay(directory, day);
    if (second === undefined || days.size === 0) return;
    requireSecond(second);
    this.atSecond(() => {
      for (const day of days) makeDay(second.directory, day);
    });
  }

  /** An entry that is not there yet. `original`: what our own copy holds. */
  enter(id: string, ownCopy: string, original: Octets, { form, octets }: PreparedEntry, files: GroupWriter): StoredEntry {
    const { directory, group, second } = this.settings;
    const { path } = entryOf(id, form);
    const facts = second === undefined ? {} : ({ second: true } as const);
    if (octets === undefined) {
      addToArchive(directory, id, ownCopy);
      try {
        if (second !== undefined) this.writeSecond(path, original, files);
      } catch (error) {
        // A link is no file of the group: what the group takes back when it fails does not reach it.
        removeLink(directory, id);
        throw error;
      }
      return { archive: path, ...facts };
    }
    const passed = passing(octets);
    try {
      files.write(`${directory}/${path}`, passed.pieces(), { mode: 0o440, gid: group });
    } catch (error) {
      if (isThereAlready(error)) throw archiveConflict(`${directory}/${path}`, id);
      throw error;
    }
    if (second !== undefined) this.writeSecond(path, passed.again(), files);
    return { archive: path, stored: { ...passed.facts(), ...this.encryptedTo(form.encrypted) }, ...facts };
  }

  /** A sealed copy, kept as it is handed over. One of that number that no record names is a leftover, and is replaced. */
  keep(id: string, number: number, sealed: Octets, isEncrypted: boolean, files: GroupWriter): KeptCopy {
    const { directory, group, second } = this.settings;
    const covered = this.recipients.length > 0 && !isEncrypted;
    const { path } = sealedEntryOf(id, number, covered);
    const passed = passing(covered ? this.envelop(sealed) : sealed);
    removeIfThere(`${directory}/${path}`);
    files.write(`${directory}/${path}`, passed.pieces(), { mode: 0o440, gid: group });
    if (second !== undefined) this.writeSecond(path, passed.again(), files);
    return { number, file: path, ...passed.facts() };
  }

  /** Takes a file back that no record names. At the second location it is replaced, if it cannot be removed now. */
  remove(path: string): void {
    const { directory, second } = this.settings;
    removeIfThere(`${directory}/${path}`);
    if (second === undefined) return;
    try {
      requireSecond(second);
      removeIfThere(`${second.directory}/${path}`);
    } catch (error) {
      if (!(error instanceof SealdropError)) throw error;
    }
  }

  /** The directories whose names have to be durable with the entry of a message. */
  syncNames(id: string, files: GroupWriter): void {
    const { directory, second } = this.settings;
    files.syncNames(archiveDirectoryOf(directory, id));
    if (second !== undefined) files.syncNames(archiveDirectoryOf(second.directory, id), secondFault(second.directory));
  }

  /** Once more, before a record says that the second location has it: it may have gone away in between. */
  requireSecond(): void {
    if (this.settings.second !== undefined) requireSecond(this.settings.second);
  }

  keepCertificate(fingerprint: string, der: Buffer): void {
    const { directory, second } = this.settings;
    keepCertificate(directory, fingerprint, der);
    if (second === undefined) return;
    requireSecond(second);
    this.atSecond(() => keepCertificate(second.directory, fingerprint, der));
  }

  encryptedTo(encrypted: boolean): { encryptedTo?: readonly string[] } {
    return encrypted ? { encryptedTo: this.settings.encryptTo.map(({ fingerprint }) => fingerprint) } : {};
  }

  private envelop(octets: Octets): Octets {
    return envelop(
      octets,
      this.recipients.map(({ prepared }) => prepared),
    );
  }

  /** A file of that name is what an attempt has left that failed there: nothing recorded is ever written again. */
  private writeSecond(path: string, octets: Octets, files: GroupWriter): void {
    const directory = this.settings.second?.directory ?? '';
    const file = `${directory}/${path}`;
    const options = { mode: 0o440, faultOf: secondFault(directory) };
    try {
      files.write(file, octets.pieces(), options);
    } catch (error) {
      if (!isThereAlready(error)) throw error;
      this.atSecond(() => removeIfThere(file));
      files.write(file, octets.pieces(), options);
    }
  }

  private atSecond(step: () => void): void {
    try {
      step();
    } catch (error) {
      throw secondFault(this.settings.second?.directory ?? '')(error);
    }
  }
}

/** What is small is not made twice for two files. */
const mostRememberedBytes = 1 << 20;

/** Octets with their size and SHA-256, known once they were asked for. */
function passing(octets: Octets) {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const remembered: Buffer[] | undefined = octets.sizeBytes <= mostRememberedBytes ? [] : undefined;
  return {
    *pieces(): Generator<Buffer> {
      for (const piece of octets.pieces()) {
        hash.update(piece);
        sizeBytes += piece.length;
        remembered?.push(piece);
        yield piece;
      }
    },
    again: (): Octets => (remembered === undefined ? octets : octetsOf(...remembered)),
    facts: () => ({ sizeBytes, sha256: hash.digest('hex') }),
  };
}

function isThereAlready(error: unknown): boolean {
  return error instanceof Error && (errnoOf(error) === 'EEXIST' || isThereAlready(error.cause));
}
