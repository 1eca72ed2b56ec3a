import { section, size } from './kinds.js';

const MiB = 1024 * 1024;

export const auditSection = section({
  segmentBytes: size(MiB, 16 * 1024 * MiB)
    .prefault('256MiB')
    .describe('A new pair of files is begun each day (UTC), and when those of the day have this size together.'),
}).prefault({});
