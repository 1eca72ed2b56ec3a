import { X509Certificate } from 'node:crypto';
import type { Issued } from '../../kit/pki.js';
import { makeTemp, removeTemp } from '../../kit/temp.js';
import { makeNssDatabase } from '../../kit/verifiers/nss-database.js';
import { allRecipients, pki, recipientWith, signerWith } from '../people.js';
import { encryptedEntity, signedEntity } from './mime.js';
import { throughFiles } from './work-files.js';
import type { Writer } from './writer.js';

/** NSS `cmsutil`; it chooses the cipher itself. */
export function nssWriter(): Writer {
  const home = makeTemp('nss-writer');
  const signers = (['rsa-2048', 'p-256', 'p-384', 'p-521'] as const).map(signerWith);
  const database = makeNssDatabase(home, { recipients: [...signers, ...allRecipients()], root: pki.root });
  return {
    sendsChain: true,
    sign: async (content, wanted) => {
      const how = ['-N', nickname(signerWith(wanted.key)), '-H', wanted.digest.toUpperCase(), '-G', '-P'];
      const detached = wanted.form === 'detached' ? ['-T'] : [];
      const cms = await throughFiles(content, 'cmsutil', (inFile, outFile) => [
        '-S',
        '-d',
        database,
        '-i',
        inFile,
        '-o',
        outFile,
        ...how,
        ...detached,
      ]);
      return signedEntity(content, cms, wanted);
    },
    encrypt: async (content, { to }) => {
      const recipients = to.map((kind) => recipientWith(kind).address).join(',');
      const cms = await throughFiles(content, 'cmsutil', (inFile, outFile) => [
        '-E',
        '-d',
        database,
        '-i',
        inFile,
        '-o',
        outFile,
        '-r',
        recipients,
      ]);
      return encryptedEntity(cms, false);
    },
    close: async () => removeTemp(home),
  };
}

/** NSS names a certificate that has no friendly name after its subject and its issuer. */
function nickname({ certificate }: Issued): string {
  const { subject, issuer } = new X509Certificate(certificate);
  return `${/CN=(.*)/.exec(subject)?.[1]} - ${/O=(.*)/.exec(issuer)?.[1]}`;
}
