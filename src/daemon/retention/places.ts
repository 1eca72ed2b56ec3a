import { basename, dirname } from 'node:path';
import type { SecondPlace } from '../../archive/second.js';
import type { Config } from '../../config/schema.js';
import type { SpoolLayout } from '../../spool/layout.js';

interface FilePlace {
  readonly directory: string;
  readonly name: string;
}

/** Where what is destroyed lies, and what retention keeps for itself. Plain data: it crosses threads. */
export interface RetentionPlaces {
  readonly layout: SpoolLayout;
  readonly audit: string;
  /** The trail's second location, if there is one. */
  readonly auditSecond: string | undefined;
  readonly archive: string;
  /** The archive's second location, if there is one. */
  readonly second: SecondPlace | undefined;
  /** How far everything is destroyed that the chain says is. */
  readonly position: FilePlace;
  /** Caches. */
  readonly cache: FilePlace;
  readonly waiting: FilePlace;
}

export function retentionPlaces({ archive: { second }, audit }: Pick<Config, 'archive' | 'audit'>, layout: SpoolLayout): RetentionPlaces {
  const directory = dirname(layout.destroyedFile);
  return {
    layout,
    audit: layout.audit,
    auditSecond: audit.second ?? undefined,
    archive: layout.archive,
    second: second === null ? undefined : { directory: second, memory: layout.secondFile },
    position: { directory, name: basename(layout.destroyedFile) },
    cache: { directory, name: basename(layout.retentionCache) },
    waiting: { directory, name: 'retention-waiting.json' },
  };
}
