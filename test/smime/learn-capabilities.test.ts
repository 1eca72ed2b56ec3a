import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OID } from '../../src/smime/algorithms.js';
import type { LearntCapabilities } from '../../src/smime/capabilities.js';
import { learntFrom } from '../../src/smime/learn-capabilities.js';
import { type Opened, openMessage } from '../../src/smime/open.js';
import { readCertificate } from '../../src/smime/read/certificate.js';
import { prepareRecipient } from '../../src/smime/recipient.js';
import { prepareSigner, type Signer } from '../../src/smime/signer.js';
import { der, int, oid, seq } from './read/der-kit.js';
import { asMessage, ENTITY, Kit, mailExtensions, type Party, RSA } from './read/kit.js';
import { attribute, pkcs7Mime, SIGNING_TIME, signedData, signerInfo, soundAttributes } from './read/signed-builder.js';
import { encrypt, signDetached, signOpaque } from './writing-kit.js';

/** A little ahead: certificates are valid from the moment they are made. */
const NOW = new Date(Date.now() + 600_000);
const YESTERDAY = new Date(NOW.getTime() - 86_400_000);
const MINUTE_MS = 60_000;

let kit: Kit;
let alice: Party;
/** Another of Alice's, that may only encrypt. */
let forEncryption: Party;
beforeAll(() => {
  kit = new Kit();
  alice = kit.user('alice@example.com');
  const extensions = [...mailExtensions('alice@example.com'), 'keyUsage=critical,keyEncipherment'];
  forEncryption = kit.party({ key: RSA(), subject: '/CN=alice', extensions, issuer: kit.intermediate });
});
afterAll(() => kit.dispose());

function signerOf({ certificate, privateKey }: Party, more: Partial<Signer> = {}) {
  return prepareSigner({ certificate, privateKey, chain: [kit.intermediate.certificate], ...more });
}

interface Mail extends Partial<Signer> {
  readonly by?: Party;
  readonly signingTime?: Date;
  readonly from?: string;
}

/** A message by Alice, signed by this program. */
function signed({ by = alice, signingTime = NOW, from, ...more }: Mail = {}): Buffer {
  const { entity } = signOpaque(ENTITY, signerOf(by, more), { digest: 'sha256', scheme: 'auto', signingTime });
  return asMessage(entity, from);
}

/** A message by Alice whose signed attributes are put together octet by octet. */
function built(...attributes: Buffer[]): Buffer {
  const info = signerInfo(ENTITY, alice, { attributes: [...soundAttributes(ENTITY), ...attributes].sort(Buffer.compare) });
  const certificates = [alice.certificate, kit.intermediate.certificate];
  return asMessage(pkcs7Mime(signedData({ signerInfos: [info], certificates, content: ENTITY })));
}

function open(message: Buffer, ...decryption: Party[]): Opened {
  return openMessage(message, { decryption, trustAnchors: [kit.root.certificate], now: NOW });
}

function announced(message: Buffer) {
  const [signer] = open(message).layers.at(-1)?.signers ?? [];
  return signer?.announced;
}

function learn(message: Buffer, previous?: LearntCapabilities, certificate = alice.certificate) {
  return learntFrom(previous, open(message), certificate, NOW);
}

const utcTime = (date: Date) => der(0x17, `${date.toISOString().slice(2, 19).replace(/[-T:]/g, '')}Z`);
const CAPABILITIES = attribute(OID.smimeCapabilities, seq(seq(oid(OID.aes256Gcm))));
const TIME = attribute(SIGNING_TIME, utcTime(NOW));
const fingerprint = (der: Buffer) => createHash('sha256').update(der).digest('hex');
const second = (date: Date) => new Date(Math.floor(date.getTime() / 1000) * 1000).toISOString();

