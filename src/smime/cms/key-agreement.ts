import {
  createCipheriv,
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type JsonWebKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { type DigestName, OID } from '../algorithms.js';
import { aesKeyWrap, algorithmIdentifier } from './algorithm-identifier.js';
import { bitString, element, explicit, implicit, integer, octetString, oid, sequence } from './der.js';
import type { AgreementKey } from './recipient-key.js';

interface Group {
  /** Of the ephemeral key (RFC 5480 §2.1.1, RFC 8410 §3). */
  readonly keyAlgorithm: Buffer;
  /** The key agreement scheme: its KDF has the curve's strength (RFC 5753 §8, RFC 8418 §2). */
  readonly schemeOid: string;
  readonly digest: DigestName;
  readonly keyDerivation: 'x9.63' | 'hkdf';
  /**
   * Agrees by a key pair made for this once. No KeyObject of generateKeyPairSync is made: to export one holds a lock on the key while
   * JavaScript memory is allocated, and a garbage collection just then that frees what the pair was made with waits for that lock: in Node.js 20
   * the thread stops for ever.
   */
  agree(recipient: AgreementKey): { readonly ephemeralPoint: Buffer; readonly sharedSecret: Buffer };
}

const X25519_BYTES = 32;

const GROUPS: Readonly<Record<AgreementKey['group'], Group>> = {
  p256: nistGroup('prime256v1', OID.p256, OID.ecdhSha256Kdf, 'sha256'),
  p384: nistGroup('secp384r1', OID.p384, OID.ecdhSha384Kdf, 'sha384'),
  p521: nistGroup('secp521r1', OID.p521, OID.ecdhSha512Kdf, 'sha512'),
  x25519: {
    keyAlgorithm: algorithmIdentifier(OID.x25519),
    schemeOid: OID.ecdhHkdfSha256,
    digest: 'sha256',
    keyDerivation: 'hkdf',
    agree: ({ publicKey }) => {
      // RFC 7748 §5: any 32 octets are a private key. Read as JWK, which is 15 times faster than as PKCS#8; `x` is not asked for beside `d`.
      const d = randomBytes(X25519_BYTES).toString('base64url');
      const privateKey = createPrivateKey({ key: { kty: 'OKP', crv: 'X25519', d, x: '' }, format: 'jwk' });
      return { ephemeralPoint: publicPoint(createPublicKey(privateKey)), sharedSecret: diffieHellman({ privateKey, publicKey }) };
    },
  },
};

/**
 * KeyAgreeRecipientInfo (RFC 5652 §6.2.2; RFC 5753 §3.1, RFC 8418 §2), ephemeral-static: a fresh key pair each time, and the content key
 * wrapped with AES of the content key's own length (RFC 8551 §2.3). No ukm: the ephemeral key is what is new.
 */
export function keyAgreeRecipientInfo(recipient: AgreementKey, contentKey: Buffer): Buffer {
  const group = GROUPS[recipient.group];
  const { ephemeralPoint, sharedSecret } = group.agree(recipient);
  const wrapAlgorithm = aesKeyWrap(contentKey.length);
  const keyEncryptionKey = deriveKey(group, sharedSecret, wrapAlgorithm, contentKey.length);
  const originatorKey = sequence(group.keyAlgorithm, bitString(ephemeralPoint));
  return element(
    0xa1,
    integer(3),
    explicit(0, implicit(1, originatorKey)),
    sequence(oid(group.schemeOid), wrapAlgorithm),
    sequence(sequence(recipient.issuerAndSerial, octetString(wrapKey(keyEncryptionKey, contentKey)))),
  );
}

function nistGroup(namedCurve: string, curveOid: string, schemeOid: string, digest: DigestName): Group {
  return {
    keyAlgorithm: algorithmIdentifier(OID.ecPublicKey, oid(curveOid)),
    schemeOid,
    digest,
    keyDerivation: 'x9.63',
    agree: ({ point }) => {
      const ephemeral = createECDH(namedCurve);
      const ephemeralPoint = ephemeral.generateKeys();
      return { ephemeralPoint, sharedSecret: ephemeral.computeSecret(point) };
    },
  };
}

/**
 * The key-encryption key from the shared secret and ECC-CMS-SharedInfo (RFC 5753 §7.2). HKDF has an empty salt without ukm (RFC 8418 §2.2).
 * The X9.63 KDF would go on with further counters, but no AES key is longer than the shortest digest used here.
 */
function deriveKey(group: Group, sharedSecret: Buffer, wrapAlgorithm: Buffer, keyBytes: number): Buffer {
  const keyBits = Buffer.alloc(4);
  keyBits.writeUInt32BE(keyBytes * 8);
  const sharedInfo = sequence(wrapAlgorithm, explicit(2, octetString(keyBits)));
  if (group.keyDerivation === 'hkdf') return Buffer.from(hkdfSync(group.digest, sharedSecret, '', sharedInfo, keyBytes));
  const counter = Buffer.of(0, 0, 0, 1);
  return createHash(group.digest).update(sharedSecret).update(counter).update(sharedInfo).digest().subarray(0, keyBytes);
}

/** AES key wrap (RFC 3394) with its standard initial value. */
function wrapKey(keyEncryptionKey: Buffer, contentKey: Buffer): Buffer {
  const cipher = createCipheriv(`id-aes${keyEncryptionKey.length * 8}-wrap`, keyEncryptionKey, Buffer.alloc(8, 0xa6));
  return Buffer.concat([cipher.update(contentKey), cipher.final()]);
}

/**
 * The uncompressed point (SEC 1 §2.3.3), or the 32 octets of X25519, of a key that was read from somewhere. As JWK, which is 50 times faster
 * than as SPKI.
 */
export function publicPoint(key: KeyObject): Buffer {
  const jwk: JsonWebKey = key.export({ format: 'jwk' });
  const x = Buffer.from(jwk.x ?? '', 'base64url');
  return jwk.y === undefined ? x : Buffer.concat([Buffer.of(4), x, Buffer.from(jwk.y, 'base64url')]);
}
