import { z } from 'zod';
import { diskKeys } from './disk-keys.js';
import { indexKeys } from './index-keys.js';
import { path, section, unixName } from './kinds.js';
import { clockStep, purgeSection, retention } from './retention-schema.js';

const keepSealed = z.enum(['signature', 'full', 'none']);

export const archiveSection = section({
  group: unixName().prefault('sealdrop-audit').describe('Members of this unix group may read archive and audit trail.'),
  ...diskKeys,
  ...indexKeys,
  retention: retention()
    .prefault(null)
    .meta({ example: [{ when: {}, keep: '10 years' }] })
    .describe(
      'How long originals are kept: a period for all of them, or rules; of those that match a message the longest counts, and what none matches is kept for ever. null: all are kept for ever.',
    ),
  purge: purgeSection.describe('When what is past its retention is destroyed.'),
  maxClockStep: clockStep().describe(
    'Nothing is destroyed before a person has confirmed the clock if it has gone ahead by more than this from one record to the next.',
  ),
  keepSealed: keepSealed
    .default('signature')
    .describe(
      'What is kept of what was sent, beside the original. signature: each signature, in the audit details; it proves what was sealed from the original. full: also each sealed copy as it was handed over; encrypted copies can then be opened with the keys of encryptTo too. none: neither.',
    ),
  encryptTo: z
    .array(path(), { error: 'must be a list of certificate files; write for example [/etc/sealdrop/compliance.crt]' })
    .max(20, { error: 'names more than 20 certificates; name those of the keys that are to open the archive' })
    .default([])
    .meta({ example: ['/etc/sealdrop/compliance.crt'] })
    .describe(
      'Certificates (PEM or DER) of the keys that open the archive. Each original is encrypted to all of them; any one of the keys opens it, with "sealdrop archive show --key" or "openssl cms -decrypt". sealdrop needs none of these keys: keep them elsewhere.',
    ),
  immutable: z
    .enum(['off', 'attribute'])
    .default('off')
    .describe(
      'attribute: files in the archive get the attribute that forbids even root to change or remove them (chattr +i) when their message is done. Needs a file system that has it, and CAP_LINUX_IMMUTABLE.',
    ),
  plaintext: z
    .boolean({ error: 'must be true or false; write it without quotes' })
    .default(false)
    .describe('true: originals are meant to be kept unencrypted, readable by the archive group. Instead of encryptTo.'),
  compress: z.enum(['none', 'gzip']).default('none').describe('gzip: originals are compressed before they are encrypted.'),
  second: path()
    .nullable()
    .default(null)
    .meta({ example: '/mnt/archive2/sealdrop' })
    .describe(
      'A second location on another disk or server: a directory that holds the same files, written before mail is handed over. "sealdrop archive mark-second" marks it once; without that mark, or when it cannot be written, mail waits. null: one location.',
    ),
}).prefault({});

/** `rules[].archive`: what a rule says of the archive instead. */
export const ruleArchive = section({
  keepSealed: keepSealed.exactOptional(),
});