describe('a valid signature announces', () => {
  it('who signed, and the ciphers in the order written', () => {
    expect(announced(signed({ capabilities: ['aes-128-cbc', 'aes-256-gcm'] }))).toEqual({
      address: 'alice@example.com',
      weak: false,
      capabilities: { ciphers: ['aes-128-cbc', 'aes-256-gcm'], others: [] },
      certificate: alice.certificate,
      fingerprint: fingerprint(alice.certificate),
      encryptionKeyPreference: undefined,
      encryptionCertificate: undefined,
      notes: [],
    });
  });

  it('what another program wrote', () => {
    const found = announced(asMessage(kit.sign(ENTITY, alice)))?.capabilities;
    expect(found?.ciphers).toEqual(['aes-256-cbc', 'aes-192-cbc', 'aes-128-cbc']);
    expect(found?.others).toEqual(expect.arrayContaining([OID.tripleDesCbc, OID.rc2Cbc]));
  });

  it('no capabilities where there are none', () => {
    expect(announced(signed({ capabilities: [] }))).toMatchObject({ capabilities: undefined, notes: [] });
    expect(announced(asMessage(kit.sign(ENTITY, alice, '-noattr', '-nodetach')))).toMatchObject({ capabilities: undefined, notes: [] });
  });

  it('the certificate to encrypt to, which must stand for itself', () => {
    expect(announced(signed({ encryptionCertificate: forEncryption.certificate }))?.encryptionCertificate).toEqual(
      forEncryption.certificate,
    );
    const foreign = kit.party({ key: RSA(), subject: '/CN=alice', extensions: mailExtensions('alice@example.com') });
    expect(announced(signed({ encryptionCertificate: foreign.certificate }))).toMatchObject({
      encryptionKeyPreference: expect.anything(),
      encryptionCertificate: undefined,
    });
    const bob = kit.user('bob@example.net');
    expect(announced(signed({ encryptionCertificate: bob.certificate }))?.encryptionCertificate).toBeUndefined();
    const onlySigns = kit.party({
      key: RSA(),
      subject: '/CN=alice',
      extensions: [...mailExtensions('alice@example.com'), 'keyUsage=critical,digitalSignature'],
      issuer: kit.intermediate,
    });
    expect(announced(signed({ encryptionCertificate: onlySigns.certificate }))?.encryptionCertificate).toBeUndefined();
  });

  it('nothing by what is malformed, which is noted and leaves the signature valid', () => {
    const opened = open(
      built(TIME, attribute(OID.smimeCapabilities, seq(oid(OID.aes256Gcm))), attribute(OID.encryptionKeyPreference, int(1))),
    );
    expect(opened.ok).toBe(true);
    expect(opened.layers[0]?.signers[0]?.announced).toMatchObject({ capabilities: undefined, encryptionKeyPreference: undefined });
    expect(opened.notes).toEqual([
      expect.stringMatching(/encryptionKeyPreference cannot be read and does not count: /),
      expect.stringMatching(/smimeCapabilities cannot be read and does not count: a capability is not a SEQUENCE/),
    ]);
  });
});

describe('no other signature announces anything', () => {
  it.each<[string, () => Buffer]>([
    ['one with the attribute twice', () => built(TIME, CAPABILITIES, attribute(OID.smimeCapabilities, seq()))],
    ['one with two values', () => built(TIME, attribute(OID.smimeCapabilities, seq(), seq()))],
    ['one for another address than the message is from', () => signed({ from: 'mallory@example.com' })],
    [
      'one of an unknown authority',
      () => signed({ by: kit.party({ subject: '/CN=alice', extensions: mailExtensions('alice@example.com') }) }),
    ],
    [
      'one over other content',
      () => Buffer.from(asMessage(kit.sign(ENTITY, alice)).toString('latin1').replace('1,234', '9,234'), 'latin1'),
    ],
  ])('%s', (_, message) => {
    const [signer] = open(message()).layers[0]?.signers ?? [];
    expect(signer).toBeDefined();
    expect(signer?.verdict).not.toBe('valid');
    expect(signer?.announced).toBeUndefined();
    expect(learn(message())).toMatchObject({ kind: 'nothing' });
  });
});

it('a valid signature beside a bad one teaches nothing: the content is not what somebody signed', () => {
  const infos = [ENTITY, Buffer.from('other')].map((content) => {
    const attributes = [...soundAttributes(content), TIME, CAPABILITIES].sort(Buffer.compare);
    return signerInfo(content, alice, { attributes });
  });
  const certificates = [alice.certificate, kit.intermediate.certificate];
  const message = asMessage(pkcs7Mime(signedData({ signerInfos: infos, certificates, content: ENTITY })));
  expect(open(message).layers[0]?.signers.map(({ verdict }) => verdict)).toEqual(['valid', 'invalid']);
  expect(learn(message)).toMatchObject({ kind: 'nothing', why: expect.stringContaining('not every layer') });
});

