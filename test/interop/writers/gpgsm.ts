import { createHash } from 'node:crypto';
import type { Issued } from '../../kit/pki.js';
import { makeGpgsmHome } from '../../kit/verifiers/gpgsm-home.js';
import type { ToolResult } from '../../kit/verifiers/run-tool.js';
import { allRecipients, pki, recipientWith, signerWith } from '../people.js';
import { encryptedEntity, signedEntity } from './mime.js';
import type { EncryptionWanted, Writer } from './writer.js';

const CIPHERS: Partial<Record<EncryptionWanted['cipher'], string>> = {
  'aes-128-cbc': 'AES',
  'aes-192-cbc': 'AES192',
  'aes-256-cbc': 'AES256',
  '3des-cbc': '3DES',
};

/** gpgsm; it writes BER of indefinite lengths. */
export async function gpgsmWriter(): Promise<Writer> {
  const signers = (['rsa-2048', 'p-256', 'p-384', 'p-521'] as const).map(signerWith);
  const { gpgsm, close } = await makeGpgsmHome({ recipients: [...signers, ...allRecipients()], root: pki.root });
  return {
    sendsChain: true,
    sign: async (content, wanted) => {
      const how = wanted.form === 'opaque' ? [] : ['--detach-sign'];
      const digest = wanted.digest.toUpperCase();
      const args = [...how, '--digest-algo', digest, '--local-user', fingerprint(signerWith(wanted.key)), '--sign'];
      return signedEntity(content, output(await gpgsm(args, content)), wanted);
    },
    encrypt: async (content, { cipher, to }) => {
      const recipients = to.flatMap((kind) => ['--recipient', fingerprint(recipientWith(kind))]);
      const args = ['--cipher-algo', CIPHERS[cipher] ?? cipher, ...recipients, '--encrypt'];
      return encryptedEntity(output(await gpgsm(args, content)), false);
    },
    close,
  };
}

function output({ status, stdout, stderr }: ToolResult): Buffer {
  if (status !== 0) throw new Error(`gpgsm failed: ${stderr}`);
  return stdout;
}

function fingerprint({ certificate }: Issued): string {
  return createHash('sha1').update(certificate).digest('hex');
}
