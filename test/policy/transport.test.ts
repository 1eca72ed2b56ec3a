import { describe, expect, it } from 'vitest';
import type { ControlField } from '../../src/message/control.js';
import { droppedNames, transportOf } from '../../src/policy/transport.js';
import { errorOf } from './input.js';

const PASS_ALL = { pass: ['x-virtual-mta', 'x-job', 'x-dkim-options'], envid: 'own', msysApi: false } as const;

function control(fields: Record<string, string>): ControlField[] {
  return Object.entries(fields).map(([name, value]) => ({ name, value }));
}

describe('transportOf', () => {
  it('passes the submitted headers that policy names', () => {
    const submitted = control({ 'x-job': 'invoices-2026', 'x-virtual-mta': 'vmta-1', 'x-dkim-options': 's=key1; d=example.com;' });
    expect(transportOf(null, 'pickup', submitted, PASS_ALL)).toEqual({
      transport: { job: 'invoices-2026', virtualMta: 'vmta-1', dkimOptions: 's=key1;d=example.com' },
      passed: ['x-job', 'x-virtual-mta', 'x-dkim-options'],
    });
  });

  it('passes nothing that policy does not name', () => {
    const submitted = control({ 'x-job': 'a', 'x-virtual-mta': 'b', 'x-schedule': 'c', 'x-dkim-key': 'd', 'x-sender-override': 'e' });
    const policy = { pass: ['x-job', 'x-dkim-key', 'x-sender-override'], envid: 'own', msysApi: false } as const;
    expect(transportOf(null, 'pickup', submitted, policy).transport).toEqual({ job: 'a' });
  });

  it('passes no submitted header by SMTP, where it would reach the recipients', () => {
    expect(transportOf(null, 'smtp', control({ 'x-job': 'a', 'x-envid': 'b' }), { ...PASS_ALL, envid: 'submitted' }).transport).toEqual({});
  });

  it('passes X-MSYS-API by SMTP alone, to a server that takes it for itself, and as it was submitted', () => {
    const submitted = control({ 'x-msys-api': '{"campaign_id": "two words"}' });
    const understood = { ...PASS_ALL, pass: [...PASS_ALL.pass, 'x-msys-api'], msysApi: true };
    expect(transportOf(null, 'smtp', submitted, understood)).toEqual({
      transport: { msysApi: '{"campaign_id": "two words"}' },
      passed: ['x-msys-api'],
    });
    expect(transportOf(null, 'pickup', submitted, understood).transport).toEqual({});
    expect(transportOf(null, 'smtp', submitted, { ...understood, msysApi: false }).transport).toEqual({});
  });

  it("prefers the rule's own job and virtual MTA, by either way", () => {
    const rule = { name: 'r', when: {}, delivery: { job: 'ours', virtualMta: 'vmta-9' } };
    const found = transportOf(rule, 'pickup', control({ 'x-job': 'theirs', 'x-virtual-mta': 'not one word' }), PASS_ALL);
    expect(found).toEqual({ transport: { job: 'ours', virtualMta: 'vmta-9' }, passed: [] });
    expect(transportOf(rule, 'smtp', [], PASS_ALL).transport).toEqual({ job: 'ours', virtualMta: 'vmta-9' });
  });

  it('uses the submitted envelope id only when policy says so', () => {
    const submitted = control({ 'x-envid': 'order-17' });
    expect(transportOf(null, 'pickup', submitted, PASS_ALL).transport).toEqual({});
    expect(transportOf(null, 'pickup', submitted, { ...PASS_ALL, envid: 'submitted' }).transport).toEqual({ envid: 'order-17' });
  });

  it('takes a header that is repeated with the same value', () => {
    const twice = [...control({ 'x-job': 'a' }), ...control({ 'x-job': ' a ' })];
    expect(transportOf(null, 'pickup', twice, PASS_ALL).transport).toEqual({ job: 'a' });
  });

  it('takes an empty header for one that is not there', () => {
    expect(transportOf(null, 'pickup', control({ 'x-job': ' ' }), PASS_ALL)).toEqual({ transport: {}, passed: [] });
  });

  it('refuses a header that is repeated with another value', () => {
    const error = errorOf(() => transportOf(null, 'pickup', [...control({ 'x-job': 'a' }), ...control({ 'x-job': 'b' })], PASS_ALL));
    expect(error.code).toBe('bad-control-header');
    expect(error.disposition).toBe('quarantine');
  });

  it.each([
    ['x-job', 'two words'],
    ['x-job', 'caf\u{e9}'],
    ['x-job', 'a\u{7f}b'],
    ['x-job', 'a'.repeat(101)],
    ['x-virtual-mta', 'a\tb'],
    ['x-dkim-options', ';'],
    ['x-dkim-options', 's=key1; x=1'],
    ['x-dkim-options', 's=key1; s=key2'],
    ['x-dkim-options', 's=key 1'],
    ['x-dkim-options', 's=;d=example.com'],
    ['x-dkim-options', 's=key1;;d=example.com'],
  ])('refuses %s: %j', (name, value) => {
    expect(errorOf(() => transportOf(null, 'pickup', control({ [name]: value }), PASS_ALL)).code).toBe('bad-control-header');
  });
});

describe('droppedNames', () => {
  it('names once each what was not passed, and leaves out the input to the rules', () => {
    const submitted = [
      ...control({ 'x-job': 'a', 'x-dkim-key': 'b', 'x-sealdrop-class': 'c', 'x-receiver': 'eve@example.net' }),
      ...control({ 'x-receiver': 'mallory@example.net' }),
    ];
    expect(droppedNames(submitted, new Set(['x-job']))).toEqual(['x-dkim-key', 'x-receiver']);
  });
});
