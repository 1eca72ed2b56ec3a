import { describe, expect, test } from 'vitest';
import { msysApiField } from '../../../src/delivery/smtp/msys-api.js';
import { codeOf } from '../thrown.js';

const OFF = { open_tracking: false, click_tracking: false, transactional: true };
const jsonOf = (field: string): Record<string, unknown> => JSON.parse(field.replaceAll('\r\n', '').replace(/^X-MSYS-API:/, ''));

describe('the X-MSYS-API header', () => {
  test('28: switches both trackings off', () => {
    expect(jsonOf(msysApiField('sparkpost'))).toEqual({ options: OFF });
  });

  test('keeps what was submitted beside it', () => {
    const submitted = { campaign_id: 'spring', metadata: { a: [1, null] }, options: { ip_pool: 'p1' } };
    expect(jsonOf(msysApiField('sparkpost', JSON.stringify(submitted)))).toEqual({ ...submitted, options: { ip_pool: 'p1', ...OFF } });
  });

  test('overrides a submitted wish to track', () => {
    expect(jsonOf(msysApiField('sparkpost', '{"options":{"open_tracking":true,"click_tracking":true,"transactional":false}}'))).toEqual({
      options: OFF,
    });
  });

  test('says nothing to Momentum of an option it does not know', () => {
    expect(jsonOf(msysApiField('momentum'))).toEqual({ options: { open_tracking: false, click_tracking: false } });
  });

  test('switches off what else would alter the body, where it was asked for', () => {
    expect(jsonOf(msysApiField('sparkpost', '{"options":{"inline_css":true,"initial_open":true}}'))).toEqual({
      options: { ...OFF, inline_css: false, initial_open: false },
    });
  });

  test('is the same at every attempt', () => {
    const submitted = '{"tags":["b","a"],"options":{"ip_pool":"p"}}';
    expect(msysApiField('sparkpost', submitted)).toBe(msysApiField('sparkpost', submitted));
  });

  test('is ASCII and keeps every character', () => {
    const text = 'Grüße \u{1f600} \u2028 \u007f "quoted" \\ \n end';
    const field = msysApiField('sparkpost', JSON.stringify({ metadata: { text } }));
    expect(field).toMatch(/^[\r\n -~]*$/);
    expect(jsonOf(field).metadata).toEqual({ text });
  });

  test('is folded at blanks into short lines, each of which goes on with a blank', () => {
    const field = msysApiField('sparkpost', JSON.stringify({ tags: Array.from({ length: 200 }, (_, n) => `tag-${n}`) }));
    const lines = field.slice(0, -2).split('\r\n');
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(78);
    for (const line of lines.slice(1)) expect(line).toMatch(/^ \S/);
  });

  test('breaks a long text at its blanks without changing it', () => {
    const text = 'word  and '.repeat(500);
    const field = msysApiField('sparkpost', JSON.stringify({ metadata: { text } }));
    for (const line of field.split('\r\n')) expect(line.length).toBeLessThan(998);
    expect(jsonOf(field).metadata).toEqual({ text });
  });

  test('ends in one CRLF', () => {
    expect(msysApiField('sparkpost')).toMatch(/\}\r\n$/);
  });

  test.each([
    'not json',
    '[]',
    'null',
    '"text"',
    '',
    '{"options":[]}',
    '{"options":1}',
    '{"cc":["c@example.net"]}',
    '{"bcc":[]}',
    '{"archive":["c@example.net"]}',
    JSON.stringify({ metadata: { text: 'x'.repeat(2000) } }),
    JSON.stringify({ metadata: { text: ' '.repeat(3000) } }),
    `{"metadata":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
  ])('refuses %.40s', (submitted) => {
    expect(codeOf(() => msysApiField('sparkpost', submitted))).toBe('bad-msys-api');
  });
});
