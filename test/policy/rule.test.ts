import { describe, expect, it } from 'vitest';
import { type MessageFacts, matches, type Rule } from '../../src/policy/rule.js';

const MESSAGE: MessageFacts = {
  from: 'alice@example.com',
  headerValues: (name) => (name.toLowerCase() === 'x-sealdrop-class' ? ['Public', 'Confidential'] : []),
};

function ruleMatches(when: Rule['when'], recipient = 'bob@partner.example'): boolean {
  return matches({ name: 'rule', when }, recipient, MESSAGE);
}

describe('a rule', () => {
  it('without conditions matches every recipient', () => {
    expect(ruleMatches({})).toBe(true);
  });

  it('matches when one of its recipient patterns does', () => {
    expect(ruleMatches({ to: ['*@other.example', '*@partner.example'] })).toBe(true);
    expect(ruleMatches({ to: ['*@other.example'] })).toBe(false);
  });

  it('looks at the visible From', () => {
    expect(ruleMatches({ from: ['*@example.com'] })).toBe(true);
    expect(ruleMatches({ from: ['*@partner.example'] })).toBe(false);
  });

  it('matches when any value of the header does, whatever its case', () => {
    expect(ruleMatches({ header: { 'X-Sealdrop-Class': 'confid*' } })).toBe(true);
    expect(ruleMatches({ header: { 'x-sealdrop-class': 'secret' } })).toBe(false);
  });

  it('does not match by a header the message does not have, even for *', () => {
    expect(ruleMatches({ header: { 'x-other': '*' } })).toBe(false);
  });

  it('needs all of its conditions', () => {
    expect(ruleMatches({ to: ['*@partner.example'], from: ['*@example.com'], header: { 'x-sealdrop-class': '*' } })).toBe(true);
    expect(ruleMatches({ to: ['*@partner.example'], from: ['*@example.net'] })).toBe(false);
    expect(ruleMatches({ to: ['*@partner.example'], header: { 'x-sealdrop-class': '*', 'x-other': '*' } })).toBe(false);
  });
});
