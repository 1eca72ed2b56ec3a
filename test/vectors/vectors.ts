import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

/** A file of a published standard, see README.md beside it; `name` as in `rfc9216/alice.verify.crt`. */
export function vector(name: string): Buffer {
  return readFileSync(join(here, name));
}

/** DER. */
export function vectorCertificate(name: string): Buffer {
  return new X509Certificate(vector(`rfc9216/${name}.crt`)).raw;
}

export function vectorKey(name: string): KeyObject {
  return createPrivateKey(vector(`rfc9216/${name}.key`));
}
