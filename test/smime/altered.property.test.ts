import { constants, createCipheriv, publicEncrypt, randomBytes, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { SealdropError } from '../../src/errors.js';
import { toCrlf } from '../../src/message/line-ends.js';
import { parseMimeTree } from '../../src/message/mime-tree.js';
import { type Opened, openMessage } from '../../src/smime/open.js';
import { mutateMessage } from '../fuzz/mutate-message.js';
import { type DerNode, nodeAt, replaceWithin } from '../kit/der-tree.js';
import { Random } from '../kit/random.js';
import { type Edit, edit, edited } from './edit-arbitrary.js';
import { ctx, der, int, octets, oid, seq, set } from './read/der-kit.js';
import { attribute, CONTENT_TYPE, pkcs7Mime } from './read/signed-builder.js';
import { authenticatedRegions, type Region, rootOf, signedRegions, withRegion } from './sealed-regions.js';
import { bob, cmsIn, ENCRYPTION_KEYS, encrypted, keysOfBob, messageWith, SIGNING_KEYS, signed, withCms } from './sealed-samples.js';
import { ENTITY, issue } from './writing-kit.js';

const keys = keysOfBob(...ENCRYPTION_KEYS);

/** What opening ended in; anything but a SealdropError thrown fails the test. */
function outcome(message: Buffer): Opened | SealdropError {
  try {
    return openMessage(message, keys);
  } catch (error) {
    if (error instanceof SealdropError) return error;
    throw error;
  }
}

function isOk(result: Opened | SealdropError): result is Opened {
  return !(result instanceof SealdropError) && result.ok;
}

/** Octets out of a message's CMS, and where they stand. */
interface Place {
  readonly message: Buffer;
  readonly cms: Buffer;
  readonly region: Region;
}

function placesIn(entity: Buffer, regionsOf: (cms: Buffer) => Region[]): Place[] {
  const message = messageWith(entity);
  const cms = cmsIn(message);
  return regionsOf(cms).map((region) => ({ message, cms, region }));
}

/** The CMS with the region edited; undefined where the region is what it was, because edits cancel each other out or fall behind it. */
function spoilt({ cms, region }: Place, edits: readonly Edit[], whole: boolean): Buffer | undefined {
  const before = cms.subarray(region.start, region.end);
  const after = edits.reduce(edited, before);
  const same = whole ? after.equals(before) : after.subarray(0, before.length).equals(before);
  return same ? undefined : withRegion(cms, region, after, whole);
}

const edits = fc.array(edit, { minLength: 1, maxLength: 3 });

function neverOk(places: readonly Place[], numRuns: number): void {
  const names = new Set(places.map(({ region }) => region.name));
  for (const place of places) expect(isOk(outcome(place.message))).toBe(true);
  for (const name of names) {
    const of = places.filter(({ region }) => region.name === name);
    fc.assert(
      fc.property(fc.nat(of.length - 1), edits, fc.boolean(), (index, changes, whole) => {
        const place = pick(of, index);
        const cms = spoilt(place, changes, whole);
        fc.pre(cms !== undefined);
        if (cms !== undefined) expect(isOk(outcome(withCms(place.message, cms))), name).toBe(false);
      }),
      { numRuns },
    );
  }
}

describe('any change to what a signature covers, or to the signature', () => {
  it('of an opaque message is never ok', () => {
    const entities = SIGNING_KEYS.map((key) => signed(ENTITY, { form: 'opaque', key }));
    const pss = signed(ENTITY, { form: 'opaque', key: 'rsa-2048', scheme: 'rsa-pss' });
    neverOk(
      [...entities, pss, signed(ENTITY, { form: 'opaque', key: 'p-256', and: 'ed25519' })].flatMap((entity) =>
        placesIn(entity, signedRegions),
      ),
      250,
    );
  });

  it('of a signature beside its content is never ok', () => {
    const places = SIGNING_KEYS.map((key) => messageWith(signed(SAFE, { form: 'detached', key }))).flatMap(detachedPlaces);
    for (const name of ['signedAttrs', 'signature']) {
      const of = places.filter(({ region }) => region.name === name);
      fc.assert(
        fc.property(fc.nat(of.length - 1), edits, fc.boolean(), (index, changes, whole) => {
          const place = pick(of, index);
          const cms = spoilt(place, changes, whole);
          fc.pre(cms !== undefined);
          if (cms === undefined) return;
          const { message, base64 } = place;
          const text = Buffer.from(cms.toString('base64').replace(/.{76}/g, '$&\r\n'));
          const altered = Buffer.concat([message.subarray(0, base64.start), text, message.subarray(base64.end)]);
          expect(isOk(outcome(altered)), name).toBe(false);
        }),
        { numRuns: 250 },
      );
    }
  });

  it('of a first part is never ok, unless line ends alone changed', () => {
    const messages = SIGNING_KEYS.map((key) => messageWith(signed(SAFE, { form: 'detached', key })));
    for (const message of messages) expect(isOk(outcome(message))).toBe(true);
    let sameText = 0;
    fc.assert(
      fc.property(fc.nat(messages.length - 1), edits, (index, changes) => {
        const message = pick(messages, index);
        const [part] = parseMimeTree(message).children;
        if (part === undefined) throw new Error('no part');
        const after = changes.reduce(edited, SAFE);
        fc.pre(!after.equals(SAFE));
        const result = outcome(Buffer.concat([message.subarray(0, part.start), after, message.subarray(part.end)]));
        // A mail store may keep LF for CRLF: the same text, and the reader gives it in its canonical form.
        const same = toCrlf(after).equals(SAFE);
        if (same) sameText += 1;
        if (!same) expect(isOk(result)).toBe(false);
        else if (isOk(result)) expect(result.entity).toEqual(SAFE);
      }),
      { numRuns: 600 },
    );
    expect(sameText).toBeLessThan(300);
  });
});

describe('any change to what authenticated encryption covers, or to its tag', () => {
  it('is never ok', () => {
    const sealed = ENCRYPTION_KEYS.flatMap((to) =>
      (['aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305'] as const).map((content) => encrypted(ENTITY, { content, to: [to] })),
    );
    neverOk(
      [...sealed, pkcs7Mime(withAttributes(ENTITY))].flatMap((entity) => placesIn(entity, authenticatedRegions)),
      300,
    );
  });
});

describe('any other change', () => {
  const genuine = [ENTITY, SAFE].map((entity) => entity.toString('latin1'));
  let sealed: Buffer[];
  let unsigned: Buffer[];
  beforeAll(() => {
    const opaque = signed(ENTITY, { form: 'opaque', key: 'p-256' });
    const detached = signed(SAFE, { form: 'detached', key: 'ed25519' });
    sealed = [
      opaque,
      detached,
      encrypted(ENTITY, { content: 'aes-256-gcm', to: ['p-256', 'rsa-2048'] }),
      encrypted(opaque, { content: 'aes-256-cbc', to: ['p-256'] }),
      encrypted(detached, { content: 'aes-128-cbc', to: ['x25519'] }),
      encrypted(opaque, { content: 'aes-128-gcm', to: ['rsa-2048'], keyTransport: 'rsa-oaep' }),
      signed(encrypted(opaque, { content: 'aes-256-cbc', to: ['p-256'] }), { form: 'detached', key: 'p-256' }),
    ].map(messageWith);
    const cbc = ENCRYPTION_KEYS.map((to) => encrypted(ENTITY, { content: 'aes-256-cbc', to: [to] }));
    // A signature around it says nothing of what is inside: anyone can sign what he altered.
    unsigned = [...cbc, ...cbc.map((entity) => signed(entity, { form: 'opaque', key: 'p-256' }))].map(messageWith);
  });

  it('anywhere in a message gives the same entity or is not ok', () => {
    let stillOk = 0;
    fc.assert(
      fc.property(fc.nat(), edits, (index, changes) => {
        const result = outcome(changes.reduce(edited, pick(sealed, index)));
        if (!isOk(result)) return;
        stillOk += 1;
        expect(genuine).toContain(result.entity.toString('latin1'));
      }),
      { numRuns: 1500 },
    );
    // Both kinds of change occurred, or the property says nothing.
    expect(stillOk).toBeGreaterThan(10);
    expect(stillOk).toBeLessThan(1490);
  });

  it('to the structure, by one who knows it, gives the same entity or is not ok', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer(), (index, seed) => {
        const result = outcome(mutateMessage(pick(sealed, index), new Random(seed), pick(sealed, seed >>> 1)));
        if (isOk(result)) expect(genuine).toContain(result.entity.toString('latin1'));
      }),
      { numRuns: 2000 },
    );
  });

  it('leaves CBC without a signature unauthenticated, whatever it is', () => {
    for (const message of unsigned) expect(outcome(message)).toMatchObject({ ok: false });
    fc.assert(
      fc.property(fc.nat(), edits, fc.integer(), (index, changes, seed) => {
        const message = pick(unsigned, index);
        for (const altered of [changes.reduce(edited, message), mutateMessage(message, new Random(seed), pick(unsigned, index + 1))]) {
          const result = outcome(altered);
          if (result instanceof SealdropError) continue;
          expect(result.ok).toBe(false);
          for (const layer of result.layers.filter(({ kind }) => kind === 'encrypted')) expect(layer.verdict).toBe('unauthenticated');
        }
      }),
      { numRuns: 700 },
    );
  });
});

