import { z } from 'zod';
import { diskKeys } from './disk-keys.js';
import { section, unixName } from './kinds.js';

export const archiveSection = section({
  group: unixName().prefault('sealdrop-audit').describe('Members of this unix group may read archive and audit trail.'),
  ...diskKeys,
  retention: z
    .null({ error: 'must be null: originals are kept for ever; a period is not supported by this version' })
    .default(null)
    .describe('null: originals are kept for ever.'),
  keepSealed: z
    .enum(['signature'])
    .default('signature')
    .describe('signature: the audit details keep each signature, which proves what was sealed from the original.'),
  encryptTo: z
    .array(z.never(), { error: 'must be an empty list: an encrypted archive is not supported by this version' })
    .max(0)
    .default([])
    .describe('Empty: originals are kept as they were submitted, readable by the archive group.'),
  second: z
    .null({ error: 'must be null: a second location is not supported by this version' })
    .default(null)
    .describe('null: one location.'),
}).prefault({});
