import { z } from 'zod';
import { archiveSection } from './archive-schema.js';
import { auditSection } from './audit-schema.js';
import { deliverySection } from './delivery-schema.js';
import { identityItem } from './identities-schema.js';
import { duration, integer, listenAddress, path, section, senderBindings, size, unixName, workerCount } from './kinds.js';
import { protectSection, ruleItem } from './protect-schema.js';

// The configuration's keys, defaults and explanations: the one source for loading it, for wording its faults, and for the file
// that `sealdrop init` writes. A description is prose for the operator, shown above the key.

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const DAY = 86_400_000;

export const configSchema = z.strictObject(
  {
    spool: path()
      .default('/var/spool/sealdrop')
      .describe('outbox, work, retry, quarantine, archive and audit are made beneath this directory.'),
    keys: path()
      .default('/etc/sealdrop/keys')
      .describe(
        'Keys and certificates by address: <address>.p12, or <address>.pem (private key) and <address>.crt (certificate, its chain after it).',
      ),
    allowVolatile: z
      .boolean()
      .default(false)
      .describe('Allow spool, staging and pickup on a RAM disk, where a power cut loses mail. For trials only.'),
    outbox: section({
      group: unixName().prefault('sealdrop-submit').describe('Members of this unix group may drop mail.'),
      settleMs: duration(0, DAY)
        .prefault(5000)
        .describe(
          'A file written straight into outbox/ is taken when it has not changed for that long. Files renamed into outbox/new/ are taken at once.',
        ),
      incompleteMs: duration(0, 7 * DAY)
        .prefault(60_000)
        .describe(
          'A file in outbox/ that looks cut off (the closing MIME boundary is missing) is waited for that long, then held for a person.',
        ),
      rescanMs: duration(100, DAY)
        .prefault(2000)
        .describe('The directories are looked through this often, whatever the file system reports in between.'),
      maxMessageBytes: size(KiB, GiB).prefault('100MiB').describe('Larger files are held for a person.'),
      maxBytesInFlight: size(MiB, 64 * GiB)
        .prefault('512MiB')
        .describe('Messages being worked on at one time have at most this size together; memory use follows it.'),
      maxCopies: integer(1, 100_000).default(500).describe('A message that would need more sealed copies is held for a person.'),
    })
      .prefault({})
      .describe('Where applications drop mail.'),
    workers: workerCount(64).default('auto').describe('Threads that seal, 1 to 64. auto goes by the processors.'),
    senders: senderBindings()
      .nullable()
      .default(null)
      .meta({ example: { '*@billing.example': ['billing'] } })
      .describe(
        'Which unix users or groups may send as which From address. The first pattern that matches decides; an address that none matches may be used by nobody. Without this section no other user may be able to write to the outbox; a shared one is refused.',
      ),
    identities: z
      .preprocess((value) => value ?? [], z.array(identityItem, { error: 'must be a list; begin each item with "- from: …"' }))
      .prefault([])
      .meta({ example: [{ from: '*@billing.example', capabilities: ['aes-256-gcm', 'aes-256-cbc', 'aes-128-cbc'] }] })
      .describe(
        'What signatures tell other people about the programs that read our mailboxes (smimeCapabilities). The first item that matches the From address decides; without one, aes-256-cbc and aes-128-cbc are announced.',
      ),
    protect: protectSection.describe('How mail is sealed when no rule says otherwise.'),
    rules: z
      .preprocess((value) => value ?? [], z.array(ruleItem, { error: 'must be a list of rules; begin each with "- name: …"' }))
      .prefault([])
      .meta({ example: [{ name: 'partner', when: { to: '*@partner.example' }, protect: { content: 'aes-256-gcm' } }] })
      .describe(
        'Exceptions. For each recipient the first rule that matches decides, and overrides protect, delivery and archive where it says something.',
      ),
    delivery: deliverySection.describe('The way to the MTA.'),
    archive: archiveSection.describe('Where every original is kept as it was submitted.'),
    audit: auditSection.describe('The audit trail.'),
    log: section({
      level: z.enum(['error', 'warn', 'info', 'debug']).default('info').describe('What is logged.'),
      format: z.enum(['auto', 'json', 'text']).default('auto').describe('auto: text on a terminal, json otherwise.'),
    })
      .prefault({})
      .describe('Log, to standard error.'),
    http: section({
      listen: listenAddress()
        .prefault('127.0.0.1:8470')
        .describe('Address and port where GET /health tells the state as JSON; off for none.'),
    })
      .prefault({})
      .describe('What is shown to monitoring.'),
  },
  { error: 'the file is not a map of keys to values; write for example "spool: /var/spool/sealdrop"' },
);

export type Config = z.output<typeof configSchema>;
export type SmtpConfig = NonNullable<Config['delivery']['smtp']>;
export type SparkpostConfig = NonNullable<Config['delivery']['sparkpost']>;
export type KumomtaConfig = NonNullable<Config['delivery']['kumomta']>;
