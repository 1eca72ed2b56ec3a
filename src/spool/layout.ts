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
  readonly retry: string;
  readonly quarantine: string;
  readonly archive: string;
  readonly audit: string;
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
    retry: `${root}/retry`,
    quarantine: `${root}/quarantine`,
    archive: `${root}/archive`,
    audit: `${root}/audit`,
    lockFile: `${root}/lock`,
    controlSocket: `${root}/control.sock`,
  };
}

/** The name of sealed copy `number` of a message, in staging and in pickup: the id makes it unique, the number tells the copy. */
export function copyName(id: string, number: number): string {
  return `${id}-${number}.eml`;
}

export function parseCopyName(name: string): { id: string; number: number } | undefined {
  const match = /^([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})-(\d{1,6})\.eml$/.exec(name);
  return match?.[1] === undefined ? undefined : { id: match[1], number: Number(match[2]) };
}

export type Door = 'new' | 'outbox';
