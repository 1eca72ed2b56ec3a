import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BerElement, BerError, childrenOf, contentOf, readBer } from '../../../src/smime/cms/ber.js';
import { edit, edited } from '../edit-arbitrary.js';
import { der, indefinite } from '../read/der-kit.js';

type Tree = { readonly identifier: number; readonly content: Buffer } | { readonly identifier: number; readonly children: readonly Tree[] };

const PRIMITIVE = [0x01, 0x02, 0x04, 0x05, 0x06, 0x0c, 0x17, 0x80, 0x81];
const CONSTRUCTED = [0x24, 0x30, 0x31, 0xa0, 0xa1, 0xa3];
const LEVELS = 7;

const tree: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: LEVELS - 1, depthSize: 'large' },
    fc.record({
      identifier: fc.constantFrom(...PRIMITIVE),
      content: fc.uint8Array({ maxLength: 200 }).map((octets) => Buffer.from(octets)),
    }),
    fc.record({ identifier: fc.constantFrom(...CONSTRUCTED), children: fc.array(tie('tree'), { maxLength: 5 }) }),
  ),
})).tree;

/** `isIndefinite` is asked for every constructed element. */
function encoded(node: Tree, isIndefinite: () => boolean): Buffer {
  if ('content' in node) return der(node.identifier, node.content);
  const children = node.children.map((child) => encoded(child, isIndefinite));
  return isIndefinite() ? indefinite(node.identifier, ...children) : der(node.identifier, ...children);
}

function read(element: BerElement): Tree {
  const identifier = element.tag | (element.constructed ? 0x20 : 0);
  if (!element.constructed) return { identifier, content: Buffer.from(contentOf(element)) };
  return { identifier, children: childrenOf(element).map(read) };
}

/** Yes and no in this order, over and over. */
function inTurn(answers: readonly boolean[]): () => boolean {
  let asked = 0;
  return () => answers[asked++ % answers.length] ?? false;
}

const answers = fc.array(fc.boolean(), { minLength: 1, maxLength: 10 });

describe('whatever structure is written, definite or indefinite', () => {
  it('it is read as it was meant', () => {
    fc.assert(
      fc.property(tree, answers, fc.uint8Array({ maxLength: 5 }), (meant, indefinites, behind) => {
        const bytes = encoded(meant, inTurn(indefinites));
        const element = readBer(Buffer.concat([bytes, behind]));
        expect(element.end).toBe(bytes.length);
        expect(read(element)).toEqual(meant);
      }),
      { numRuns: 500 },
    );
  });

  it('and however it is damaged, reading it takes work in proportion to its length', () => {
    let sound = 0;
    fc.assert(
      fc.property(tree, answers, fc.array(edit, { maxLength: 4 }), (meant, indefinites, changes) => {
        const bytes = changes.reduce(edited, encoded(meant, inTurn(indefinites)));
        let element: BerElement | undefined;
        try {
          element = readBer(bytes);
          read(element);
          sound += 1;
        } catch (error) {
          expect(error).toBeInstanceOf(BerError);
        }
        // An element of at least two octets is read when its parent's children are, and once for the end of each element around it.
        const levels = LEVELS + changes.length + 1;
        if (element !== undefined) expect(element.source.reads).toBeLessThanOrEqual((levels * bytes.length) / 2 + levels);
      }),
      { numRuns: 2000 },
    );
    expect(sound).toBeGreaterThan(100);
    expect(sound).toBeLessThan(1900);
  });
});
