import { z } from 'zod';
import { duration, hostName, integer, path, section } from './kinds.js';

const HOUR = 3_600_000;

const syslogItem = z.strictObject(
  {
    host: hostName().meta({ example: 'logs.example.com' }).describe('The receiver.'),
    port: integer(1, 65_535).exactOptional().describe('Without it 6514 with tls, 514 with tcp and udp.'),
    transport: z
      .enum(['tls', 'tcp', 'udp'])
      .default('tls')
      .describe('tls (RFC 5425): the certificate must be valid. tcp (RFC 6587), udp (RFC 5426; may lose records): in clear.'),
    ca: path()
      .exactOptional()
      .describe("certificate authorities (PEM) that may vouch for the receiver's certificate; without it those of Node.js."),
    servername: hostName().exactOptional().describe('the name that the certificate has to carry, if it is not host.'),
    clientCertificate: path().exactOptional().describe('our own certificate (PEM, its chain after it).'),
    clientKey: path().exactOptional().describe('its private key (PEM, chmod 600).'),
    facility: z
      .enum(['user', 'daemon', 'auth', 'authpriv', 'audit', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'])
      .default('audit')
      .describe('syslog facility; audit is 13, "log audit".'),
    maxBytes: integer(480, 65_507)
      .exactOptional()
      .describe('the longest message; without it 8192, with udp 1180. What is longer is cut, never number and hash.'),
  },
  { error: 'must be a map; write for example { host: logs.example.com, ca: /etc/sealdrop/logs-ca.pem }' },
);

/** `audit.forward`: what brings the trail's head off this host. */
export const forwardSection = section({
  syslog: z
    .preprocess((value) => value ?? [], z.array(syslogItem, { error: 'must be a list; begin each item with "- host: …"' }))
    .prefault([])
    .meta({ example: [{ host: 'logs.example.com', ca: '/etc/sealdrop/logs-ca.pem' }] })
    .describe('Syslog receivers that get every record.'),
  file: path()
    .nullable()
    .default(null)
    .meta({ example: '/mnt/append-only/sealdrop.jsonl' })
    .describe('A file elsewhere (another disk, NFS, chattr +a) to which every record is added; null for none.'),
  personal: z
    .boolean()
    .default(false)
    .describe('Send the details too: addresses, file names, hashes. Erasing them there is then up to whoever keeps them.'),
  confirmMs: duration(100, HOUR)
    .prefault('10s')
    .describe('A syslog receiver is believed to hold a record when it has read it and lived on for so long. See docs/forwarding.md.'),
});

export const secondLocation = path()
  .nullable()
  .default(null)
  .meta({ example: '/mnt/auditors/sealdrop-audit' })
  .describe(
    'A directory under another administrator (a mount) to which the audit trail is copied, and never changed or deleted; null for none.',
  );
