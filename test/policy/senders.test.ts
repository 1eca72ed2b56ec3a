import { describe, expect, it } from 'vitest';
import { checkSender } from '../../src/policy/senders.js';
import { errorOf } from './input.js';

const BINDINGS = [
  { pattern: 'director@example.com', allowed: ['office'] },
  { pattern: '*@example.com', allowed: ['billing', '1007'] },
];

describe('checkSender', () => {
  it('lets a user named for the address send as it', () => {
    expect(() => checkSender('invoices@example.com', ['billing', '1001', 'users'], BINDINGS)).not.toThrow();
  });

  it('lets a member of a group named for the address send as it', () => {
    expect(() => checkSender('director@example.com', ['carol', '1002', 'office'], BINDINGS)).not.toThrow();
  });

  it('knows a user by number', () => {
    expect(() => checkSender('invoices@example.com', ['1007'], BINDINGS)).not.toThrow();
  });

  it('refuses by the first pattern that matches, though a later one would allow it', () => {
    const error = errorOf(() => checkSender('director@example.com', ['billing', '1001'], BINDINGS));
    expect(error.code).toBe('sender-not-allowed');
    expect(error.disposition).toBe('quarantine');
    expect(error.message).toBe('billing may not send as director@example.com: senders allows director@example.com to office');
  });

  it('refuses an address that no pattern covers', () => {
    expect(errorOf(() => checkSender('bob@example.net', ['billing'], BINDINGS)).message).toContain(
      'no line of senders covers this address',
    );
  });
});
