import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/config/nearest.js';

const KEYS = ['spool', 'keys', 'settleMs', 'maxMessageBytes', 'delivery', 'http', 'to'];

describe('nearest', () => {
  it.each([
    ['spol', 'spool'],
    ['sppol', 'spool'],
    ['psool', 'spool'],
    ['settle_ms', 'settleMs'],
    ['settlems', 'settleMs'],
    ['max-message-bytes', 'maxMessageBytes'],
    ['maxMesageByte', 'maxMessageBytes'],
    ['Delivrey', 'delivery'],
  ])('takes %s for %s', (word, meant) => {
    expect(nearest(word, KEYS)).toBe(meant);
  });

  it.each(['smtp', 'x', '', 'completely', 'a'.repeat(100_000)])('takes %.20s for none of them', (word) => {
    expect(nearest(word, KEYS)).toBeUndefined();
  });

  it('prefers the nearer of two', () => {
    expect(nearest('sings', ['signature', 'sign', 'signs'])).toBe('signs');
  });
});
