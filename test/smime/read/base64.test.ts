import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64, isWholeBase64 } from '../../../src/smime/read/base64.js';

describe('decodeBase64', () => {
  it('decodes any octets in lines of any length and with any line ends', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: 1, max: 80 }),
        fc.constantFrom('\r\n', '\n', ' \t\r\n'),
        (bytes, width, end) => {
          const lines = Buffer.from(bytes)
            .toString('base64')
            .replace(new RegExp(`.{${width}}`, 'g'), `$&${end}`);
          expect(decodeBase64(Buffer.from(lines))).toEqual(Buffer.from(bytes));
        },
      ),
    );
  });

  it('decodes text without padding at its end', () => {
    expect(decodeBase64(Buffer.from('YWI')).toString()).toBe('ab');
    expect(decodeBase64(Buffer.from('YQ')).toString()).toBe('a');
  });

  it('ends at the padding', () => {
    expect(decodeBase64(Buffer.from('YQ==YQ==')).toString()).toBe('a');
  });

  it('passes over octets outside the alphabet', () => {
    expect(decodeBase64(Buffer.from('Y\u0000W-_!J\u00ffj', 'latin1')).toString()).toBe('abc');
  });

  it('gives nothing for nothing', () => {
    expect(decodeBase64(Buffer.from('\r\n'))).toHaveLength(0);
    expect(decodeBase64(Buffer.from('Y'))).toHaveLength(0);
  });
});

describe('a whole text of base64', () => {
  it.each(['', 'QUJD', 'QUI=', 'QQ==', 'QUJD\r\nQUJD\r\n', ' QUI=\t\r\n\r\n'])('is %j', (text) => {
    expect(isWholeBase64(Buffer.from(text))).toBe(true);
  });

  it.each(['QUJD!', 'QQ==QUJD', 'QQ==\r\nclear', 'QQ===', 'QUJD\r\n--b', 'Q\0UJD', 'QUJ\xc4'])(
    'is not %j, of which a reader would pass over something',
    (text) => {
      expect(isWholeBase64(Buffer.from(text, 'latin1'))).toBe(false);
    },
  );
});
