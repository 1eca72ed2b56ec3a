export interface Finding {
  /** Stable word for the kind of fault, documented in docs/audit.md. */
  readonly kind:
    | 'record-altered'
    | 'record-torn'
    | 'chain-broken'
    | 'segment-missing'
    | 'clock-set-back'
    | 'clock-step'
    | 'checkpoint-missing'
    | 'checkpoint-altered'
    | 'checkpoint-untrusted'
    | 'checkpoint-unrecorded'
    | 'checkpoint-mismatch'
    | 'checkpoint-late'
    | 'checkpoint-stale'
    | 'records-missing'
    | 'timestamp-altered'
    | 'timestamp-untrusted'
    | 'timestamp-too-early'
    | 'details-missing'
    | 'details-altered'
    | 'details-without-record'
    | 'archive-missing'
    | 'archive-altered'
    | 'archive-without-record'
    | 'second-unreachable'
    | 'second-missing'
    | 'second-altered'
    | 'second-without-record'
    | 'second-without-record'
    | 'purge-unfinished'
    | 'details-erased-without-record'
    | 'anchor-differs'
    | 'anchor-ahead'
    | 'signature-differs'
    | 'certificate-missing'
    | 'certificate-altered';
  /** Relative to the audit directory, to the archive, or to the second location; of an anchor, its name. */
  readonly file: string;
  readonly text: string;
}
