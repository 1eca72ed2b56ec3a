import { OID } from '../algorithms.js';

/** Digest algorithms by object identifier, under the names node:crypto knows them by. */
const DIGEST_NAMES: ReadonlyMap<string, string> = new Map([
  [OID.md5, 'md5'],
  [OID.sha1, 'sha1'],
  [OID.sha224, 'sha224'],
  [OID.sha256, 'sha256'],
  [OID.sha384, 'sha384'],
  [OID.sha512, 'sha512'],
]);

export function digestName(oid: string): string | undefined {
  return DIGEST_NAMES.get(oid);
}

/** The name as reports show it: SHA-1 still verifies, and is always called weak. */
export function digestLabel(name: string): string {
  return name === 'sha1' || name === 'md5' ? `${name} (weak)` : name;
}
