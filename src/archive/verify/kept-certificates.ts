import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Finding } from '../../audit/finding.js';
import { diskFault, errnoOf } from '../../disk/faults.js';
import { namesIn } from '../../disk/names-in.js';
import { BerError } from '../../smime/cms/ber.js';
import { type Certificate, readCertificate } from '../../smime/read/certificate.js';

/** A certificate of the archive as it was kept, or what is wrong with it. */
type KeptCertificate = { readonly der: Buffer } | { readonly fault: Finding };

/** The certificates in `certs/`, each read once. Their names are their SHA-256, which records name them by. */
export class KeptCertificates {
  private readonly directory: string;
  private readonly read = new Map<string, KeptCertificate>();
  private readonly signers = new Map<string, Certificate>();

  constructor(archive: string) {
    this.directory = `${archive}/certs`;
  }

  /** What is wrong with it; undefined if nothing is. */
  fault(fingerprint: string): Finding | undefined {
    const found = this.find(fingerprint);
    return 'fault' in found ? found.fault : undefined;
  }

  /** To verify signatures with; undefined if it is not there, not the one, or cannot be read. */
  signer(fingerprint: string): Certificate | undefined {
    const known = this.signers.get(fingerprint);
    if (known !== undefined) return known;
    const found = this.find(fingerprint);
    const certificate = 'der' in found ? readable(found.der) : undefined;
    if (certificate !== undefined) this.signers.set(fingerprint, certificate);
    return certificate;
  }

  private find(fingerprint: string): KeptCertificate {
    const found = this.read.get(fingerprint) ?? readKept(this.directory, fingerprint);
    this.read.set(fingerprint, found);
    return found;
  }
}

/** What is wrong with any of the certificates that are there. */
export function certificateFindings(archive: string): Finding[] {
  return namesIn(`${archive}/certs`)
    .sort()
    .flatMap((name): Finding[] => {
      // What a kill left of one that was being written.
      if (name.startsWith('.') && name.endsWith('.tmp')) return [];
      const fingerprint = /^([0-9a-f]{64})\.der$/.exec(name)?.[1];
      if (fingerprint === undefined)
        return [{ kind: 'archive-without-record', file: `certs/${name}`, text: 'it is no certificate of the archive' }];
      const kept = readKept(`${archive}/certs`, fingerprint);
      return 'fault' in kept ? [kept.fault] : [];
    });
}

function readKept(directory: string, fingerprint: string): KeptCertificate {
  const file = `certs/${fingerprint}.der`;
  let der: Buffer;
  try {
    der = readFileSync(`${directory}/${fingerprint}.der`);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw diskFault(error, 'read', `${directory}/${fingerprint}.der`);
    return { fault: { kind: 'certificate-missing', file, text: 'the certificate that a record names is not there' } };
  }
  if (hash('sha256', der, 'hex') === fingerprint) return { der };
  return { fault: { kind: 'certificate-altered', file, text: 'it is not the certificate whose fingerprint is its name' } };
}

function readable(der: Buffer): Certificate | undefined {
  try {
    return readCertificate(der);
  } catch (error) {
    if (error instanceof BerError) return undefined;
    throw error;
  }
}
