import { createHash, verify, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type DigestName, OID } from '../../src/smime/algorithms.js';
import type { Signers, SignOptions } from '../../src/smime/sign.js';
import { prepareSigner } from '../../src/smime/signer.js';
import type { KeyKind } from '../kit/pki.js';
import { at, type DerView, dotted, viewDer } from './der-view.js';
import {
  cmsOf,
  ENTITY,
  issue,
  opensslVerify,
  pki,
  preparedSigner,
  refusal,
  SIGNING_TIME,
  selfSigned,
  signDetached,
  signerOf,
  signOpaque,
} from './writing-kit.js';

const OPTIONS: SignOptions = { digest: 'sha256', scheme: 'auto', signingTime: SIGNING_TIME };

/** The SignedData SEQUENCE of an opaque entity. */
function signedDataOf(entity: Buffer): DerView {
  return at(viewDer(cmsOf(entity)), 1, 0);
}

function attributesOf(signerInfo: Buffer): Map<string, DerView[]> {
  const attributes = at(viewDer(signerInfo), 3).children;
  return new Map(attributes.map((attribute) => [dotted(at(attribute, 0)), [...at(attribute, 1).children]]));
}

/** Transfer-safe, as a detached signature wants it. */
const TEXT = Buffer.from('Content-Type: text/plain\r\n\r\nDear Bob,\r\n\r\nall is well.\r\n');

function signWith(key: KeyKind, options: Partial<SignOptions> = {}) {
  return signOpaque(ENTITY, preparedSigner(key), { ...OPTIONS, ...options });
}

const VERIFIED_BY_OPENSSL = (['rsa-2048', 'rsa-3072', 'rsa-4096', 'p-256', 'p-384', 'p-521'] as const).flatMap((key) =>
  (['sha256', 'sha384', 'sha512'] as const).map((digest) => [key, digest] as const),
);

describe('signOpaque', () => {
  it.each(VERIFIED_BY_OPENSSL)('with %s and %s is verified by openssl and holds the entity unchanged', (key, digest) => {
    expect(opensslVerify(signWith(key, { digest }).entity)).toEqual(ENTITY);
  });

  it.each(['sha256', 'sha384', 'sha512'] as const)('with RSASSA-PSS and %s is verified by openssl', (digest) => {
    const signed = signWith('rsa-2048', { digest, scheme: 'rsa-pss' });
    expect(opensslVerify(signed.entity)).toEqual(ENTITY);
    expect(signed.algorithms).toEqual([{ digest, signature: 'rsa-pss' }]);
  });

  it('with Ed25519 signs the DER of the attributes and uses SHA-512 whatever was asked for (RFC 8419 §3)', () => {
    const signed = signWith('ed25519', { digest: 'sha256' });
    const info = viewDer(signed.signerInfo);
    const attributes = Buffer.from(at(info, 3).encoded);
    attributes[0] = 0x31;
    const { publicKey } = new X509Certificate(issue('ed25519').certificate);
    expect(verify(null, attributes, publicKey, at(info, 5).content)).toBe(true);
    expect(dotted(at(info, 2, 0))).toBe(OID.sha512);
    expect(attributesOf(signed.signerInfo).get(OID.messageDigest)?.[0]?.content).toEqual(createHash('sha512').update(ENTITY).digest());
    expect(signed.algorithms).toEqual([{ digest: 'sha512', signature: 'ed25519' }]);
  });

  it('lets an altered entity fail', () => {
    const cms = cmsOf(signWith('rsa-2048').entity);
    const altered = Buffer.from(cms);
    altered[altered.indexOf('Dear Bob')] = 'd'.charCodeAt(0);
    const pem = (der: Buffer) =>
      Buffer.from(
        `Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n${der.toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`,
      );
    expect(opensslVerify(pem(cms))).toEqual(ENTITY);
    expect(() => opensslVerify(pem(altered))).toThrow(/verification failure/i);
  });

  it('takes binary, empty and large entities', () => {
    const every = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 7919) >> 8));
    for (const entity of [every, Buffer.alloc(0), Buffer.from('\r\n'), Buffer.of(0, 13, 10, 46, 13, 10)]) {
      expect(opensslVerify(signOpaque(entity, preparedSigner(), OPTIONS).entity).equals(entity)).toBe(true);
    }
  });

  it('is base64 in lines of at most 76 characters, ended by CRLF, 7-bit throughout', () => {
    const text = signWith('rsa-2048').entity.toString('latin1');
    const body = text.slice(text.indexOf('\r\n\r\n') + 4);
    expect(body).toMatch(/^([A-Za-z0-9+/=]{76}\r\n)*[A-Za-z0-9+/=]{1,76}\r\n$/);
    expect(text).toMatch(/^[\r\n -~]*$/);
  });
});

