import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as writing from '../../../src/delivery/pickup/file.js';
import { type PickupTransport, pickupProfile, pickupProfiles } from '../../../src/delivery/pickup/profile.js';
import { SealdropError } from '../../../src/errors.js';
import { codeOf } from '../thrown.js';

const transport: PickupTransport = { sender: 'a@example.com', recipients: ['b@example.net'], envid: 'id-1' };
const pickupHead = (values: PickupTransport) => writing.pickupHead(pickupProfile('powermta'), values);
const injections = ['\r\nx-receiver: evil@example.org', '\nx', '\rx', '\0', ' ', '\t', '\u0085', '\u2028', '\u00a0', '\ud800'];

describe('14: a pickup file under hostile envelope values', () => {
  test.each(injections)('refuses %j in the sender and in a receiver', (text) => {
    expect(codeOf(() => pickupHead({ ...transport, sender: `a${text}@example.com` }))).toBe('bad-envelope-value');
    expect(codeOf(() => pickupHead({ ...transport, recipients: ['b@example.net', `c@example.net${text}`] }))).toBe('bad-envelope-value');
    expect(codeOf(() => pickupHead({ ...transport, recipients: [`"c${text}"@example.net`] }))).toBe('bad-envelope-value');
  });

  test.each([...injections, '', 'ä', 'x'.repeat(101)])('refuses %j in x-envid, x-job and x-virtual-mta', (text) => {
    const value = text === '' || text.length > 100 ? text : `v${text}`;
    for (const change of [{ envid: value }, { job: value }, { virtualMta: value }]) {
      expect(codeOf(() => pickupHead({ ...transport, ...change }))).toBe('bad-envelope-value');
    }
  });

  test.each(['s=a\r\nx-dkim-key: k', 'k=v', 's=a;s=b', 's=', '', 's=a b', 's=a;;d=b'])('refuses the x-dkim-options %j', (dkimOptions) => {
    expect(codeOf(() => pickupHead({ ...transport, dkimOptions }))).toBe('bad-envelope-value');
  });

  test('does not repeat control characters of a refused value in its message', () => {
    expect(() => pickupHead({ ...transport, sender: 'a\r\n\u001b[2J@example.com' })).toThrow(/^[ -~]*$/);
  });

  test('either refuses any values or writes exactly one line for each', () => {
    const value = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('a@example.net', 'a\r\nb@c', '"\r"@c', 'a@b\n'));
    fc.assert(
      fc.property(value, fc.array(value, { minLength: 1, maxLength: 3 }), value, (sender, recipients, envid) => {
        let head: Buffer;
        try {
          head = pickupHead({ sender, recipients, envid });
        } catch (error) {
          expect(error).toBeInstanceOf(SealdropError);
          return;
        }
        expect(head.toString('latin1')).toMatch(/^(?:[!-~]+: [!-~]+\r\n)+$/);
        expect(head.toString('latin1').match(/\r\n/g)).toHaveLength(2 + recipients.length);
      }),
    );
  });

  test.each(Object.entries(pickupProfiles))(
    '(%s) refuses line breaks, blanks and names in every value, whether it is written or not',
    (_name, profile) => {
      for (const text of injections) {
        for (const change of [{ sender: `a${text}@example.com` }, { recipients: [`b${text}@example.net`] }, { envid: `1${text}` }]) {
          expect(codeOf(() => writing.pickupHead(profile, { ...transport, ...change }))).toBe('bad-envelope-value');
        }
      }
    },
  );
});
