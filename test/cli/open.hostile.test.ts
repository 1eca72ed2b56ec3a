import { chmodSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sealdrop } from '../kit/daemon.js';
import { makeTemp, removeTemp } from '../kit/temp.js';
import { ctx, int, octets, oid, seq, set } from '../smime/read/der-kit.js';
import { pkcs7Mime } from '../smime/read/signed-builder.js';
import { authenticatedRegions, withRegion } from '../smime/sealed-regions.js';
import { ALICE, bob, cmsIn, encrypted, messageWith, signed, withCms } from '../smime/sealed-samples.js';
import { pki } from '../smime/writing-kit.js';
import { write } from './people.js';

const SECRET = 'the figures are 1,234 EUR';
const ENTITY = Buffer.from(`Content-Type: text/plain\r\n\r\n${SECRET}\r\n`);

let directory: string;
let key: string;
beforeAll(() => {
  directory = makeTemp('open-hostile');
  const { certificatePem, privateKeyPem } = bob('p-256').issued;
  key = write(directory, 'bob.pem', certificatePem + privateKeyPem);
  chmodSync(key, 0o600);
});
afterAll(() => removeTemp(directory));

function open(message: Buffer, ...args: string[]) {
  const trust = ['--key', key, '--ca', pki.root.files.certificate];
  // Far less than Node takes by itself.
  const env = { NODE_OPTIONS: '--max-old-space-size=256', SEALDROP_PASSPHRASE: undefined };
  return sealdrop(['open', '-', ...trust, ...args], { input: message, env });
}

async function refused(message: Buffer, ...args: string[]): Promise<string> {
  const run = await open(message, ...args);
  expect({ status: run.status, stdout: run.stdout }, run.stderr).toEqual({ status: 65, stdout: '' });
  return run.stderr;
}

function flippedAt(bytes: Buffer, offset: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[offset] = (copy[offset] ?? 0) ^ 1;
  return copy;
}

describe('open writes nothing before all is checked', () => {
  it('of a large signed message whose last octet was changed', async () => {
    const lines = 'A line of text that is the same as every other one.\r\n'.repeat(100_000);
    const message = messageWith(signed(Buffer.concat([ENTITY, Buffer.from(lines)]), { form: 'detached', key: 'p-256' }));
    const altered = flippedAt(message, message.lastIndexOf('other one.'));
    expect(await refused(altered)).toMatch(/^signed \(detached\): invalid/m);
    expect((await open(message)).status).toBe(0);
  });

  it('of a good layer around a bad one', async () => {
    const inner = signed(ENTITY, { form: 'detached', key: 'p-256' });
    const spoilt = Buffer.from(inner.toString('latin1').replace('1,234', '9,234'), 'latin1');
    const message = messageWith(signed(encrypted(spoilt, { content: 'aes-256-gcm', to: ['p-256'] }), { form: 'opaque', key: 'p-256' }));
    const findings = await refused(message);
    expect(findings).toMatch(/^signed \(opaque\): valid/m);
    expect(findings).toMatch(/^signed \(detached\): invalid/m);
  });

  it('of authenticated encryption whose tag does not fit, not even with --force', async () => {
    const message = messageWith(encrypted(ENTITY, { content: 'aes-256-gcm', to: ['p-256'] }));
    const cms = cmsIn(message);
    for (const region of authenticatedRegions(cms)) {
      const octet = flippedAt(cms.subarray(region.start, region.end), 0);
      const findings = await refused(withCms(message, withRegion(cms, region, octet, false)), '--force');
      expect(findings).toMatch(/does not decrypt: it was altered/);
      expect(findings).not.toContain(SECRET);
    }
  });

  it('of CBC without a signature, unless --force is given, which warns', async () => {
    const message = messageWith(encrypted(ENTITY, { content: 'aes-256-cbc', to: ['p-256'] }));
    expect(await refused(message)).toMatch(/^encrypted \(enveloped\): unauthenticated/m);
    const forced = await open(message, '--force');
    expect(forced.status).toBe(65);
    expect(forced.stdout).toContain(SECRET);
    expect(forced.stderr).toMatch(/WARNING/);
  });
});

describe('open ends, with little memory and nothing on standard output', () => {
  const SIGNED_DATA = '1.2.840.113549.1.7.2';
  const ENVELOPED_DATA = '1.2.840.113549.1.7.3';
  const COMPRESSED_DATA = '1.2.840.113549.1.9.16.1.9';
  const DATA = '1.2.840.113549.1.7.1';
  const contentInfo = (type: string, content: Buffer) => seq(oid(type), ctx(0, content));
  const bomb = () => {
    const info = seq(oid(DATA), ctx(0, octets(deflateSync(Buffer.alloc(200 * 1024 * 1024), { level: 1 }))));
    return contentInfo(COMPRESSED_DATA, seq(int(0), seq(oid('1.2.840.113549.1.9.16.3.8')), info));
  };

  it.each<[string, RegExp, () => Buffer]>([
    ['nested indefinite lengths', /nested too deeply/, () => Buffer.alloc(4_000_000, Buffer.of(0x30, 0x80))],
    ['nested definite lengths', /runs past the end/, () => Buffer.alloc(4_000_000, Buffer.of(0x30, 0x83, 0x3d, 0x09, 0x00))],
    ['a length of 2^63', /runs past the end/, () => Buffer.from('30888000000000000000', 'hex')],
    ['a length of a gigabyte', /runs past the end/, () => Buffer.from('30843fffffff', 'hex')],
    [
      'millions of recipients',
      /more than 10000 elements/,
      () => contentInfo(ENVELOPED_DATA, seq(int(0), set(Buffer.alloc(6_000_000, Buffer.of(0x30, 0))), seq(oid(DATA)))),
    ],
    [
      'millions of signers',
      /more than 64 elements/,
      () => contentInfo(SIGNED_DATA, seq(int(1), set(), seq(oid(DATA)), set(Buffer.alloc(6_000_000, Buffer.of(0x30, 0))))),
    ],
    [
      'millions of segments',
      /too many elements/,
      () => contentInfo(SIGNED_DATA, seq(int(1), set(), seq(oid(DATA), ctx(0, segmented(3_000_000))), set())),
    ],
    ['a compression bomb', /damaged or larger than/, bomb],
  ])('given %s', async (_name, finding, cms) => {
    expect(await refused(messageWith(pkcs7Mime(cms())))).toMatch(finding);
  });

  it('given a header of a million lines', async () => {
    const header = Buffer.concat([Buffer.from(`From: ${ALICE}\r\n`), Buffer.alloc(8_000_000, 'X-A: b\r\n')]);
    expect(await refused(Buffer.concat([header, signed(ENTITY, { form: 'opaque', key: 'p-256' })]))).toMatch(
      /neither signed nor encrypted/,
    );
  });
});

/** An OCTET STRING in segments of one octet. */
function segmented(segments: number): Buffer {
  const content = Buffer.alloc(3 * segments, Buffer.of(0x04, 0x01, 0x61));
  const head = Buffer.alloc(5);
  head[0] = 0x24;
  head[1] = 0x83;
  head.writeUIntBE(content.length, 2, 3);
  return Buffer.concat([head, content]);
}
