/** Where things lie in a spool. Every path of the spool is made here and nowhere else. */
export interface SpoolLayout {
  readonly root: string;
  /** The guessing door: files are taken when they have been quiet for a while. */
  readonly outbox: string;
  /** The sure door: what is renamed into here is complete. */
  readonly outboxNew: string;
  readonly outboxTmp: string;
  /** Our own copies of messages under way, `<id>.eml`, with `<id>.json` beside those that have a history. */
  readonly work: string;
  /** Claimed, not yet accepted: the submitter's own inodes, `<id>~<submitted name>`. */
  readonly claimed: string;
  /** Sealed copies that leave by a socket, `<id>-<n>.eml`: the same bytes on every attempt. */
  readonly sealed: string;
  /** Sealed copies on their way to be staged once more, `<id>-<n>.eml` with `<id>-<n>.json`: released by a person. */
  readonly again: string;
  readonly retry: string;
  readonly quarantine: string;
  /** Sealed copies the MTA has refused, `<id>-<n>.eml` with `<id>-<n>.json`. */
  readonly refused: string;
  readonly archive: string;
  readonly audit: string;
  /** The search index: a cache of archive and audit. */
  readonly index: string;
  /** How far it is known what became of the files in pickup. */
  readonly settlingFile: string;
  /** The mark that the second archive carries. */
  readonly secondFile: string;
  /** How full the file systems were in the last days. */
  readonly growthFile: string;
  /** How far the audit trail has been forwarded. */
  readonly forwardFile: string;
  /** Up to where in the chain archived files have the immutable attribute. */
  readonly immutableFile: string;
  /** How far in the audit chain everything is destroyed that was recorded as purged or erased. */
  readonly destroyedFile: string;
  /** What retention knows of the audit trail's older parts; may be deleted. */
  readonly retentionCache: string;
  readonly lockFile: string;
  readonly controlSocket: string;
}

export function spoolLayout(root: string): SpoolLayout {
  return {
    root,
    outbox: `${root}/outbox`,
    outboxNew: `${root}/outbox/new`,
    outboxTmp: `${root}/outbox/tmp`,
    work: `${root}/work`,
    claimed: `${root}/work/in`,
    sealed: `${root}/work/sealed`,
    again: `${root}/work/again`,
    retry: `${root}/retry`,
    quarantine: `${root}/quarantine`,
    refused: `${root}/quarantine/sealed`,
    archive: `${root}/archive`,
    audit: `${root}/audit`,
    index: `${root}/index`,
    settlingFile: `${root}/settling.json`,
    secondFile: `${root}/second-archive`,
    growthFile: `${root}/growth.json`,
    forwardFile: `${root}/forward.json`,
    immutableFile: `${root}/immutable.json`,
    destroyedFile: `${root}/destroyed.json`,
    retentionCache: `${root}/retention-cache.json`,
    lockFile: `${root}/lock`,
    controlSocket: `${root}/control.sock`,
  };
}

/** The name of sealed copy `number` of a message, in staging and in pickup: the id makes it unique, the number tells the copy. */
export function copyName(id: string, number: number): string {
  return `${id}-${number}.eml`;
}

/** Copies staged again from the sealed file count from here, apart from those sealed again: no two of a message have the same name. */
export const firstNumberAgain = 500_001;

/** Our name within the one an MTA has given to a file it refused: with a suffix, a prefix, another ending, or unchanged. */
export function findCopyName(name: string): { id: string; number: number } | undefined {
  const found = /(?<![0-9a-f])([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})-(\d{1,6})(?!\d)/.exec(name);
  return found?.[1] === undefined ? undefined : { id: found[1], number: Number(found[2]) };
}

export function parseCopyName(name: string): { id: string; number: number } | undefined {
  const match = /^([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})-(\d{1,6})\.eml$/.exec(name);
  return match?.[1] === undefined ? undefined : { id: match[1], number: Number(match[2]) };
}

export type Door = 'new' | 'outbox';
