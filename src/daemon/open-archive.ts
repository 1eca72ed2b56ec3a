import { readComplianceCertificates } from '../archive/compliance.js';
import { EntryWriter } from '../archive/entry-writer.js';
import type { Config } from '../config/schema.js';
import type { SpoolLayout } from '../spool/layout.js';

/** How originals are stored. `group`: who may read them. Throws SealdropError `archive-certificate` (fatal). */
export function openArchive({ archive }: Config, layout: SpoolLayout, group: number | undefined, now: Date): EntryWriter {
  const { compress, encryptTo, second } = archive;
  return new EntryWriter({
    directory: layout.archive,
    group,
    compress,
    encryptTo: readComplianceCertificates(encryptTo, now).map(({ fingerprint, der }) => ({ fingerprint, der })),
    second: second === null ? undefined : { directory: second, memory: layout.secondFile },
  });
}