describe('learntFrom', () => {
  it('takes what a signed message announces, for the certificate that signed', () => {
    expect(learn(signed({ capabilities: ['aes-256-gcm', 'aes-256-cbc'] }))).toEqual({
      kind: 'learnt',
      capabilities: {
        fingerprint: fingerprint(alice.certificate),
        signingTime: second(NOW),
        ciphers: ['aes-256-gcm', 'aes-256-cbc'],
        others: [],
      },
    });
  });

  it('takes it from a detached signature, and from inside encryption', () => {
    const options = { digest: 'sha256', scheme: 'auto', signingTime: NOW } as const;
    expect(learn(asMessage(signDetached(ENTITY, signerOf(alice), options).entity)).kind).toBe('learnt');
    const bob = kit.user('bob@example.net');
    const { entity } = signOpaque(ENTITY, signerOf(alice), options);
    const sealed = encrypt(entity, [prepareRecipient(bob.certificate)], { content: 'aes-256-cbc', keyTransport: 'rsa-pkcs1' });
    expect(learntFrom(undefined, open(asMessage(sealed), bob), alice.certificate, NOW).kind).toBe('learnt');
  });

  it('goes through JSON unchanged', () => {
    const learning = learn(signed());
    expect(JSON.parse(JSON.stringify(learning))).toEqual(learning);
  });

  it('lets the newest signing time win, whatever the order of arrival', () => {
    const older = learn(signed({ signingTime: YESTERDAY, capabilities: ['aes-128-cbc'] }));
    const newer = learn(signed({ capabilities: ['aes-256-gcm'] }));
    if (older.kind !== 'learnt' || newer.kind !== 'learnt') throw new Error('both teach something');
    expect(learn(signed({ capabilities: ['aes-256-gcm'] }), older.capabilities)).toEqual(newer);
    expect(learn(signed({ signingTime: YESTERDAY, capabilities: ['aes-128-cbc'] }), newer.capabilities).kind).toBe('known');
    expect(learn(signed({ capabilities: ['aes-128-cbc'] }), newer.capabilities).kind).toBe('known');
  });

  it('does not hold what was learnt with another certificate against a message', () => {
    const other = { fingerprint: '0'.repeat(64), signingTime: NOW.toISOString(), ciphers: [], others: [] };
    expect(learn(signed({ signingTime: YESTERDAY }), other).kind).toBe('learnt');
  });

  it('does not let what is known from a time to come stand for ever', () => {
    const ahead = new Date(NOW.getTime() + 60 * MINUTE_MS).toISOString();
    const previous = { fingerprint: fingerprint(alice.certificate), signingTime: ahead, ciphers: [], others: [] };
    expect(learn(signed(), previous).kind).toBe('learnt');
  });

  it('allows clocks to differ, and nothing from the future', () => {
    expect(learn(signed({ signingTime: new Date(NOW.getTime() + 4 * MINUTE_MS) })).kind).toBe('learnt');
    expect(learn(signed({ signingTime: new Date(NOW.getTime() + 6 * MINUTE_MS) }))).toMatchObject({
      kind: 'nothing',
      why: expect.stringContaining('in the future'),
    });
  });

  it('takes the certificate named for encryption as well, by issuer and serial or by key identifier', () => {
    expect(learn(signed({ encryptionCertificate: forEncryption.certificate }), undefined, forEncryption.certificate).kind).toBe('learnt');
    const { subjectKeyIdentifier } = readCertificate(forEncryption.certificate);
    const byKey = built(TIME, CAPABILITIES, attribute(OID.encryptionKeyPreference, der(0x82, subjectKeyIdentifier)));
    expect(learn(byKey, undefined, forEncryption.certificate).kind).toBe('learnt');
    const stranger = kit.user('alice@example.com');
    expect(learn(signed({ encryptionCertificate: forEncryption.certificate }), undefined, stranger.certificate)).toMatchObject({
      kind: 'nothing',
      why: expect.stringContaining('another certificate'),
    });
  });

  it.each<[string, RegExp, () => Buffer]>([
    ['is not signed', /not signed/, () => asMessage(ENTITY)],
    ['is signed weakly', /weak/, () => asMessage(kit.sign(ENTITY, alice, '-md', 'sha1'))],
    ['announces nothing', /no capabilities/, () => signed({ capabilities: [] })],
    ['has no signing time', /no signing time/, () => built(CAPABILITIES)],
    ['has capabilities that cannot be read', /does not count/, () => built(TIME, attribute(OID.smimeCapabilities, int(1)))],
  ])('takes nothing from a message that %s', (_, why, message) => {
    expect(learn(message())).toMatchObject({ kind: 'nothing', why: expect.stringMatching(why) });
  });
});
