import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { timeStampRequest } from '../../../src/smime/timestamp/request.js';
import { readTimeStampResponse } from '../../../src/smime/timestamp/response.js';
import { readTimeStampToken, type TimeStampChecks } from '../../../src/smime/timestamp/token.js';
import { openssl } from '../../kit/openssl-cli.js';
import { makeTemp, removeTemp } from '../../kit/temp.js';
import { type TsaFiles, tsaFiles, tsaReply } from '../../kit/tsa.js';

const imprint = createHash('sha256').update('a checkpoint').digest();
const nonce = Buffer.from('8000112233445566778899aabbccddee', 'hex');
const tsa = tsaFiles();
const anchor = (files: TsaFiles) => new X509Certificate(readFileSync(files.ca)).raw;
const checks: TimeStampChecks = { imprint, nonce, anchors: [anchor(tsa)] };

function tokenFrom(files: TsaFiles, request = timeStampRequest(imprint, nonce)): Buffer {
  const response = readTimeStampResponse(tsaReply(files, request));
  if ('refused' in response) throw new Error(response.refused);
  return response.token;
}

const genuine = tokenFrom(tsa);

let directory: string;
beforeAll(() => {
  directory = makeTemp('tokens');
});
afterAll(() => removeTemp(directory));

function asText(request: Buffer): string {
  const path = join(directory, 'request.tsq');
  writeFileSync(path, request);
  return openssl(['ts', '-query', '-in', path, '-text']).toString();
}

/** The TSTInfo inside a token. */
function contentOf(token: Buffer): Buffer {
  return openssl(['cms', '-verify', '-noverify', '-inform', 'DER', '-binary'], token);
}

/** A token by openssl's general CMS, which signs whatever it is given; `-cades` adds ESSCertIDv2. */
function signed(content: Buffer, files: TsaFiles, cades = ['-cades']): Buffer {
  const as = ['-econtent_type', '1.2.840.113549.1.9.16.1.4', '-outform', 'DER', '-md', 'sha256', '-nosmimecap'];
  const by = ['-signer', files.certificate, '-inkey', files.key];
  return openssl(['cms', '-sign', '-binary', '-nodetach', ...as, ...by, ...cades], content);
}

describe('a time-stamp request', () => {
  it('is read by openssl as what it is', () => {
    const text = asText(timeStampRequest(imprint, nonce));
    expect(text).toMatch(/Version: 1/);
    expect(text).toMatch(/Hash Algorithm: sha256/);
    expect(text).toMatch(/Nonce: 0x8000112233445566778899AABBCCDDEE/i);
    expect(text).toMatch(/Certificate required: yes/);
  });

  it('writes every nonce as a positive number of the fewest octets', () => {
    for (const hex of ['00', '01', '7f', '80', '0000ff', 'ffffffffffffffff', '00000000000000000000000000000001']) {
      const text = asText(timeStampRequest(imprint, Buffer.from(hex, 'hex')));
      expect(BigInt(/Nonce: (0x[0-9A-F]+)/i.exec(text)?.[1] ?? '0')).toBe(BigInt(`0x${hex}`));
    }
  });
});

describe('a time-stamp response', () => {
  it('that refuses says why', () => {
    const reply = tsaReply(tsa, timeStampRequest(imprint, nonce), { digests: 'sha512' });
    const refused = readTimeStampResponse(reply);
    expect('refused' in refused && refused.refused).toMatch(/^rejection: badAlg; .*not supported/);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('<html>404</html>')],
    ['a status without a token', Buffer.from('30053003020100', 'hex')],
    ['a token that is followed by something', Buffer.concat([tsaReply(tsa, timeStampRequest(imprint, nonce)), Buffer.of(0)])],
  ])('of %s is none', (_, bytes) => {
    expect(readTimeStampResponse(bytes)).toHaveProperty('refused');
  });
});

describe('a time-stamp token', () => {
  it('of openssl is genuine and trusted, and tells the time', () => {
    const stamp = readTimeStampToken(genuine, checks);
    if ('fault' in stamp) throw new Error(stamp.fault);
    expect(stamp).toMatchObject({ policy: '1.2.3.4.1', signer: 'CN=Test TSA main', untrusted: undefined });
    expect(Math.abs(stamp.time.getTime() - Date.now())).toBeLessThan(60_000);
  });

  it('is about one imprint and answers one nonce', () => {
    expect(readTimeStampToken(genuine, { ...checks, imprint: createHash('sha256').update('other').digest() })).toEqual({
      fault: 'it is about something else (messageImprint)',
    });
    expect(readTimeStampToken(genuine, { ...checks, nonce: Buffer.of(1) })).toEqual({ fault: 'it answers another request (nonce)' });
    const { nonce: _, ...later } = checks;
    expect(readTimeStampToken(genuine, later)).toMatchObject({ untrusted: undefined });
  });

  it('is not trusted by those who do not trust its CA', () => {
    const stamp = readTimeStampToken(genuine, { ...checks, anchors: [anchor(tsaFiles('stranger'))] });
    expect(stamp).toMatchObject({ untrusted: expect.stringMatching(/no path leads/) });
    expect(readTimeStampToken(genuine, { ...checks, anchors: [] })).toMatchObject({ untrusted: expect.stringMatching(/no path/) });
  });

  it('of another time-stamping authority under a CA of the same name is not trusted', () => {
    const stranger = tokenFrom(tsaFiles('stranger'));
    expect(readTimeStampToken(stranger, checks)).toMatchObject({ untrusted: expect.stringMatching(/no path leads/) });
  });

  // openssl does not stamp with such certificates: they sign the content of a genuine token.
  it.each(['timeStamping', 'critical,timeStamping,emailProtection', 'critical,emailProtection', ''])(
    'signed by a certificate of extKeyUsage "%s" is refused',
    (usage) => {
      const files = tsaFiles('main', usage);
      const stamp = readTimeStampToken(signed(contentOf(genuine), files), { ...checks, anchors: [anchor(files)] });
      expect(stamp).toEqual({ fault: 'the certificate of CN=Test TSA main is not for time-stamps alone (extKeyUsage, critical)' });
    },
  );

  it('made in the same way by the right certificate is genuine, which shows that the usage alone decides', () => {
    expect(readTimeStampToken(signed(contentOf(genuine), tsa), checks)).toMatchObject({ untrusted: undefined });
  });

  it('that does not name its certificate by hash is refused', () => {
    expect(readTimeStampToken(signed(contentOf(genuine), tsa, []), checks)).toEqual({ fault: expect.stringMatching(/ESSCertID/) });
  });

  it('over something that is no TSTInfo, or has a member too many, is refused', () => {
    const content = contentOf(genuine);
    expect(readTimeStampToken(signed(Buffer.from('30030201ff', 'hex'), tsa), checks)).toHaveProperty('fault');
    expect(readTimeStampToken(signed(Buffer.concat([content, Buffer.of(5, 0)]), tsa), checks)).toHaveProperty('fault');
  });

  it('with any bit changed is refused, or says what it said before', () => {
    const before = readTimeStampToken(genuine, checks);
    let refused = 0;
    fc.assert(
      fc.property(fc.nat(genuine.length * 8 - 1), (bit) => {
        const changed = Buffer.from(genuine);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const stamp = readTimeStampToken(changed, checks);
        if ('fault' in stamp || stamp.untrusted !== undefined) refused++;
        else expect(stamp).toEqual(before);
      }),
      { numRuns: 600 },
    );
    expect(refused).toBeGreaterThan(300);
  });

  it('of random octets never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(readTimeStampToken(Buffer.from(bytes), checks)).toHaveProperty('fault');
      }),
    );
  });
});
