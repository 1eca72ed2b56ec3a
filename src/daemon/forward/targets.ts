import { hostname } from 'node:os';
import type { Target } from '../../audit/forward/targets.js';
import type { Config } from '../../config/schema.js';

/** RFC 5425 §4.3.1: receivers should take 8192 octets. RFC 5426 §3.2: every one takes 1180 over IPv6. */
const longest = { tls: 8192, tcp: 8192, udp: 1180 } as const;
/** RFC 5425 §4.1, RFC 5426 §3.3; for TCP what is customary. */
const ports = { tls: 6514, tcp: 514, udp: 514 } as const;

/** What the configuration names as places for the trail outside the spool. The names are those of the positions file and of health. */
export function forwardTargets({ audit: { second, forward } }: Config): Target[] {
  const targets: Target[] = forward.syslog.map((item) => {
    const { host, transport, facility, ca, servername, clientCertificate, clientKey } = item;
    const port = item.port ?? ports[transport];
    return {
      kind: 'syslog',
      name: `syslog ${transport}://${host.includes(':') ? `[${host}]` : host}:${port}`,
      host,
      port,
      transport,
      tlsFiles: { ca, servername, clientCertificate, clientKey },
      source: { facility, host: hostname(), pid: process.pid, maxBytes: item.maxBytes ?? longest[transport] },
    };
  });
  if (forward.file !== null) targets.push({ kind: 'file', name: `file ${forward.file}`, path: forward.file });
  if (second !== null) targets.push({ kind: 'second', name: `second ${second}`, directory: second });
  return targets;
}
