import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

type Kind = { readonly rsa: number } | { readonly ec: string } | 'x25519';

/**
 * A key pair made now. The keys are read back from PEM: a KeyObject that comes from generateKeyPairSync itself can stop Node.js 20 for ever when
 * it is exported as JWK (see src/smime/cms/key-agreement.ts).
 */
export function freshKeys(kind: Kind): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  const pem = generated(kind).export({ type: 'pkcs8', format: 'pem' });
  return { privateKey: createPrivateKey(pem), publicKey: createPublicKey(pem) };
}

function generated(kind: Kind): KeyObject {
  if (kind === 'x25519') return generateKeyPairSync('x25519').privateKey;
  if ('rsa' in kind) return generateKeyPairSync('rsa', { modulusLength: kind.rsa }).privateKey;
  return generateKeyPairSync('ec', { namedCurve: kind.ec }).privateKey;
}
