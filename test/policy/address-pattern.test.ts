import { describe, expect, it } from 'vitest';
import { addressPatternFault, matchesAddress } from '../../src/policy/address-pattern.js';

describe('matchesAddress', () => {
  it.each([
    ['bob@partner.example', 'bob@partner.example', true],
    ['bob@partner.example', 'alice@partner.example', false],
    ['*', 'bob@partner.example', true],
    ['*@partner.example', 'bob@partner.example', true],
    ['*@partner.example', 'bob@sub.partner.example', false],
    ['*@partner.example', 'bob@evilpartner.example', false],
    ['*@*.partner.example', 'bob@sub.partner.example', true],
    ['*@*.partner.example', 'bob@a.b.partner.example', true],
    ['*@*.partner.example', 'bob@partner.example', false],
    ['bill-*@partner.example', 'bill-17@partner.example', true],
    ['bob@*', 'bob@example.net', true],
    ['*@partner.example', '"odd@other.example"@partner.example', true],
    ['*@other.example', '"odd@other.example"@partner.example', false],
    ['*@partner.example', 'not an address', false],
  ])('%s against %s is %j', (pattern, address, expected) => {
    expect(matchesAddress(pattern, address)).toBe(expected);
  });

  it('compares the local part exactly', () => {
    expect(matchesAddress('Bob@partner.example', 'bob@partner.example')).toBe(false);
  });

  it('compares the domain without regard to case', () => {
    expect(matchesAddress('*@Partner.EXAMPLE', 'bob@partner.example')).toBe(true);
  });

  it('compares an international domain by its A-labels', () => {
    expect(matchesAddress('*@b\u{fc}cher.example', 'bob@xn--bcher-kva.example')).toBe(true);
    expect(matchesAddress('*@*.B\u{dc}CHER.example', 'bob@shop.xn--bcher-kva.example')).toBe(true);
  });
});

describe('addressPatternFault', () => {
  it.each([
    '*',
    '*@partner.example',
    '*@*.partner.example',
    'bob@example.net',
    '*@*',
    '*@b\u{fc}cher.example',
    '"a@b"@example.net',
    '*@x_y.example',
    'bob@[192.0.2.1]',
  ])('accepts %s', (pattern) => {
    expect(addressPatternFault(pattern)).toBeUndefined();
  });

  it.each([
    ['partner.example', 'write *@partner.example for'],
    ['', 'has an @'],
    ['@partner.example', 'both sides'],
    ['bob@', 'both sides'],
    ['bob@partner..example', 'not a domain'],
    ['bob@-x.example', 'not a domain'],
    ['bob@*b\u{fc}cher.example', 'not a domain'],
    ['Bob <bob@example.net>', 'no blanks'],
    ['bob@example.net, eve@example.net', 'no blanks'],
  ])('refuses %j', (pattern, reason) => {
    expect(addressPatternFault(pattern)).toContain(reason);
  });
});