describe('a change that means nothing', () => {
  const opaque = () => messageWith(signed(ENTITY, { form: 'opaque', key: 'p-256' }));
  const gcm = () => messageWith(encrypted(ENTITY, { content: 'aes-256-gcm', to: ['p-256'] }));
  const expectSame = (message: Buffer) => expect(outcome(message)).toMatchObject({ ok: true, entity: ENTITY });

  it('in the folding of base64 is passed over', () => {
    const blanks = fc.constantFrom('\r\n', '\n', ' ', '\t', '\r\n\r\n', '');
    fc.assert(
      fc.property(
        fc.array(blanks, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 90 }),
        fc.boolean(),
        (ends, width, isSigned) => {
          const message = isSigned ? opaque() : gcm();
          const lines =
            cmsIn(message)
              .toString('base64')
              .match(new RegExp(`.{1,${width}}`, 'g')) ?? [];
          const text = lines.map((line, index) => line + (ends[index % ends.length] ?? '')).join('');
          const header = message.subarray(0, message.indexOf('\r\n\r\n') + 4);
          expectSame(Buffer.concat([header, Buffer.from(text)]));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('in the folding and order of outer header fields is passed over', () => {
    const text = opaque().toString('latin1');
    expectSame(Buffer.from(text.replace('name=smime.p7m', '\r\n\tname="smime.p7m"').replace('Subject: ', 'SUBJECT:\r\n '), 'latin1'));
    expectSame(Buffer.from(`X-Spam: no\r\n${text}`, 'latin1'));
  });

  it('of further certificates, of unsigned and unprotected attributes is passed over', () => {
    const message = opaque();
    const cms = cmsIn(message);
    const root = rootOf(cms);
    const insertedInto = (bytes: Buffer, path: readonly number[], element: Buffer) => {
      const { node, around } = nodeAt(rootOf(bytes), path);
      return replaceWithin(bytes, [...around, node], node.contentEnd, node.contentEnd, element);
    };
    expect(root.children).toHaveLength(2);
    expectSame(withCms(message, insertedInto(cms, [1, 0, 3], issue('rsa-2048', 'mallory@example.org').certificate)));
    expectSame(withCms(message, insertedInto(cms, [1, 0, 4, 0], ctx(1, attribute('1.2.3.4', octets('x'))))));
    const sealed = gcm();
    expectSame(withCms(sealed, insertedInto(cmsIn(sealed), [1, 0], ctx(2, attribute('1.2.3.4', octets('x'))))));
  });

  it('of definite to indefinite lengths outside what is signed as it stands is passed over', () => {
    for (const message of [opaque(), gcm()]) {
      const cms = cmsIn(message);
      for (let levels = 1; levels <= 4; levels += 1) expectSame(withCms(message, indefinite(cms, rootOf(cms), levels)));
    }
  });

  it('of signed attributes to another encoding is not: they are signed as DER', () => {
    const message = opaque();
    const cms = cmsIn(message);
    const { node, around } = nodeAt(rootOf(cms), [1, 0, 4, 0, 3]);
    const recoded = indefinite(cms, node, 1);
    expect(isOk(outcome(withCms(message, replaceWithin(cms, around, node.start, node.end, recoded))))).toBe(false);
  });
});

/** Fit to be signed in the clear. */
const SAFE = Buffer.from('Content-Type: text/plain; charset=us-ascii\r\n\r\nDear Bob,\r\n\r\n1,234 EUR are due.\r\n\r\nAlice\r\n');

function pick<T>(choices: readonly T[], index: number): T {
  const choice = choices[index % choices.length];
  if (choice === undefined) throw new Error('nothing to choose from');
  return choice;
}

interface DetachedPlace extends Place {
  readonly base64: { readonly start: number; readonly end: number };
}

function detachedPlaces(message: Buffer): DetachedPlace[] {
  const part = parseMimeTree(message).children[1];
  if (part === undefined) throw new Error('no signature part');
  const base64 = { start: part.bodyStart, end: part.end };
  const cms = Buffer.from(message.toString('latin1', base64.start, base64.end), 'base64');
  return signedRegions(cms).map((region) => ({ message, cms, region, base64 }));
}

/** AuthEnvelopedData with authAttrs, which the writer never needs (RFC 5083 §2.1: they may stand there for id-data as well). */
function withAttributes(entity: Buffer): Buffer {
  const { certificate } = bob('rsa-2048').issued;
  const [contentKey, nonce] = [randomBytes(32), randomBytes(12)];
  const attributes = set(attribute(CONTENT_TYPE, oid('1.2.840.113549.1.7.1')), attribute('1.2.3.4', octets('authenticated')));
  const cipher = createCipheriv('aes-256-gcm', contentKey, nonce).setAAD(attributes);
  const ciphertext = Buffer.concat([cipher.update(entity), cipher.final()]);
  const key = publicEncrypt({ key: new X509Certificate(certificate).publicKey, padding: constants.RSA_PKCS1_PADDING }, contentKey);
  const [serial, , issuer] = nodeAt(rootOf(certificate), [0]).node.children.slice(1);
  if (serial === undefined || issuer === undefined) throw new Error('not a certificate');
  const id = seq(certificate.subarray(issuer.start, issuer.end), certificate.subarray(serial.start, serial.end));
  const recipient = seq(int(0), id, seq(oid('1.2.840.113549.1.1.1'), Buffer.of(5, 0)), octets(key));
  const algorithm = seq(oid('2.16.840.1.101.3.4.1.46'), seq(octets(nonce), int(16)));
  const content = seq(oid('1.2.840.113549.1.7.1'), algorithm, der(0x80, ciphertext));
  const implicit = Buffer.concat([Buffer.of(0xa1), attributes.subarray(1)]);
  const data = seq(int(0), set(recipient), content, implicit, octets(cipher.getAuthTag()));
  return seq(oid('1.2.840.113549.1.9.16.1.23'), ctx(0, data));
}

/** The elements of these depths with indefinite lengths: what lies deeper (certificates, signed attributes, names) stays DER. */
function indefinite(cms: Buffer, node: DerNode, levels: number): Buffer {
  if (levels === 0 || node.children.length === 0) return cms.subarray(node.start, node.end);
  const children = node.children.map((child) => indefinite(cms, child, levels - 1));
  return Buffer.concat([Buffer.of(node.identifier, 0x80), ...children, Buffer.of(0, 0)]);
}
