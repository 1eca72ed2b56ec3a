import { forwardSection, secondLocation } from './forward-schema.js';
import { duration, integer, path, section, serviceUrl, size } from './kinds.js';

const MiB = 1024 * 1024;
const SECOND = 1000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** `audit.timestamp` */
const timestampSection = section({
  url: serviceUrl()
    .meta({ example: 'https://tsa.example.com/tsr' })
    .describe('Where the authority answers requests (RFC 3161 over HTTP). It learns the SHA-256 of a checkpoint, and nothing else.'),
  ca: path()
    .meta({ example: '/etc/sealdrop/tsa-ca.pem' })
    .describe('File with the certificate authorities (PEM) that vouch for its signature. A token that does not lead to one is not kept.'),
  tlsCa: path().nullable().default(null).describe('File with those (PEM) that vouch for the HTTPS server. null: those of Node.js.'),
  retryAfter: duration(SECOND / 10, DAY)
    .prefault('1m')
    .describe('When no token comes it is asked again after that time, then after twice that, and so on up to an hour.'),
});

export const auditSection = section({
  segmentBytes: size(MiB, 16 * 1024 * MiB)
    .prefault('256MiB')
    .describe('A new pair of files is begun each day (UTC), and when those of the day have this size together.'),
  identity: path()
    .nullable()
    .default(null)
    .meta({ example: '/etc/sealdrop/audit.pem' })
    .describe(
      'What signs checkpoints of the audit chain: FILE.p12, or FILE.pem (private key) with FILE.crt (certificate, its chain and former ones after it) beside it. "sealdrop audit identity FILE" makes one. null: no checkpoints.',
    ),
  checkpointMaxAge: duration(SECOND, 7 * DAY)
    .prefault('1h')
    .describe('A checkpoint is made at least this often, also when nothing happens: a gap between two is a finding.'),
  checkpointRecords: integer(10, 10_000_000).default(100_000).describe('And after so many records.'),
  timestamp: timestampSection.exactOptional().describe('An authority that time-stamps each checkpoint. Mail never waits for it.'),
  second: secondLocation,
  forward: forwardSection
    .prefault({})
    .describe('Where records go as they are made, so that whoever rules this host cannot take them back.'),
}).prefault({});
