import { recipientWith, signerWith } from '../people.js';
import { throughFiles } from './work-files.js';
import type { EncryptionWanted, SignatureWanted, Writer } from './writer.js';

/** `openssl cms`, which writes the MIME around the CMS by itself. */
export function opensslWriter(): Writer {
  return { sendsChain: true, sign, encrypt, close: () => Promise.resolve() };
}

const CIPHERS: Readonly<Record<EncryptionWanted['cipher'], string>> = {
  'aes-128-cbc': '-aes128',
  'aes-192-cbc': '-aes192',
  'aes-256-cbc': '-aes256',
  '3des-cbc': '-des3',
  'aes-128-gcm': '-aes-128-gcm',
  'aes-256-gcm': '-aes-256-gcm',
  'chacha20-poly1305': '-chacha20-poly1305',
};

function sign(content: Buffer, { key, digest, scheme, form, indefinite }: SignatureWanted): Promise<Buffer> {
  const { certificate, privateKey, chain } = signerWith(key).files;
  const options = [
    ...(key === 'ed25519' ? [] : ['-md', digest]),
    ...(form === 'opaque' ? ['-nodetach'] : []),
    ...(indefinite ? ['-stream'] : []),
    ...(scheme === 'pss' ? ['-keyopt', 'rsa_padding_mode:pss', '-keyopt', 'rsa_pss_saltlen:digest'] : []),
  ];
  const signing = ['-signer', certificate, '-inkey', privateKey, '-certfile', chain, ...options];
  return throughFiles(content, 'openssl', (inFile, outFile) => ['cms', '-sign', ...BINARY, '-in', inFile, '-out', outFile, ...signing]);
}

function encrypt(content: Buffer, { cipher, to, transport, kdf, indefinite }: EncryptionWanted): Promise<Buffer> {
  const recipients = to.flatMap((kind) => {
    const elliptic = kdf === undefined ? [] : ['-keyopt', `ecdh_kdf_md:${kdf}`];
    return ['-recip', recipientWith(kind).files.certificate, ...(kind === 'rsa-2048' ? PADDING[transport] : elliptic)];
  });
  const options = [CIPHERS[cipher], ...(indefinite ? ['-stream'] : []), ...recipients];
  return throughFiles(content, 'openssl', (inFile, outFile) => ['cms', '-encrypt', ...BINARY, '-in', inFile, '-out', outFile, ...options]);
}

const BINARY = ['-binary', '-crlfeol', '-outform', 'SMIME'];
const PADDING: Readonly<Record<EncryptionWanted['transport'], readonly string[]>> = {
  pkcs1: [],
  'oaep-sha1': ['-keyopt', 'rsa_padding_mode:oaep'],
  'oaep-sha256': ['-keyopt', 'rsa_padding_mode:oaep', '-keyopt', 'rsa_oaep_md:sha256', '-keyopt', 'rsa_mgf1_md:sha256'],
};
