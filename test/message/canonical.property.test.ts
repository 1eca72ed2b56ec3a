import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalise } from '../../src/message/canonical.js';
import { entityOf, transferSafeEntityOf } from '../../src/message/entity.js';
import { joined } from '../../src/message/octets.js';
import { makeTransferSafe } from '../../src/message/transfer-safe.js';
import { decodeLeaves } from './leaf-decoder.js';
import { generatedEntity, messageOf } from './message-arbitrary.js';

const OPTIONS = { fallbackCharset: 'windows-1252' };
const RUNS = { numRuns: 500 };

function written({ fields, body }: { fields: readonly { raw: Buffer }[]; body: Buffer }): Buffer {
  return Buffer.concat([...fields.map((field) => field.raw), Buffer.from('\r\n'), body]);
}

function endedByCrlf(content: Buffer): Buffer {
  return content.subarray(-2).equals(Buffer.from('\r\n')) ? content : Buffer.concat([content, Buffer.from('\r\n')]);
}

test('a canonical message is canonical: the second time nothing changes', () => {
  fc.assert(
    fc.property(generatedEntity, (entity) => {
      const once = canonicalise(messageOf(entity), OPTIONS);
      const twice = canonicalise(written(once), OPTIONS);
      expect(twice.changes).toEqual([]);
      expect(written(twice)).toEqual(written(once));
    }),
    RUNS,
  );
});

test('whatever bytes are submitted, they are refused or become canonical once and for all', () => {
  const piece = fc.constantFrom(
    '\r',
    '\n',
    '\r\n',
    '\r\r\n',
    '--b',
    '--b--',
    ' ',
    'x',
    '\0',
    ':',
    'Content-Type: multipart/mixed; boundary=b\n',
    'Content-Transfer-Encoding: binary\n',
    'Content-Type: message/rfc822\n',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 25 }), fc.boolean(), (pieces, multipart) => {
      const head = multipart ? 'From: a@example.com\nContent-Type: multipart/mixed; boundary=b\n\n' : 'From: a@example.com\n';
      let once: ReturnType<typeof canonicalise>;
      try {
        once = canonicalise(Buffer.from(head + pieces.join('')), OPTIONS);
      } catch (error) {
        expect(error).toMatchObject({ code: 'ambiguous-header' });
        return;
      }
      const twice = canonicalise(written(once), OPTIONS);
      expect(twice.changes).toEqual([]);
      expect(written(twice).toString('latin1')).toBe(written(once).toString('latin1'));
      expect(written(once).toString('latin1')).not.toMatch(/\r(?!\n)|(?<!\r)\n/);
    }),
    { numRuns: 5000 },
  );
});

test('the LF and the CRLF form of a message become the same bytes', () => {
  const textOnly = generatedEntity.filter(({ bytes }) => !bytes.includes('binary') && !/\0|\r(?!\n)/.test(bytes.toString('latin1')));
  fc.assert(
    fc.property(textOnly, (entity) => {
      const withCrlf = messageOf(entity);
      const withLf = Buffer.from(withCrlf.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
      expect(written(canonicalise(withLf, OPTIONS))).toEqual(written(canonicalise(withCrlf, OPTIONS)));
    }),
    RUNS,
  );
});

test('every leaf of the entity decodes to what was submitted', () => {
  fc.assert(
    fc.property(generatedEntity, (entity) => {
      const decoded = decodeLeaves(joined(entityOf(canonicalise(messageOf(entity), OPTIONS))));
      expect(decoded).toEqual(entity.leaves);
    }),
    RUNS,
  );
});

test('every leaf of the transfer-safe entity decodes to what was submitted', () => {
  fc.assert(
    fc.property(generatedEntity, (entity) => {
      const { entity: safe } = transferSafeEntityOf(canonicalise(messageOf(entity), OPTIONS));
      const decoded = decodeLeaves(safe);
      // A text that is the whole message may get a final line end, and so may what has an unknown label.
      const single = entity.leaves.length === 1;
      const unknown = entity.bytes.includes('x-unknown');
      const expected = entity.leaves.map(({ type, content }, i) =>
        single && (unknown || type.startsWith('text/')) && !decoded[i]?.content.equals(content)
          ? { type, content: endedByCrlf(content) }
          : { type, content },
      );
      expect(decoded).toEqual(expected);
    }),
    RUNS,
  );
});

const knownLabels = generatedEntity.filter(({ bytes }) => !bytes.includes('x-unknown'));

test('a transfer-safe entity is ASCII in short lines without blanks at their ends, dots or From at their beginnings, or 8bit labels', () => {
  fc.assert(
    fc.property(knownLabels, (entity) => {
      const text = transferSafeEntityOf(canonicalise(messageOf(entity), OPTIONS)).entity.toString('latin1');
      expect(text.endsWith('\r\n')).toBe(true);
      for (const one of text.slice(0, -2).split('\r\n'))
        expect(one).toMatch(/^(?!\.|From )(?:[\x01-\x09\x0b\x0c\x0e-\x7f]{0,997}[^ \t\x80-\xff])?$/);
      expect(text).not.toMatch(/transfer-encoding:\s*(?:8bit|binary)/i);
    }),
    RUNS,
  );
});

test('a transfer-safe entity stays as it is, by the short way and by the whole way', () => {
  fc.assert(
    fc.property(generatedEntity, (entity) => {
      const { entity: safe } = transferSafeEntityOf(canonicalise(messageOf(entity), OPTIONS));
      expect(makeTransferSafe(safe)).toEqual({ entity: safe, changes: [] });
      expect(makeTransferSafe(safe, { shortcut: false })).toEqual({ entity: safe, changes: [] });
    }),
    RUNS,
  );
});
