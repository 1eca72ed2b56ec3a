import type { Tool } from '../kit/tools.js';
import type { WriterName } from './expected-writing.js';
import { bouncyCastleWriter } from './writers/bouncycastle.js';
import { certtoolWriter } from './writers/certtool.js';
import { gpgsmWriter } from './writers/gpgsm.js';
import { nssWriter } from './writers/nss.js';
import { opensslWriter } from './writers/openssl.js';
import { m2cryptoWriter, pycaWriter } from './writers/python.js';
import type { Writer } from './writers/writer.js';

/** The programs that write what sealdrop is given to open. */
export const WRITERS: Readonly<Record<WriterName, { tools: readonly Tool[]; make: () => Writer | Promise<Writer> }>> = {
  'openssl cms': { tools: ['openssl'], make: opensslWriter },
  gpgsm: { tools: ['openssl', 'gpgsm'], make: gpgsmWriter },
  'NSS cmsutil': { tools: ['openssl', 'nss'], make: nssWriter },
  certtool: { tools: ['openssl', 'certtool'], make: certtoolWriter },
  BouncyCastle: { tools: ['openssl', 'bouncycastle'], make: bouncyCastleWriter },
  M2Crypto: { tools: ['openssl', 'm2crypto'], make: m2cryptoWriter },
  cryptography: { tools: ['openssl', 'pyca'], make: pycaWriter },
};
