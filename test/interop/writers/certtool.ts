import { signerWith } from '../people.js';
import { signedEntity } from './mime.js';
import { throughFiles } from './work-files.js';
import { cannotEncrypt, type Writer } from './writer.js';

/** GnuTLS certtool. It sends the signer's certificate along, but not the chain. */
export function certtoolWriter(): Writer {
  return {
    sendsChain: false,
    sign: async (content, wanted) => {
      const { certificate, privateKey } = signerWith(wanted.key).files;
      const keys = ['--load-certificate', certificate, '--load-privkey', privateKey];
      const how = [
        wanted.form === 'opaque' ? '--p7-sign' : '--p7-detached-sign',
        '--p7-time',
        ...(wanted.key === 'ed25519' ? [] : ['--hash', wanted.digest]),
        ...(wanted.scheme === 'pss' ? ['--sign-params', 'rsa-pss'] : []),
      ];
      const cms = await throughFiles(content, 'certtool', (inFile, outFile) => [
        ...how,
        ...keys,
        '--infile',
        inFile,
        '--outder',
        '--outfile',
        outFile,
      ]);
      return signedEntity(content, cms, wanted);
    },
    encrypt: cannotEncrypt,
    close: () => Promise.resolve(),
  };
}