describe('SignedData', () => {
  const signedData = signedDataOf(signWith('rsa-2048').entity);

  it('is DER throughout, with SET OF in order', () => {
    // viewDer refuses everything else.
    expect(signedData.tag).toBe(0x30);
  });

  it('has version 1 for id-data and a signer named by issuer and serial (RFC 5652 §5.1)', () => {
    expect(at(signedData, 0).encoded.toString('hex')).toBe('020101');
    expect(dotted(at(signedData, 2, 0))).toBe(OID.data);
  });

  it('holds the content as one primitive OCTET STRING', () => {
    expect(at(signedData, 2, 1, 0)).toMatchObject({ tag: 0x04, content: ENTITY });
  });

  it('names the digest without parameters (RFC 5754 §2), equal in SignedData and SignerInfo (RFC 8933)', () => {
    expect(at(signedData, 1).children).toHaveLength(1);
    expect(at(signedData, 1, 0).children.map(dotted)).toEqual([OID.sha256]);
    expect(at(signedData, -1, 0, 2).encoded).toEqual(at(signedData, 1, 0).encoded);
  });

  it('includes the certificate and the intermediate, not the root (RFC 8550 §2.3)', () => {
    const sent = at(signedData, 3);
    expect(sent.tag).toBe(0xa0);
    expect(sent.children.map((certificate) => certificate.encoded.toString('hex')).sort()).toEqual(
      [issue('rsa-2048').certificate, pki.intermediate.certificate].map((der) => der.toString('hex')).sort(),
    );
  });

  it('has the certificates in DER order', () => {
    const [first, second] = at(signedData, 3).children;
    expect(Buffer.compare(first?.encoded ?? Buffer.alloc(0), second?.encoded ?? Buffer.alloc(0))).toBeLessThan(0);
  });

  it('includes a certificate named twice only once', () => {
    const signer = signerOf(issue('p-256'));
    const twice = prepareSigner({ ...signer, chain: [signer.certificate, ...signer.chain, ...signer.chain] });
    expect(at(signedDataOf(signOpaque(ENTITY, twice, OPTIONS).entity), 3).children).toHaveLength(2);
  });

  it('includes the signer’s own certificate even when it is self-signed', () => {
    const signer = selfSigned(['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']);
    const sent = at(signedDataOf(signOpaque(ENTITY, prepareSigner(signer), OPTIONS).entity), 3);
    expect(sent.children.map(({ encoded }) => encoded)).toEqual([signer.certificate]);
  });
});

describe('SignerInfo', () => {
  const signed = signWith('rsa-2048');
  const info = viewDer(signed.signerInfo);

  it('is returned as it stands in the message', () => {
    expect(at(signedDataOf(signed.entity), -1).children.map(({ encoded }) => encoded)).toEqual([signed.signerInfo]);
  });

  it('has version 1 and repeats issuer and serial byte for byte', () => {
    expect(at(info, 0).encoded.toString('hex')).toBe('020101');
    const toBeSigned = at(viewDer(issue('rsa-2048').certificate), 0);
    expect(at(info, 1, 0).encoded).toEqual(at(toBeSigned, 3).encoded);
    expect(at(info, 1, 1).encoded).toEqual(at(toBeSigned, 1).encoded);
  });

  it('repeats an issuer with a multi-valued RDN and several string types byte for byte', () => {
    const signer = selfSigned(
      ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
      '/C=DE/O=Lab+OU=Mail+CN=Müller/emailAddress=steve@example.com',
    );
    const { signerInfo } = signOpaque(ENTITY, prepareSigner(signer), OPTIONS);
    expect(at(viewDer(signerInfo), 1, 0).encoded).toEqual(at(viewDer(signer.certificate), 0, 3).encoded);
  });

  it.each([
    ['rsa-2048', 'auto', 'sha256', OID.rsaEncryption],
    ['rsa-2048', 'rsa-pkcs1', 'sha512', OID.rsaEncryption],
    ['rsa-2048', 'rsa-pss', 'sha256', OID.rsassaPss],
    ['p-256', 'auto', 'sha256', OID.ecdsaWithSha256],
    ['p-256', 'rsa-pss', 'sha256', OID.ecdsaWithSha256],
    ['p-384', 'auto', 'sha384', OID.ecdsaWithSha384],
    ['p-521', 'rsa-pkcs1', 'sha512', OID.ecdsaWithSha512],
    ['ed25519', 'auto', 'sha512', OID.ed25519],
  ] as const)('of a %s key with scheme %s and %s names its algorithm', (key, scheme, digest, expected) => {
    expect(dotted(at(viewDer(signWith(key, { scheme, digest }).signerInfo), 4, 0))).toBe(expected);
  });

  it.each([
    ['rsa-2048', ['05']],
    ['p-256', []],
    ['ed25519', []],
  ] as const)('of a %s key has the parameters its RFC demands: NULL for RSA, absent otherwise', (key, tags) => {
    const parameters = at(viewDer(signWith(key).signerInfo), 4).children.slice(1);
    expect(parameters.map(({ encoded }) => encoded.toString('hex', 0, 1))).toEqual(tags);
  });

  it.each([
    ['sha256', 32],
    ['sha384', 48],
    ['sha512', 64],
  ] as const)('with RSASSA-PSS and %s names hash, MGF1 over it and a salt of %i (RFC 4055 §3.1)', (digest, saltBytes) => {
    const parameters = at(viewDer(signWith('rsa-2048', { digest, scheme: 'rsa-pss' }).signerInfo), 4, 1);
    expect(parameters.children.map(({ tag }) => tag)).toEqual([0xa0, 0xa1, 0xa2]);
    expect(dotted(at(parameters, 0, 0, 0))).toBe(OID[digest]);
    expect(dotted(at(parameters, 1, 0, 0))).toBe(OID.mgf1);
    expect(at(parameters, 1, 0, 1).encoded).toEqual(at(parameters, 0, 0).encoded);
    expect(at(parameters, 2, 0).content.readUInt8()).toBe(saltBytes);
  });
});

