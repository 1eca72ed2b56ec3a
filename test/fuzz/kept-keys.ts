import { createPrivateKey } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Seeds } from './seeds.js';

/** Every run has a PKI of its own: without its throwaway keys, a finding behind decryption or a signature would not be found again. */
export function keepKeys(inputFile: string, { keys, genuine }: Seeds): void {
  const kept = {
    now: keys.now.toISOString(),
    trustAnchors: keys.trustAnchors.map((der) => der.toString('base64')),
    decryption: keys.decryption.map(({ certificate, privateKey }) => ({
      certificate: certificate.toString('base64'),
      privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }),
    })),
    genuine: [...genuine],
  };
  writeFileSync(fileOf(inputFile), JSON.stringify(kept), { mode: 0o600 });
}

/** The seeds with the keys kept beside an input, if there are any. */
export function withKeptKeys(inputFile: string, seeds: Seeds): Seeds {
  const file = fileOf(inputFile);
  if (!existsSync(file)) return seeds;
  const kept = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly now: string;
    readonly trustAnchors: readonly string[];
    readonly decryption: readonly { readonly certificate: string; readonly privateKey: string }[];
    readonly genuine: readonly string[];
  };
  const decryption = kept.decryption.map(({ certificate, privateKey }) => ({
    certificate: Buffer.from(certificate, 'base64'),
    privateKey: createPrivateKey(privateKey),
  }));
  const trustAnchors = kept.trustAnchors.map((der) => Buffer.from(der, 'base64'));
  return { ...seeds, keys: { decryption, trustAnchors, now: new Date(kept.now) }, genuine: new Set(kept.genuine) };
}

function fileOf(inputFile: string): string {
  return `${inputFile}.keys.json`;
}
