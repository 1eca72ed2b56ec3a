import { type CertificateFacts, parseCertificate } from './certificate.js';
import { damaged } from './faults.js';
import { readKeyFile } from './key-file.js';
import { derOf, looksLikePem, type PemBlock, pemBlocks } from './pem.js';
import { requireNotWorldWritable } from './permissions.js';

/**
 * The certificates of a `.crt` or `.cer` file in order: PEM (any number) or DER (one).
 * Throws certificate-permissions, key-file-damaged, unusable-certificate, and what readKeyFile throws.
 */
export function readCertificateFile(path: string): CertificateFacts[] {
  const file = readKeyFile(path);
  requireNotWorldWritable(file);
  requireContent(file.bytes, path);
  if (!looksLikePem(file.bytes)) return [parseCertificate(file.bytes, path)];
  const certificates = certificatesIn(pemBlocks(file.bytes, path), path);
  if (certificates.length === 0) throw damaged(path, 'there is no certificate in it');
  return certificates;
}

/** The certificates among PEM blocks. Throws key-file-damaged, unusable-certificate. */
export function certificatesIn(blocks: readonly PemBlock[], path: string): CertificateFacts[] {
  return blocks.filter(({ label }) => CERTIFICATE_LABELS.has(label)).map((block) => parseCertificate(derOf(block, path), path));
}

/** Two faults that are common enough to be called by their name. Throws key-file-damaged. */
export function requireContent(bytes: Buffer, path: string): void {
  if (bytes.length === 0) throw damaged(path, 'the file is empty');
  const mark = bytes.subarray(0, 2).toString('hex');
  if (mark === 'fffe' || mark === 'feff') throw damaged(path, 'the file is text in UTF-16; save it as plain ASCII or UTF-8');
}

/** RFC 7468 §5; the second is an old spelling of OpenSSL's. */
const CERTIFICATE_LABELS: ReadonlySet<string> = new Set(['CERTIFICATE', 'X509 CERTIFICATE']);
