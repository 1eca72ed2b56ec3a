import type { Tool } from '../kit/tools.js';
import { bouncyCastleVerifier } from '../kit/verifiers/bouncycastle.js';
import { certtoolVerifier } from '../kit/verifiers/certtool.js';
import { gpgsmVerifier } from '../kit/verifiers/gpgsm.js';
import { m2cryptoVerifier } from '../kit/verifiers/m2crypto.js';
import { nssVerifier } from '../kit/verifiers/nss.js';
import { opensslVerifier } from '../kit/verifiers/openssl.js';
import { sealdropVerifier } from '../kit/verifiers/sealdrop.js';
import type { Verifier, VerifierKeys } from '../kit/verifiers/verifier.js';
import type { ReaderName } from './expected-reading.js';

/** The programs that are given what sealdrop writes. */
export const READERS: Readonly<Record<ReaderName, { tools: readonly Tool[]; make: (keys: VerifierKeys) => Verifier | Promise<Verifier> }>> =
  {
    'openssl cms': { tools: ['openssl'], make: opensslVerifier },
    'openssl smime': { tools: ['openssl'], make: (keys) => opensslVerifier(keys, 'smime') },
    gpgsm: { tools: ['openssl', 'gpgsm'], make: gpgsmVerifier },
    'NSS cmsutil': { tools: ['openssl', 'nss'], make: nssVerifier },
    certtool: { tools: ['openssl', 'certtool'], make: certtoolVerifier },
    BouncyCastle: { tools: ['openssl', 'bouncycastle'], make: bouncyCastleVerifier },
    M2Crypto: { tools: ['openssl', 'm2crypto'], make: m2cryptoVerifier },
    sealdrop: { tools: ['openssl'], make: sealdropVerifier },
  };
