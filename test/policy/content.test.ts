import { describe, expect, it } from 'vitest';
import { STRENGTH } from '../../src/policy/content.js';
import { decide } from '../../src/policy/decide.js';
import type { Rule } from '../../src/policy/rule.js';
import { CONTENT_CIPHERS, type ContentCipher } from '../../src/smime/algorithms.js';
import { errorOf, inputOf, type Situation } from './input.js';

const BOB = 'bob@example.net';
const CAROL = 'carol@example.net';
const DAVE = 'dave@example.net';
const AUTO = { content: 'auto' } as const;

/** Who gets which cipher, in the order of the copies. */
function ciphers(situation: Situation): [string[], ContentCipher][] {
  return decide(inputOf(situation)).copies.map(({ recipients, content }) => [recipients, content]);
}

function why(situation: Situation): (string | undefined)[] {
  return decide(inputOf(situation)).copies.map(({ contentWhy }) => contentWhy);
}

it('every content cipher has its place in the order of strength', () => {
  expect(STRENGTH.toSorted()).toEqual(Object.keys(CONTENT_CIPHERS).toSorted());
});

describe('a cipher that is named', () => {
  it('holds whatever was learnt', () => {
    const learnt = { reads: { [BOB]: ['aes-256-gcm'] }, to: [BOB, CAROL] } as const;
    expect(ciphers(learnt)).toEqual([[[BOB, CAROL], 'aes-256-cbc']]);
    expect(ciphers({ ...learnt, protect: { content: 'aes-128-cbc' } })).toEqual([[[BOB, CAROL], 'aes-128-cbc']]);
  });

  it('is never lowered for a co-recipient', () => {
    const rules: Rule[] = [{ name: 'carol', when: { to: [CAROL] }, protect: { content: 'aes-256-gcm' } }];
    expect(ciphers({ to: [BOB, CAROL], rules, protect: AUTO, reads: { [CAROL]: ['aes-128-cbc'] } })).toEqual([
      [[BOB], 'aes-256-cbc'],
      [[CAROL], 'aes-256-gcm'],
    ]);
  });

  it('is explained by who names it, and by who did not announce it', () => {
    const rules: Rule[] = [{ name: 'gcm', when: { to: [CAROL] }, protect: { content: 'aes-256-gcm' } }];
    const learnt = { [CAROL]: ['aes-256-cbc'] } as const;
    expect(why({ to: [BOB, CAROL], rules, reads: learnt })).toEqual([
      'named by protect',
      `named by the rule "gcm"; ${CAROL} did not announce it`,
    ]);
  });
});