describe('the digest', () => {
  it.each([
    ['p-384', 'sha256', 'sha384'],
    ['p-384', 'sha512', 'sha512'],
    ['p-521', 'sha256', 'sha512'],
    ['p-521', 'sha384', 'sha512'],
    ['p-256', 'sha256', 'sha256'],
    ['p-256', 'sha512', 'sha512'],
    ['rsa-4096', 'sha384', 'sha384'],
  ] as const)('of a %s key asked for %s is %s: never shorter than the curve, never lowered', (key, asked, used) => {
    const signed = signWith(key, { digest: asked });
    expect(signed.algorithms[0]?.digest).toBe(used);
    expect(dotted(at(viewDer(signed.signerInfo), 2, 0))).toBe(OID[used]);
    expect(attributesOf(signed.signerInfo).get(OID.messageDigest)?.[0]?.content).toEqual(createHash(used).update(ENTITY).digest());
  });
});

describe('signedAttrs', () => {
  const signed = signWith('p-256');
  const attributes = attributesOf(signed.signerInfo);

  it('are there once each and single-valued (RFC 5652 §11, RFC 8551 §2.5)', () => {
    const list = at(viewDer(signed.signerInfo), 3).children.map((attribute) => dotted(at(attribute, 0)));
    expect([...list].sort()).toEqual(
      [OID.contentType, OID.messageDigest, OID.signingTime, OID.smimeCapabilities, OID.signingCertificateV2].sort(),
    );
    for (const values of attributes.values()) expect(values).toHaveLength(1);
  });

  it('are in DER order, which openssl does not check', () => {
    const encodings = at(viewDer(signed.signerInfo), 3).children.map(({ encoded }) => encoded);
    expect(encodings).toEqual(encodings.toSorted(Buffer.compare));
  });

  it('are signed as a SET OF (0x31), not as the [0] on the wire (RFC 5652 §5.4)', () => {
    const info = viewDer(signed.signerInfo);
    const onTheWire = at(info, 3).encoded;
    const asSet = Buffer.concat([Buffer.of(0x31), onTheWire.subarray(1)]);
    const { publicKey } = new X509Certificate(issue('p-256').certificate);
    expect(onTheWire[0]).toBe(0xa0);
    expect(verify('sha256', asSet, publicKey, at(info, 5).content)).toBe(true);
    expect(verify('sha256', onTheWire, publicKey, at(info, 5).content)).toBe(false);
  });

  it('state the content type of eContentType', () => {
    expect(attributes.get(OID.contentType)?.map(dotted)).toEqual([OID.data]);
  });

  it.each(['sha256', 'sha384', 'sha512'] as const)('hold the %s of the entity', (digest: DigestName) => {
    const value = attributesOf(signWith('p-256', { digest }).signerInfo).get(OID.messageDigest)?.[0];
    expect(value?.content).toEqual(createHash(digest).update(ENTITY).digest());
  });

  it.each([
    ['2049-12-31T23:59:59Z', 0x17, '491231235959Z'],
    ['2050-01-01T00:00:00Z', 0x18, '20500101000000Z'],
  ])('write the signing time %s in its type', (iso, tag, digits) => {
    const value = attributesOf(signWith('p-256', { signingTime: new Date(iso) }).signerInfo).get(OID.signingTime)?.[0];
    expect(value).toMatchObject({ tag, content: Buffer.from(digits) });
  });

  it('announce AES-256-CBC before AES-128-CBC when the identity says nothing, parameters absent', () => {
    const capabilities = attributes.get(OID.smimeCapabilities)?.[0];
    expect(capabilities?.children.map((capability) => capability.children.map(dotted))).toEqual([[OID.aes256Cbc], [OID.aes128Cbc]]);
  });

  it('announce what the identity says its owner’s client reads, in that order', () => {
    const signer = preparedSigner('p-256', { capabilities: ['aes-256-gcm', 'aes-192-cbc'] });
    const capabilities = attributesOf(signOpaque(ENTITY, signer, OPTIONS).signerInfo).get(OID.smimeCapabilities)?.[0];
    expect(capabilities?.children.map((capability) => dotted(at(capability, 0)))).toEqual([OID.aes256Gcm, OID.aes192Cbc]);
  });

  it('announce nothing when the identity has an empty list', () => {
    const signer = preparedSigner('p-256', { capabilities: [] });
    expect(attributesOf(signOpaque(ENTITY, signer, OPTIONS).signerInfo).has(OID.smimeCapabilities)).toBe(false);
  });

  it('bind the certificate by SHA-256 with the DEFAULT hash left out, and issuerSerial (RFC 5035 §3)', () => {
    const essCertId = at(attributes.get(OID.signingCertificateV2)?.[0] ?? viewDer(Buffer.of(5, 0)), 0, 0);
    const { certificate } = issue('p-256');
    expect(essCertId.children.map(({ tag }) => tag)).toEqual([0x04, 0x30]);
    expect(at(essCertId, 0).content).toEqual(createHash('sha256').update(certificate).digest());
    const toBeSigned = at(viewDer(certificate), 0);
    expect(at(essCertId, 1, 0, 0)).toMatchObject({ tag: 0xa4, content: at(toBeSigned, 3).encoded });
    expect(at(essCertId, 1, 1).encoded).toEqual(at(toBeSigned, 1).encoded);
  });

  it('say which certificate to encrypt to when it is another, and send it along (RFC 8551 §2.5.3)', () => {
    const other = issue('rsa-2048').certificate;
    const signed2 = signOpaque(ENTITY, preparedSigner('p-256', { encryptionCertificate: other }), OPTIONS);
    const preference = attributesOf(signed2.signerInfo).get(OID.encryptionKeyPreference)?.[0];
    const toBeSigned = at(viewDer(other), 0);
    expect(preference?.tag).toBe(0xa0);
    expect(preference?.children.map(({ encoded }) => encoded)).toEqual([at(toBeSigned, 3).encoded, at(toBeSigned, 1).encoded]);
    expect(at(signedDataOf(signed2.entity), 3).children.some(({ encoded }) => encoded.equals(other))).toBe(true);
    expect(opensslVerify(signed2.entity)).toEqual(ENTITY);
  });
});

