import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TlsMaterial } from '../../audit/forward/stream-connection.js';
import type { TlsFiles } from '../../audit/forward/targets.js';
import { readKeyFile } from '../../config/secrets.js';
import { SealdropError } from '../../errors.js';

/** Throws `forward-tls-file` (wait), and as readKeyFile does. */
export function readTls({ ca, clientCertificate, clientKey, servername }: TlsFiles): TlsMaterial {
  const client =
    clientCertificate === undefined || clientKey === undefined
      ? undefined
      : { certificate: certificatesIn(clientCertificate), key: readKeyFile(clientKey) };
  return { ca: ca === undefined ? undefined : certificatesIn(ca), client, servername };
}

function certificatesIn(file: string): Buffer {
  try {
    const bytes = readFileSync(file);
    new X509Certificate(bytes);
    return bytes;
  } catch (cause) {
    const reason =
      cause instanceof Error && 'syscall' in cause && 'code' in cause
        ? `cannot be read (${cause.code})`
        : 'is not a certificate in PEM form';
    throw new SealdropError('forward-tls-file', `${file} ${reason}`, {
      disposition: 'wait',
      cure: 'Mend the file, or correct ca and clientCertificate of this receiver under audit.forward.syslog.',
      cause,
    });
  }
}
