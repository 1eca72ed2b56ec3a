import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeIdentity, writeRecipient } from './key-files.js';
import type { Issued } from './pki.js';
import { makeTemp, removeTemp } from './temp.js';

export interface SiteOptions {
  readonly senders?: readonly Issued[];
  readonly recipients?: readonly Issued[];
  /** YAML added below the minimal config, e.g. `outbox: { settleMs: 50 }`. */
  readonly config?: string;
  /** Lines of YAML for the section delivery.pickup, e.g. `maxWaiting: 5`. */
  readonly pickup?: readonly string[];
}

export interface Quarantined {
  readonly id: string;
  readonly original: Buffer;
  /** The facts beside it: code, sentence, what to do, time, submitted file name. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** A throwaway installation: spool, keys, an MTA's pickup directories and the smallest config that works. */
export class Site {
  readonly directory = makeTemp('site');
  readonly spool = join(this.directory, 'spool');
  readonly keys = join(this.directory, 'keys');
  readonly pickup = join(this.directory, 'mta', 'pickup');
  readonly staging = join(this.directory, 'mta', 'staging');
  readonly bad = join(this.directory, 'mta', 'badmail');
  readonly configFile = join(this.directory, 'sealdrop.yaml');

  constructor({ senders = [], recipients = [], config = '', pickup = [] }: SiteOptions = {}) {
    // Others may pass through: tests with real users reach the outbox this way.
    chmodSync(this.directory, 0o711);
    for (const path of [this.pickup, this.staging, this.bad]) mkdirSync(path, { recursive: true });
    this.#makeSpool();
    mkdirSync(this.keys, { mode: 0o700 });
    for (const sender of senders) writeIdentity(this.keys, sender);
    for (const recipient of recipients) writeRecipient(this.keys, recipient);
    this.configure(config, pickup);
  }

  /** Writes the config file anew, with `extra` below the minimal one and `pickup` within delivery.pickup. */
  configure(extra: string, pickup: readonly string[] = []): void {
    writeFileSync(
      this.configFile,
      [
        `spool: ${this.spool}`,
        `keys: ${this.keys}`,
        'delivery:',
        '  via: pickup',
        '  pickup:',
        ...(pickup.some((line) => line.startsWith('profile:')) ? [] : ['    profile: powermta']),
        `    directory: ${this.pickup}`,
        `    staging: ${this.staging}`,
        `    bad: ${this.bad}`,
        ...pickup.map((line) => `    ${line}`),
        extra,
        '',
      ].join('\n'),
    );
  }

  /** Drops a message the right way: written to outbox/tmp, renamed into outbox/new. Returns its path there. */
  drop(name: string, bytes: Buffer | string): string {
    const draft = join(this.spool, 'outbox', 'tmp', name);
    const path = join(this.spool, 'outbox', 'new', name);
    writeFileSync(draft, bytes);
    renameSync(draft, path);
    return path;
  }

  /** Drops a message the careless way, straight into outbox/. */
  dropAtOnce(name: string, bytes: Buffer | string): string {
    const path = join(this.spool, 'outbox', name);
    writeFileSync(path, bytes);
    return path;
  }

  /** Names of the files the MTA would pick up, sorted (by id: in order of acceptance). A kill can leave a directory, the probe of renames. */
  pickedUp(): string[] {
    const files = readdirSync(this.pickup, { withFileTypes: true }).filter((entry) => entry.isFile());
    return files.map(({ name }) => name).sort();
  }

  /** What the MTA would pick up, by file name. */
  sealed(): Map<string, Buffer> {
    return new Map(this.pickedUp().map((name) => [name, readFileSync(join(this.pickup, name))]));
  }

  /** Submitted files that nobody has claimed yet. */
  waiting(): string[] {
    const outbox = join(this.spool, 'outbox');
    return [...filesIn(join(outbox, 'new')), ...filesIn(outbox)];
  }

  quarantined(): Quarantined[] {
    const directory = join(this.spool, 'quarantine');
    return filesIn(directory)
      .filter((name) => name.endsWith('.eml'))
      .map((name) => {
        const id = name.slice(0, -'.eml'.length);
        const facts = JSON.parse(readFileSync(join(directory, `${id}.json`), 'utf8')) as Record<string, unknown>;
        return { id, original: readFileSync(join(directory, name)), facts };
      });
  }

  /** Originals in the archive by message id. */
  archived(): Map<string, Buffer> {
    const archive = join(this.spool, 'archive');
    if (!existsSync(archive)) return new Map();
    const names = readdirSync(archive, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.eml'));
    return new Map(names.sort().map((name) => [name.slice(name.lastIndexOf('/') + 1, -'.eml'.length), readFileSync(join(archive, name))]));
  }

  /** Lines of the audit chain, oldest first. */
  auditRecords(): Record<string, unknown>[] {
    const audit = join(this.spool, 'audit');
    return filesIn(audit)
      .filter((name) => name.endsWith('.chain.jsonl'))
      .flatMap((name) => readFileSync(join(audit, name), 'utf8').split('\n'))
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  remove(): void {
    removeTemp(this.directory);
  }

  /** As the daemon itself makes them when there is no `senders:`; it makes the rest beneath. mkdir's mode is cut by the umask, hence chmod. */
  #makeSpool(): void {
    const directories: [string, number][] = [
      ['', 0o711],
      ['outbox', 0o700],
      ['outbox/tmp', 0o700],
      ['outbox/new', 0o700],
    ];
    for (const [name, mode] of directories) {
      mkdirSync(join(this.spool, name), { recursive: true });
      chmodSync(join(this.spool, name), mode);
    }
  }
}

function filesIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const files = readdirSync(directory, { withFileTypes: true }).filter((entry) => !entry.isDirectory());
  return files.map(({ name }) => name).sort();
}