describe('signDetached', () => {
  it.each(VERIFIED_BY_OPENSSL.filter(([, digest]) => digest === 'sha256'))('with %s and %s is verified by openssl', (key, digest) => {
    expect(opensslVerify(signDetached(TEXT, preparedSigner(key), { ...OPTIONS, digest }).entity)).toEqual(TEXT);
  });

  it('has no eContent, rather than an empty one (RFC 5652 §5.2)', () => {
    const { entity } = signDetached(TEXT, preparedSigner('p-256'), OPTIONS);
    const text = entity.toString('latin1');
    const signature = text.slice(text.indexOf('smime.p7s\r\n\r\n'), text.lastIndexOf('\r\n--'));
    const signedData = at(viewDer(cmsOf(Buffer.from(signature))), 1, 0);
    expect(at(signedData, 2).children.map(dotted)).toEqual([OID.data]);
  });

  it.each([
    ['rsa-2048', 'sha256', 'sha-256'],
    ['rsa-2048', 'sha384', 'sha-384'],
    ['p-256', 'sha512', 'sha-512'],
    ['ed25519', 'sha256', 'sha-512'],
  ] as const)('of %s with %s spells micalg=%s (RFC 8551 §3.5.3.2)', (key, digest, micalg) => {
    const { entity } = signDetached(TEXT, preparedSigner(key), { ...OPTIONS, digest });
    expect(entity.toString('latin1')).toContain(`; protocol="application/pkcs7-signature";\r\n micalg=${micalg}; boundary="`);
  });

  it('holds the entity byte for byte', () => {
    expect(signDetached(TEXT, preparedSigner('p-256'), OPTIONS).entity.includes(TEXT)).toBe(true);
  });
});

