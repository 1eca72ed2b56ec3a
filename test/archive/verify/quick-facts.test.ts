import { expect, test } from 'vitest';
import { archivedFacts } from '../../../src/archive/verify/claim.js';
import { quickArchived, quickSha256 } from '../../../src/archive/verify/quick-facts.js';

const file = '2026/11/24/01a20fe4-302d-78fb-91c2-4a4af6a000a8.eml';
const sha256 = 'd7635b6da957688b6ad0a95ce1f5f4d2ea5a7bf89252602a64f3c11d722a5a3e';
const intent = {
  intent: { plan: { from: 'anna@example.com', copies: [{ number: 1, recipients: ['"ä,\\"@example.net'] }] }, copies: [] },
  archive: file,
  messageId: '<"odd\\\\"]}@example.com>',
  signerInfos: ['AAAA+/=='],
  recipe: { fallbackCharset: 'windows-1252', encodeBraces: true },
  certificates: [sha256],
  changes: [],
};

test('facts of the usual details are had from their end', () => {
  expect(quickArchived(Buffer.from(JSON.stringify(intent)))).toEqual(archivedFacts(intent));
  expect(quickSha256(Buffer.from(JSON.stringify({ file: 'a.eml', sizeBytes: 3, sha256 })))).toBe(sha256);
});

test('of any other detail nothing is said that parsing it would not say', () => {
  const other = 'ee62e1945cc477885379a7291eae48860f5400f1d0f35cec944bf6f920564a70';
  const texts = [
    JSON.stringify({ ...intent, archive: `${file}.gz`, stored: { sizeBytes: 1, sha256 } }),
    JSON.stringify({ ...intent, second: true }),
    JSON.stringify({ second: true, ...intent }),
    JSON.stringify({ ...intent, kept: [{ number: 1, file: 'x', sha256 }] }),
    JSON.stringify({ ...intent, archive: undefined, changes: [{ a: 1, archive: 'elsewhere' }] }),
    JSON.stringify({ ...intent, nested: { a: 1, archive: 'elsewhere' } }),
    JSON.stringify({ archive: 'first', a: { b: 1, archive: 'elsewhere' } }),
    JSON.stringify({ a: ',"archive":"elsewhere"}' }),
    JSON.stringify({ a: `,"sha256":"${other}"}` }),
    JSON.stringify({ a: { b: 1, sha256: other } }),
    `{"archive":"first","archive":"last","a":1}`,
    `{"b":1,"archive":"first","a":1,"archive":"last"}`,
    `{"b":1,"\\u0073econd":true,"archive":"last"}`,
    `{"b":1,"archive":"last","\\u0073econd":true}`,
    `{"b":1,"archive":"last","\\u0061rchive":"very last"}`,
    `{"b":1,"sha256":"${sha256}","sha256":"${other}"}`,
    `{"b":1,"sha256":"${sha256}","\\u0073ha256":"${other}"}`,
  ];
  for (const text of texts) agrees(text);
});

test('nor of one that was changed anywhere', () => {
  const pieces = ['"', '{', '}', '[', ']', ',', ':', '\\', '1', ',"archive":"x"', '"second":true,', '\\u0073', ',"kept":[]', '}}'];
  const whole = JSON.stringify(intent);
  const accepted = JSON.stringify({ file: 'a.eml', sha256, sizeBytes: 3, nested: { sha256 } }).replace('"nested":', '"n":');
  let valid = 0;
  for (const text of [whole, accepted, JSON.stringify({ file: 'a.eml', sha256 })])
    for (let at = 0; at < text.length; at++)
      for (const piece of pieces) {
        valid += agrees(text.slice(0, at) + piece + text.slice(at));
        valid += agrees(text.slice(0, at) + piece + text.slice(at + 1));
      }
  expect(valid).toBeGreaterThan(500);
});

/** Compares with `JSON.parse`, and returns 1 if that can read it. */
function agrees(text: string): number {
  let parsed: { sha256?: unknown };
  try {
    parsed = JSON.parse(text);
  } catch {
    return 0;
  }
  const bytes = Buffer.from(text);
  const archived = quickArchived(bytes);
  if (archived !== undefined) expect(archived, text).toEqual(archivedFacts(parsed));
  const hash = quickSha256(bytes);
  if (hash !== undefined) expect(hash, text).toBe(parsed.sha256);
  return 1;
}
