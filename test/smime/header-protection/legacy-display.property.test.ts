import fc from 'fast-check';
import { expect, it } from 'vitest';
import { applyEdits } from '../../../src/message/edits.js';
import { parseMimeTree } from '../../../src/message/mime-tree.js';
import { hideLegacyDisplay } from '../../../src/smime/header-protection/hide-legacy-display.js';
import { decodeLeaves } from '../../message/leaf-decoder.js';
import { generatedEntity } from '../../message/message-arbitrary.js';
import { compose, WITH_DISPLAY } from './kit.js';

const subject = fc.oneof(
  fc.constantFrom('plain', '=?utf-8?q?=C3=BC?=', '=?utf-8?q?=E2=82=AC=0D=0A=0D=0A?= x'),
  fc.string({ maxLength: 30 }),
);

it('whatever the message: a legacy display comes out of the same parts it was put into, and all else stays', () => {
  let displayed = 0;
  fc.assert(
    fc.property(generatedEntity, subject, ({ bytes }, text) => {
      const header = `From: a@example.com\r\nSubject: ${text.replace(/\p{Cc}/gu, '')}\r\n`;
      const mail = Buffer.concat([Buffer.from(header), bytes]);
      const plain = decodeLeaves(compose(mail, { ...WITH_DISPLAY, legacyDisplay: false }).payload);
      const { payload, changes } = compose(mail, WITH_DISPLAY);
      const added = changes.filter((change) => change.startsWith('legacy-display-added')).length;
      const shown = decodeLeaves(payload).filter(({ content }, index) => !content.equals(plain[index]?.content ?? content));
      expect(shown).toHaveLength(added);
      const hidden = applyEdits(payload, hideLegacyDisplay(payload, parseMimeTree(payload)), 0);
      expect(decodeLeaves(hidden)).toEqual(plain);
      displayed += added;
    }),
    { numRuns: 400 },
  );
  expect(displayed).toBeGreaterThan(20);
});