describe('a key restricted to RSASSA-PSS', () => {
  const RESTRICTED = ['-algorithm', 'RSA-PSS', '-pkeyopt', 'rsa_keygen_bits:2048'];
  const SHA384_SALT_50 = [
    ...RESTRICTED,
    '-pkeyopt',
    'rsa_pss_keygen_md:sha384',
    '-pkeyopt',
    'rsa_pss_keygen_mgf1_md:sha384',
    '-pkeyopt',
    'rsa_pss_keygen_saltlen:50',
  ];

  it('signs PSS under scheme auto', () => {
    const signed = signOpaque(ENTITY, prepareSigner(selfSigned(RESTRICTED)), OPTIONS);
    expect(signed.algorithms).toEqual([{ digest: 'sha256', signature: 'rsa-pss' }]);
  });

  it('is bound by the parameters of its certificate: digest and least salt (RFC 4055 §3.3)', () => {
    const signer = selfSigned(SHA384_SALT_50);
    const signed = signOpaque(ENTITY, prepareSigner(signer), OPTIONS);
    expect(signed.algorithms).toEqual([{ digest: 'sha384', signature: 'rsa-pss' }]);
    const info = viewDer(signed.signerInfo);
    expect(at(info, 4, 1, 2, 0).content.readUInt8()).toBe(50);
    const asSet = Buffer.concat([Buffer.of(0x31), at(info, 3).encoded.subarray(1)]);
    const key = { key: new X509Certificate(signer.certificate).publicKey, saltLength: 50 };
    expect(verify('sha384', asSet, key, at(info, 5).content)).toBe(true);
  });

  it('refuses PKCS#1 v1.5, naming the subject', () => {
    const signer = prepareSigner(selfSigned(RESTRICTED, '/CN=Restricted Alice'));
    const error = refusal(() => signOpaque(ENTITY, signer, { ...OPTIONS, scheme: 'rsa-pkcs1' }));
    expect(error).toMatchObject({ code: 'unusable-identity', disposition: 'quarantine' });
    expect(error.message).toContain('Restricted Alice');
  });

  it('is refused at once when it demands SHA-1', () => {
    const signer = selfSigned([...RESTRICTED, '-pkeyopt', 'rsa_pss_keygen_md:sha1', '-pkeyopt', 'rsa_pss_keygen_mgf1_md:sha1']);
    expect(refusal(() => prepareSigner(signer)).message).toContain('demands sha1');
  });
});

describe('several signers', () => {
  const signers = (): Signers => [preparedSigner('rsa-2048'), preparedSigner('p-384'), preparedSigner('p-256')];

  it('make a SignerInfo each over the same content, which openssl verifies all', () => {
    expect(opensslVerify(signOpaque(ENTITY, signers(), OPTIONS).entity)).toEqual(ENTITY);
    expect(opensslVerify(signDetached(TEXT, signers(), OPTIONS).entity)).toEqual(TEXT);
  });

  it('are told in their order, each with its own digest', () => {
    const { signerInfos, algorithms } = signOpaque(ENTITY, signers(), OPTIONS);
    expect(algorithms).toEqual([
      { digest: 'sha256', signature: 'rsa-pkcs1' },
      { digest: 'sha384', signature: 'ecdsa-p384' },
      { digest: 'sha256', signature: 'ecdsa-p256' },
    ]);
    expect(signerInfos.map((info) => dotted(at(viewDer(info), 2, 0)))).toEqual([OID.sha256, OID.sha384, OID.sha256]);
  });

  it('name each digest once, in digestAlgorithms and in micalg (RFC 8551 §3.5.3.2)', () => {
    const data = signedDataOf(signOpaque(ENTITY, signers(), OPTIONS).entity);
    expect(at(data, 1).children.map((identifier) => dotted(at(identifier, 0)))).toEqual([OID.sha256, OID.sha384]);
    expect(signDetached(TEXT, signers(), OPTIONS).entity.toString('latin1')).toContain('micalg="sha-256,sha-384"');
  });

  it('share the certificates of their chain', () => {
    // Three signers and the one intermediate.
    expect(at(signedDataOf(signOpaque(ENTITY, signers(), OPTIONS).entity), 3).children).toHaveLength(4);
  });
});