describe('content: auto', () => {
  it.each<[string, readonly ContentCipher[], ContentCipher]>([
    ['nothing was learnt', [], 'aes-256-cbc'],
    ['the order of preference is another', ['aes-128-cbc', 'aes-256-cbc', 'aes-256-gcm'], 'aes-256-gcm'],
    ['AES-128-GCM stands beside AES-256-CBC', ['aes-256-cbc', 'aes-128-gcm'], 'aes-128-gcm'],
    ['ChaCha20-Poly1305 was announced', ['aes-128-gcm', 'chacha20-poly1305'], 'chacha20-poly1305'],
    ['only AES-128-CBC is read', ['aes-128-cbc'], 'aes-128-cbc'],
  ])('takes the strongest that is read where %s', (_, reads, expected) => {
    expect(ciphers({ to: [BOB], protect: AUTO, reads: { [BOB]: reads } })).toEqual([[[BOB], expected]]);
    expect(ciphers({ blind: [BOB], protect: AUTO, reads: { [BOB]: reads } })).toEqual([[[BOB], expected]]);
  });

  it('takes the strongest that all read, and says who holds it', () => {
    const situation = { to: [BOB, CAROL], protect: AUTO, reads: { [BOB]: ['aes-256-gcm', 'aes-256-cbc'] } } as const;
    expect(ciphers(situation)).toEqual([[[BOB, CAROL], 'aes-256-cbc']]);
    expect(why(situation)).toEqual([
      `the strongest that all its recipients read; ${CAROL} announced nothing that is known and counts as reading aes-256-cbc; ${BOB} alone would get aes-256-gcm`,
    ]);
  });

  it('makes separate copies by rule, grouped by the best cipher', () => {
    const reads = { [BOB]: ['aes-256-gcm', 'aes-256-cbc'], [DAVE]: ['aes-128-cbc', 'aes-256-gcm'] } as const;
    const protect = { ...AUTO, whenCiphersDiffer: 'separate' } as const;
    expect(ciphers({ to: [BOB, CAROL, DAVE], protect, reads })).toEqual([
      [[BOB, DAVE], 'aes-256-gcm'],
      [[CAROL], 'aes-256-cbc'],
    ]);
  });

  it('makes separate copies for those who read nothing in common', () => {
    const reads = { [BOB]: ['aes-256-gcm'], [CAROL]: ['aes-128-cbc'], [DAVE]: ['aes-128-cbc', 'aes-256-gcm'] } as const;
    expect(ciphers({ to: [BOB, CAROL, DAVE], protect: AUTO, reads })).toEqual([
      [[BOB, DAVE], 'aes-256-gcm'],
      [[CAROL], 'aes-128-cbc'],
    ]);
  });

  it('does not go below contentAtLeast, and says so', () => {
    const situation = { to: [BOB], protect: { ...AUTO, contentAtLeast: 'aes-256-cbc' }, reads: { [BOB]: ['aes-128-cbc'] } } as const;
    expect(ciphers(situation)).toEqual([[[BOB], 'aes-256-cbc']]);
    expect(why(situation)).toEqual([`the least that contentAtLeast allows; ${BOB} is not known to read it`]);
  });

  it('asks the rule for the floor', () => {
    const rules: Rule[] = [{ name: 'strict', when: { to: [CAROL] }, protect: { contentAtLeast: 'aes-256-gcm' } }];
    expect(ciphers({ to: [BOB, CAROL], rules, protect: AUTO })).toEqual([
      [[BOB], 'aes-256-cbc'],
      [[CAROL], 'aes-256-gcm'],
    ]);
  });

  it('takes each of the copies that a long list is cut into for itself', () => {
    const reads = { [BOB]: ['aes-256-gcm', 'aes-256-cbc'] } as const;
    expect(ciphers({ to: [BOB, CAROL], protect: AUTO, reads, defaults: { maxRecipientInfos: 1 } })).toEqual([
      [[BOB], 'aes-256-gcm'],
      [[CAROL], 'aes-256-cbc'],
    ]);
  });

  it('is in a plan what was chosen, never a word to be decided later', () => {
    const { copies } = decide(
      inputOf({ to: [BOB], blind: [CAROL], protect: { ...AUTO, encrypt: 'whenPossible' }, faults: { [CAROL]: 'missing-certificate' } }),
    );
    expect(copies.map(({ content }) => content)).toEqual(['aes-256-cbc', 'aes-128-cbc']);
  });
});

describe('RSA and elliptic curve keys', () => {
  it('are kept in separate copies', () => {
    expect(ciphers({ to: [BOB, CAROL, DAVE], curves: [CAROL] })).toEqual([
      [[BOB, DAVE], 'aes-256-cbc'],
      [[CAROL], 'aes-256-cbc'],
    ]);
  });

  it('share a copy where policy says so', () => {
    expect(ciphers({ to: [BOB, CAROL], curves: [CAROL], protect: { whenKeysDiffer: 'together' } })).toEqual([
      [[BOB, CAROL], 'aes-256-cbc'],
    ]);
  });

  it('make no more copies than outbox.maxCopies allows', () => {
    expect(errorOf(() => decide(inputOf({ to: [BOB, CAROL], curves: [CAROL], defaults: { maxCopies: 1 } }))).code).toBe('too-many-copies');
  });
});
