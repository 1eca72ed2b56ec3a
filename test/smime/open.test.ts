import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Opened, openMessage } from '../../src/smime/open.js';
import { ctx, int, octets, oid, seq } from './read/der-kit.js';
import { asMessage, cmsOf, crlf, EC, ENTITY, Kit, mailExtensions, type Party, RSA, withCms } from './read/kit.js';

let kit: Kit;
let alice: Party;
let bob: Party;
let bobEc: Party;
beforeAll(() => {
  kit = new Kit();
  alice = kit.user('alice@example.com');
  bob = kit.user('bob@example.net');
  bobEc = kit.user('bob@example.net', EC('P-256'));
});
afterAll(() => kit.dispose());

function open(message: Buffer, ...parties: Party[]): Opened {
  return openMessage(message, { decryption: parties, trustAnchors: [kit.root.certificate], now: new Date() });
}

const ENCRYPTED = (party: Party) => ['-recip', party.certFile];

describe('openMessage, signed messages', () => {
  it.each([
    ['opaque', ['-nodetach']],
    ['detached', []],
    ['opaque in BER of indefinite length', ['-nodetach', '-stream']],
    ['without signed attributes', ['-nodetach', '-noattr']],
    ['without S/MIME capabilities', ['-nodetach', '-nosmimecap']],
    ['with a key identifier instead of issuer and serial', ['-nodetach', '-keyid']],
    ['with the CAdES signing certificate attribute', ['-nodetach', '-cades']],
    ['with SHA-384', ['-nodetach', '-md', 'sha384']],
    ['with SHA-512', ['-nodetach', '-md', 'sha512']],
    ['with RSASSA-PSS', ['-nodetach', '-keyopt', 'rsa_padding_mode:pss']],
    ['with RSASSA-PSS, SHA-512 and a salt of 20', ['-md', 'sha512', '-keyopt', 'rsa_padding_mode:pss', '-keyopt', 'rsa_pss_saltlen:20']],
  ])('verifies one %s', (_name, args) => {
    const opened = open(asMessage(kit.sign(ENTITY, alice, ...args)));
    expect(opened.layers).toMatchObject([{ kind: 'signed', verdict: 'valid', form: args.includes('-nodetach') ? 'opaque' : 'detached' }]);
    expect(opened.ok).toBe(true);
    expect(opened.entity).toEqual(ENTITY);
  });

  it.each(['P-256', 'P-384', 'P-521', 'brainpoolP256r1'])('verifies ECDSA on %s', (curve) => {
    const signer = kit.user('alice@example.com', EC(curve));
    const { layers, ok } = open(asMessage(kit.sign(ENTITY, signer)));
    expect(layers[0]?.algorithms).toEqual(['sha256', 'ecdsa']);
    expect(ok).toBe(true);
  });

  it('verifies a key that is restricted to RSASSA-PSS', () => {
    const signer = kit.user('alice@example.com', ['-algorithm', 'RSA-PSS', '-pkeyopt', 'rsa_keygen_bits:2048']);
    const message = asMessage(kit.sign(ENTITY, signer, '-keyopt', 'rsa_padding_mode:pss'));
    expect(open(message).layers[0]).toMatchObject({ verdict: 'valid', algorithms: ['sha256', 'rsa-pss'] });
  });

  it('says who signed, when and with what', () => {
    const { layers } = open(asMessage(kit.sign(ENTITY, alice)));
    const [signer] = layers[0]?.signers ?? [];
    expect(signer).toMatchObject({ subject: 'CN=alice', addresses: ['alice@example.com'], verdict: 'valid' });
    expect(Math.abs(Date.now() - (signer?.signingTime?.getTime() ?? 0))).toBeLessThan(60_000);
    expect(layers[0]?.algorithms).toEqual(['sha256', 'rsa-pkcs1']);
  });

  it('verifies SHA-1 and calls it weak', () => {
    const { layers, ok } = open(asMessage(kit.sign(ENTITY, alice, '-md', 'sha1')));
    expect(layers[0]?.algorithms).toEqual(['sha1 (weak)', 'rsa-pkcs1']);
    expect(layers[0]?.reason).toContain('SHA-1 (weak)');
    expect(ok).toBe(true);
  });

  it('does not rely on MD5', () => {
    const { layers, ok } = open(asMessage(kit.sign(ENTITY, alice, '-md', 'md5')));
    expect(layers[0]).toMatchObject({ verdict: 'unknown', reason: expect.stringContaining('MD5') });
    expect(ok).toBe(false);
  });

  it('verifies a detached signature whose message was stored with LF line ends', () => {
    const stored = Buffer.from(asMessage(kit.sign(ENTITY, alice)).toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
    const opened = open(stored);
    expect(opened.ok).toBe(true);
    expect(opened.entity).toEqual(ENTITY);
    expect(opened.message.includes('\n\n')).toBe(false);
  });

  it('reads the content types under their x- names and as octet-stream with a .p7m name', () => {
    const message = asMessage(kit.sign(ENTITY, alice, '-nodetach')).toString('latin1');
    const old = message.replace('application/pkcs7-mime', 'application/x-pkcs7-mime');
    const bare = message.replace(/Content-Type: [^\r]*/, 'Content-Type: application/octet-stream; name="smime.p7m"');
    expect(open(Buffer.from(old, 'latin1')).ok).toBe(true);
    expect(open(Buffer.from(bare, 'latin1')).ok).toBe(true);
  });

  it('is untrusted when no path leads to an anchor, and unknown when the certificate is missing', () => {
    const message = asMessage(kit.sign(ENTITY, alice));
    const stranger = openMessage(message, { decryption: [], trustAnchors: [bob.certificate], now: new Date() });
    expect(stranger.layers[0]).toMatchObject({ verdict: 'untrusted', reason: expect.stringContaining('trusted CA') });
    expect(stranger.ok).toBe(false);
    const bare = open(asMessage(kit.sign(ENTITY, alice, '-nocerts')));
    expect(bare.layers[0]).toMatchObject({ verdict: 'unknown', reason: expect.stringContaining('not at hand') });
    expect(bare.ok).toBe(false);
  });

  it('is untrusted when the certificate had expired at the time asked for', () => {
    const now = new Date(Date.now() + 400 * 86_400_000);
    const opened = openMessage(asMessage(kit.sign(ENTITY, alice)), { decryption: [], trustAnchors: [kit.root.certificate], now });
    expect(opened.layers[0]).toMatchObject({ verdict: 'untrusted', reason: expect.stringContaining('expired') });
  });

  it('finds the signer among the trust anchors when the message does not bring the certificate', () => {
    const anchors = [alice.certificate];
    const opened = openMessage(asMessage(kit.sign(ENTITY, alice, '-nocerts')), { decryption: [], trustAnchors: anchors, now: new Date() });
    expect(opened.ok).toBe(true);
  });

  it('verifies two SignerInfos', () => {
    const second = kit.user('alice@example.com', EC('P-256'));
    const { layers, ok } = open(asMessage(kit.sign(ENTITY, alice, '-signer', second.certFile, '-inkey', second.keyFile)));
    expect(layers[0]?.signers.map(({ verdict }) => verdict)).toEqual(['valid', 'valid']);
    expect(ok).toBe(true);
  });
});

describe('openMessage, the inner message', () => {
  it('is the outer header, MIME-Version once, and the entity', () => {
    const message = open(asMessage(kit.sign(ENTITY, alice), 'alice@example.com', 'X-Job: 7')).message.toString();
    expect(message).toBe(
      'From: Alice <alice@example.com>\r\nTo: bob@example.net\r\nSubject: Quarterly figures\r\nDate: Mon, 24 Nov 2025 10:00:00 +0000\r\n' +
        `X-Job: 7\r\nMIME-Version: 1.0\r\n${ENTITY.toString()}`,
    );
  });

  it('takes no From or Subject from inside', () => {
    const entity = Buffer.concat([Buffer.from('From: ceo@example.com\r\nSubject: Other\r\n'), ENTITY]);
    const opened = open(asMessage(kit.sign(entity, alice, '-nodetach')));
    expect(opened.entity).toEqual(entity);
    expect(opened.message.toString()).not.toContain('ceo@example.com');
    expect(opened.message.toString().match(/^Subject:/gm)).toHaveLength(1);
    expect(opened.notes).toEqual([expect.stringContaining('From, Subject')]);
  });

  it('puts a bare text without MIME header into the body', () => {
    const opened = open(asMessage(kit.sign(Buffer.from('Hello Bob\r\n'), alice, '-nodetach')));
    expect(opened.ok).toBe(true);
    expect(opened.message.toString()).toMatch(/MIME-Version: 1\.0\r\n\r\nHello Bob\r\n$/);
  });

  it('of a message without S/MIME is the message, and is not ok', () => {
    const message = asMessage(ENTITY);
    expect(open(message)).toEqual({ message, entity: message, layers: [], ok: false, notes: [] });
  });
});

describe('openMessage, encrypted messages', () => {
  const signedAndEncrypted = (recipients: readonly (readonly string[])[], ...args: string[]) =>
    asMessage(kit.encrypt(kit.sign(ENTITY, alice, '-nodetach'), recipients, ...args));

  it.each([['-aes-128-cbc'], ['-aes-192-cbc'], ['-aes-256-cbc'], ['-aes-256-cbc', '-stream'], ['-aes-256-cbc', '-keyid']])(
    'decrypts RSA PKCS#1 v1.5 with %s',
    (...args) => {
      const opened = open(signedAndEncrypted([ENCRYPTED(bob)], ...args), bob);
      expect(opened.layers).toMatchObject([
        { kind: 'encrypted', form: 'enveloped', verdict: 'valid', algorithms: [args[0]?.slice(1), 'rsa-pkcs1'] },
        { kind: 'signed', verdict: 'valid' },
      ]);
      expect(opened.ok).toBe(true);
      expect(opened.entity).toEqual(ENTITY);
    },
  );

  it.each(['-aes-128-gcm', '-aes-192-gcm', '-aes-256-gcm'])('decrypts and authenticates %s', (cipher) => {
    const opened = open(asMessage(kit.encrypt(ENTITY, [ENCRYPTED(bob)], cipher)), bob);
    expect(opened.layers).toMatchObject([{ kind: 'encrypted', form: 'auth-enveloped', verdict: 'authenticated' }]);
    expect(opened.ok).toBe(true);
    expect(opened.entity).toEqual(ENTITY);
  });

  it.each(['sha1', 'sha256', 'sha512'])('decrypts RSA-OAEP with %s', (digest) => {
    const recipient = [...ENCRYPTED(bob), '-keyopt', 'rsa_padding_mode:oaep', '-keyopt', `rsa_oaep_md:${digest}`];
    const opened = open(signedAndEncrypted([recipient], '-aes-256-cbc'), bob);
    expect(opened.layers[0]?.algorithms).toEqual(['aes-256-cbc', `rsa-oaep-${digest}`]);
    expect(opened.ok).toBe(true);
  });

  it('decrypts RSA-OAEP whose mask is made with another digest', () => {
    const recipient = [
      ...ENCRYPTED(bob),
      '-keyopt',
      'rsa_padding_mode:oaep',
      '-keyopt',
      'rsa_oaep_md:sha256',
      '-keyopt',
      'rsa_mgf1_md:sha1',
    ];
    expect(open(signedAndEncrypted([recipient], '-aes-256-cbc'), bob).ok).toBe(true);
  });

  it('decrypts 3DES and calls it weak', () => {
    const opened = open(signedAndEncrypted([ENCRYPTED(bob)], '-des3'), bob);
    expect(opened.layers[0]?.algorithms).toEqual(['3des-cbc (weak)', 'rsa-pkcs1']);
    expect(opened.ok).toBe(true);
  });

  it.each(['P-256', 'P-384', 'P-521', 'brainpoolP384r1', 'secp256k1'])('decrypts ECDH on %s', (curve) => {
    const recipient = kit.user('bob@example.net', EC(curve));
    expect(open(signedAndEncrypted([ENCRYPTED(recipient)], '-aes-256-cbc'), recipient).ok).toBe(true);
  });

  it.each(['sha1', 'sha224', 'sha256', 'sha384', 'sha512'])('decrypts ECDH with the KDF on %s', (digest) => {
    const opened = open(signedAndEncrypted([[...ENCRYPTED(bobEc), '-keyopt', `ecdh_kdf_md:${digest}`]], '-aes-256-cbc'), bobEc);
    expect(opened.layers[0]?.algorithms[1]).toBe(`ecdh-${digest}kdf aes-256-wrap`);
    expect(opened.ok).toBe(true);
  });

  it.each(['-aes128-wrap', '-aes192-wrap', '-aes256-wrap', '-des3-wrap'])('decrypts ECDH with %s', (wrap) => {
    expect(open(signedAndEncrypted([ENCRYPTED(bobEc)], '-aes-128-cbc', wrap), bobEc).ok).toBe(true);
  });

  it('decrypts ECDH in cofactor mode', () => {
    expect(open(signedAndEncrypted([[...ENCRYPTED(bobEc), '-keyopt', 'ecdh_cofactor_mode:1']], '-aes-256-cbc'), bobEc).ok).toBe(true);
  });

  it('decrypts ECDH with AES-GCM and a key identifier', () => {
    expect(open(asMessage(kit.encrypt(ENTITY, [ENCRYPTED(bobEc)], '-aes-256-gcm', '-keyid')), bobEc).ok).toBe(true);
  });

  it('decrypts with the key of any of several recipients, RSA and EC mixed', () => {
    const carol = kit.user('carol@example.org');
    const message = signedAndEncrypted([ENCRYPTED(carol), ENCRYPTED(bobEc), ENCRYPTED(bob)], '-aes-256-cbc');
    for (const party of [bob, bobEc, carol]) expect(open(message, party).ok).toBe(true);
    expect(open(message, alice, bob).layers[0]?.recipients).toHaveLength(3);
  });

  it('throws no-key, naming the recipients, when none of the keys is one', () => {
    const message = asMessage(kit.encrypt(ENTITY, [ENCRYPTED(bob)], '-aes-256-cbc'));
    expect(() => open(message, alice)).toThrow(
      expect.objectContaining({ code: 'no-key', message: expect.stringContaining('CN=Example Mail CA') }),
    );
  });

  it('throws cannot-decrypt when the key is not that of the certificate', () => {
    const message = asMessage(kit.encrypt(ENTITY, [ENCRYPTED(bob)], '-aes-256-gcm'));
    const wrong = { certificate: bob.certificate, privateKey: alice.privateKey };
    const keys = { decryption: [wrong], trustAnchors: [], now: new Date() };
    expect(() => openMessage(message, keys)).toThrow(expect.objectContaining({ code: 'cannot-decrypt' }));
  });

  it('throws no-key for a message encrypted to a password only', () => {
    const message = asMessage(crlf(kit.openssl(['cms', '-encrypt', '-pwri_password', 'example', '-aes-256-cbc'], ENTITY)));
    expect(() => open(message, bob)).toThrow(expect.objectContaining({ code: 'no-key', message: expect.stringContaining('a password') }));
  });

  it('never calls CBC without a signature inside more than unauthenticated', () => {
    const opened = open(asMessage(kit.encrypt(ENTITY, [ENCRYPTED(bob)], '-aes-256-cbc')), bob);
    expect(opened.layers).toMatchObject([{ kind: 'encrypted', verdict: 'unauthenticated' }]);
    expect(opened.ok).toBe(false);
    expect(opened.entity).toEqual(ENTITY);
  });

  it('does not take a signature around CBC for one inside it', () => {
    const opened = open(asMessage(kit.sign(kit.encrypt(ENTITY, [ENCRYPTED(bob)], '-aes-256-cbc'), alice)), bob);
    expect(opened.layers.map(({ verdict }) => verdict)).toEqual(['valid', 'unauthenticated']);
    expect(opened.ok).toBe(false);
  });

  it('opens a triple wrap', () => {
    const inner = kit.encrypt(kit.sign(ENTITY, alice, '-nodetach'), [ENCRYPTED(bob)], '-aes-256-cbc');
    const opened = open(asMessage(kit.sign(inner, alice)), bob);
    expect(opened.layers.map(({ kind, verdict }) => `${kind} ${verdict}`)).toEqual(['signed valid', 'encrypted valid', 'signed valid']);
    expect(opened.ok).toBe(true);
    expect(opened.entity).toEqual(ENTITY);
  });

  it('opens a detached signature inside encryption', () => {
    const opened = open(asMessage(kit.encrypt(kit.sign(ENTITY, alice), [ENCRYPTED(bob)], '-aes-256-cbc')), bob);
    expect(opened.ok).toBe(true);
    expect(opened.entity).toEqual(ENTITY);
  });
});

describe('openMessage, other layers', () => {
  const PKCS7_MIME =
    'Content-Type: application/pkcs7-mime; smime-type=compressed-data; name=smime.p7z\r\nContent-Transfer-Encoding: base64\r\n\r\n';

  function compressed(content: Buffer): Buffer {
    const info = seq(oid('1.2.840.113549.1.7.1'), ctx(0, octets(deflateSync(content))));
    const data = seq(int(0), seq(oid('1.2.840.113549.1.9.16.3.8')), info);
    const cms = seq(oid('1.2.840.113549.1.9.16.1.9'), ctx(0, data));
    return Buffer.from(`${PKCS7_MIME}${cms.toString('base64')}\r\n`);
  }

  it('inflates compressed data, which proves nothing by itself', () => {
    const opened = open(asMessage(compressed(ENTITY)));
    expect(opened.layers).toMatchObject([{ kind: 'compressed', verdict: 'unauthenticated' }]);
    expect(opened.entity).toEqual(ENTITY);
    expect(opened.ok).toBe(false);
  });

  it('takes compression around or within a valid signature for valid', () => {
    expect(open(asMessage(compressed(kit.sign(ENTITY, alice)))).ok).toBe(true);
    expect(open(asMessage(kit.sign(compressed(ENTITY), alice))).ok).toBe(true);
  });

  it('recognises a message that only transports certificates', () => {
    const cms = kit.openssl(['crl2pkcs7', '-nocrl', '-certfile', alice.certFile, '-outform', 'DER']);
    const message = withCms(asMessage(kit.sign(ENTITY, alice, '-nodetach')), cms);
    const opened = open(message);
    expect(opened.layers).toMatchObject([{ kind: 'certs-only', form: 'certs-only', verdict: 'unknown' }]);
    expect(opened.ok).toBe(false);
    expect(opened.notes).toEqual([]);
  });

  it('reads CMS in binary and quoted-printable transfer encodings', () => {
    const message = asMessage(kit.sign(ENTITY, alice, '-nodetach'));
    const header = message.toString('latin1').replace('Transfer-Encoding: base64', 'Transfer-Encoding: binary').split('\r\n\r\n')[0];
    expect(open(Buffer.concat([Buffer.from(`${header}\r\n\r\n`), cmsOf(message)])).ok).toBe(true);
    const quoted = cmsOf(message).toString('hex').toUpperCase().replace(/../g, '=$&').replace(/.{72}/g, '$&=\r\n');
    expect(open(Buffer.from(`${header?.replace('binary', 'quoted-printable')}\r\n\r\n${quoted}\r\n`)).ok).toBe(true);
  });
});

describe('openMessage, the sender', () => {
  const signedBy = (party: Party) => kit.sign(ENTITY, party, '-nodetach');

  it('must be an address of the signer', () => {
    const { layers, ok } = open(asMessage(signedBy(alice), 'ceo@example.com'));
    expect(layers[0]).toMatchObject({ verdict: 'untrusted', reason: expect.stringContaining('ceo@example.com') });
    expect(ok).toBe(false);
  });

  it('may be any of the addresses of the certificate, its domain in any letter case', () => {
    const extensions = mailExtensions('alice@example.com', 'a.smith@example.com');
    const signer = kit.party({ key: EC('P-256'), extensions, issuer: kit.intermediate });
    expect(open(asMessage(signedBy(signer), 'a.smith@EXAMPLE.com')).ok).toBe(true);
  });

  it('may stand in the emailAddress of the subject', () => {
    const subject = '/CN=Alice/emailAddress=alice@example.com';
    const signer = kit.party({ key: EC('P-256'), subject, extensions: mailExtensions(), issuer: kit.intermediate });
    expect(open(asMessage(signedBy(signer))).ok).toBe(true);
  });

  it('is not proven by a certificate without any address', () => {
    const signer = kit.party({ key: EC('P-256'), extensions: mailExtensions(), issuer: kit.intermediate });
    expect(open(asMessage(signedBy(signer))).layers[0]).toMatchObject({
      verdict: 'untrusted',
      reason: expect.stringContaining('no address'),
    });
  });

  it('is From, not Sender, when From names one', () => {
    const message = asMessage(signedBy(alice), 'ceo@example.com', 'Sender: alice@example.com');
    expect(open(message).layers[0]?.verdict).toBe('untrusted');
  });

  it('is Sender when From names several', () => {
    const message = asMessage(signedBy(alice), 'bob@example.net', 'Sender: alice@example.com').toString('latin1');
    const several = message.replace('From: Alice <bob@example.net>', 'From: bob@example.net, carol@example.org');
    expect(open(Buffer.from(several, 'latin1')).ok).toBe(true);
    expect(open(Buffer.from(several.replace(/Sender: .*\r\n/, ''), 'latin1')).layers[0]?.verdict).toBe('untrusted');
  });

  it('is nobody when From is missing, unreadable or there twice', () => {
    const message = asMessage(signedBy(alice)).toString('latin1');
    const twice = 'From: alice@example.com\r\nFrom: alice@example.com\r\n';
    const twiceWithSender = 'From: ceo@example.com\r\nFrom: bob@example.net\r\nSender: alice@example.com\r\n';
    for (const from of ['', 'From: nobody\r\n', twice, twiceWithSender]) {
      const { layers, ok } = open(Buffer.from(message.replace(/From: .*\r\n/, from), 'latin1'));
      expect(layers[0]).toMatchObject({ verdict: 'untrusted', reason: expect.stringContaining('From') });
      expect(ok).toBe(false);
    }
  });
});

describe('openMessage, RSA keys', () => {
  it('names a signing key of less than 2048 bits weak', () => {
    const signer = kit.user('alice@example.com', RSA(1024));
    expect(open(asMessage(kit.sign(ENTITY, signer))).layers[0]?.reason).toContain('less than 2048 bits (weak)');
  });
});
