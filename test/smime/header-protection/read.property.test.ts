import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseMimeTree } from '../../../src/message/mime-tree.js';
import { judgeHeader, payloadHeader } from '../../../src/smime/header-protection/read.js';
import { renderedMessage } from '../../../src/smime/header-protection/rendered.js';
import type { Layer } from '../../../src/smime/open.js';
import { generatedEntity } from '../../message/message-arbitrary.js';
import { valuesNamed } from './kit.js';

const LAYERS: readonly Layer[] = (['encrypted', 'signed'] as const).map((kind) => ({
  kind,
  form: 'opaque',
  algorithms: [],
  verdict: 'valid',
  reason: '',
  signers: [],
  recipients: [],
}));

const line = fc.oneof(
  fc.constantFrom(
    'HP-Outer: Subject: [...]',
    'HP-Outer:',
    'HP-Outer: :x',
    'Subject: a',
    'SUBJECT: b',
    'From: x@example.com',
    ' folded',
    ' ',
    '--b',
  ),
  fc.constantFrom(
    'Content-Type: text/html; hp=cipher; hp-legacy-display=1',
    'Content-Type: multipart/alternative; boundary=b; hp=clear',
    '',
  ),
  fc.string({ unit: 'binary-ascii', maxLength: 30 }),
);

it('whatever somebody signed: it is judged without an error, and one Subject at most is shown', () => {
  let judged = 0;
  const header = fc.array(line, { maxLength: 10 });
  fc.assert(
    fc.property(header, generatedEntity, fc.boolean(), (lines, { bytes }, marked) => {
      const type = marked ? ['Content-Type: text/plain; hp=cipher; hp-legacy-display=1'] : [];
      const entity = Buffer.concat([Buffer.from(`${[...type, ...lines].join('\r\n')}\r\n`, 'latin1'), bytes]);
      const node = parseMimeTree(entity);
      const payload = payloadHeader(entity, node, LAYERS);
      if (payload === undefined) return;
      judged++;
      const outside = parseMimeTree(Buffer.from('From: a@example.com\r\nSubject: [...]\r\n\r\n')).fields;
      const { fields } = judgeHeader(payload, outside, LAYERS);
      expect(fields).toHaveLength(payload.inside.length);
      const shown = parseMimeTree(renderedMessage(entity, node, payload, outside, undefined));
      expect(valuesNamed(shown.fields, 'Subject').length).toBeLessThanOrEqual(1);
      expect(valuesNamed(shown.fields, 'HP-Outer')).toEqual([]);
      expect(shown.parameters.has('hp')).toBe(false);
    }),
    { numRuns: 2000 },
  );
  expect(judged).toBeGreaterThan(100);
});
