import type { KeyObject } from 'node:crypto';
import { SealdropError } from '../errors.js';
import { OID } from '../smime/algorithms.js';
import { readCertificate } from '../smime/read/certificate.js';
import { contentTypeName, readContentInfo } from '../smime/read/content-info.js';
import { decrypt } from '../smime/read/decrypt.js';
import { readEnvelopedData } from '../smime/read/enveloped-data.js';
import { brokenCms, reading } from '../smime/read/faults.js';

/** Opens an encrypted entry's bytes (CMS EnvelopedData, DER). Throws SealdropError when it cannot. */
export type OpenEntry = (cms: Buffer) => Buffer;

/** Opens what is encrypted to one of these certificates. Throws archive-no-key, cannot-decrypt, broken-cms, unsupported-cms. */
export function openWith(keys: readonly { readonly certificate: Buffer; readonly privateKey: KeyObject }[]): OpenEntry {
  const known = keys.map(({ certificate, privateKey }) => ({ certificate: readCertificate(certificate), privateKey }));
  return (cms) => {
    const info = reading('the archive entry', () => readContentInfo(cms));
    if (info.contentType !== OID.envelopedData) throw brokenCms('the archive entry', `it is ${contentTypeName(info.contentType)}`);
    try {
      return decrypt(
        reading('the archive entry', () => readEnvelopedData(info.content)),
        known,
      );
    } catch (error) {
      if (!(error instanceof SealdropError) || error.code !== 'no-key') throw error;
      throw new SealdropError('archive-no-key', 'the archive entry is not encrypted to this key', {
        disposition: 'quarantine',
        cure: 'Give, with --key, the private key of a certificate that archive.encryptTo named when the message was archived.',
        cause: error,
      });
    }
  };
}
