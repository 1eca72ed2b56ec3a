import { createHash, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pkcs12 } from '../key-files.js';
import { makeTemp, removeTemp } from '../temp.js';
import { type Gpgsm, importEcKey } from './gpgsm-ec-key.js';
import { runTool, type ToolResult } from './run-tool.js';
import type { VerifierKeys } from './verifier.js';

export interface GpgsmHome {
  readonly directory: string;
  readonly gpgsm: Gpgsm;
  /** Ends its agent and removes it. */
  close(): Promise<void>;
}

/**
 * A home for gpgsm that trusts the root and holds the keys. Those on Edwards and Montgomery curves are not given to it: there is no way to.
 */
export async function makeGpgsmHome(keys: VerifierKeys): Promise<GpgsmHome> {
  const directory = makeTemp('gpgsm');
  const gpgsm: Gpgsm = (args, input) =>
    runTool('gpgsm', ['--homedir', directory, '--batch', '--status-fd', '2', ...args], input === undefined ? {} : { input });
  await importKeys(directory, keys, gpgsm);
  const close = async () => {
    await runTool('gpgconf', ['--homedir', directory, '--kill', 'all']);
    removeTemp(directory);
  };
  return { directory, gpgsm, close };
}

async function importKeys(home: string, keys: VerifierKeys, gpgsm: Gpgsm): Promise<void> {
  writeFileSync(join(home, 'gpgsm.conf'), 'disable-crl-checks\ndisable-dirmngr\n');
  const fingerprint = createHash('sha1').update(keys.root.certificate).digest('hex').toUpperCase();
  writeFileSync(join(home, 'trustlist.txt'), `${fingerprint} S relax\n`);
  const root = await gpgsm(['--import'], Buffer.from(keys.root.certificatePem));
  if (root.status !== 0) throw new Error(`gpgsm could not import: ${root.stderr}`);
  for (const recipient of keys.recipients) {
    const kind = new X509Certificate(recipient.certificate).publicKey.asymmetricKeyType;
    if (kind === 'ec') await importEcKey(home, recipient, gpgsm);
    if (kind !== 'rsa') continue;
    // The empty passphrase leaves the key unprotected in this throwaway home: deriving a key from one costs 0.4 s per message.
    const args = ['--pinentry-mode', 'loopback', '--passphrase-fd', '0', '--import'];
    const file = join(home, `${recipient.address}.p12`);
    // gpgsm 2.2 cannot read about one in sixty of these files, whatever is wrong with its salt; another salt is another file.
    let result: ToolResult | undefined;
    for (let attempt = 0; attempt < 3 && result?.status !== 0; attempt++) {
      writeFileSync(file, pkcs12(recipient, { legacy: true }), { mode: 0o600 });
      result = await gpgsm([...args, file], Buffer.from('\n'));
    }
    if (result?.status !== 0) throw new Error(`gpgsm could not import: ${result?.stderr}`);
  }
}
