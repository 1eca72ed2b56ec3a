import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { booleanOf, everywhere, lastOf, parseConfig, sectionsFor } from '../../../src/delivery/powermta-config/tree.js';

const files: Readonly<Record<string, string>> = {
  '/etc/pmta/more': 'host-id 6\ninclude deeper\nrun-as-root no\n',
  '/etc/pmta/deeper': 'pickup /a /b\n',
  '/etc/pmta/loop': 'include loop\nhost-id 7\n',
  '/etc/pmta/open': '<source {pickup}>\nprocess-x-job yes\n',
  '/etc/pmta/closing': '</source>\n',
  '/etc/pmta/inside': 'process-x-job yes\n',
};
const parse = (...lines: string[]) =>
  parseConfig(lines.join('\n'), '/etc/pmta/config', (path) => {
    const file = join('/etc/pmta', path.replace('/etc/pmta/', ''));
    const text = files[file];
    if (path === 'all') return ['/etc/pmta/deeper', '/etc/pmta/inside'].map((one) => ({ file: one, text: files[one] ?? '' }));
    if (text === undefined) throw new Error('it is not there');
    return [{ file, text }];
  });
const found = (lines: string[], name: string) => everywhere(parse(...lines).root, name).map(({ directive }) => directive);

describe('a directive', () => {
  test('is a name and a value, with its place; a comment ends the line, case does not count', () => {
    expect(found(['# first', '', '\tHost-Id   5 # fifth', '#host-id 6'], 'host-id')).toMatchObject([
      { name: 'host-id', value: '5', at: { file: '/etc/pmta/config', line: 3 } },
    ]);
  });

  test('may have several words, and blanks within quotes', () => {
    const [pickup] = found(['pickup "/var/spool/my mail/pickup"   /var/spool/bad'], 'pickup');
    expect(pickup?.words).toEqual(['/var/spool/my mail/pickup', '/var/spool/bad']);
    expect(found(['include-headers-from "/a b"'], 'include-headers-from')[0]?.value).toBe('/a b');
  });

  test('is read whatever the line ends are, and behind a byte order mark', () => {
    expect(parse('\ufeffhost-id 5\r', 'run-as-root no\rpostmaster a@b.example').root.entries).toMatchObject([
      { name: 'host-id', at: { line: 1 } },
      { name: 'run-as-root', value: 'no', at: { line: 2 } },
      { name: 'postmaster', at: { line: 3 } },
    ]);
  });

  test.each([
    ['yes', true],
    ['TRUE', true],
    ['no', false],
    ['False', false],
    ['maybe', undefined],
    ['', undefined],
  ])('%s is the truth value %s', (value, expected) => {
    expect(booleanOf(found([`run-as-root ${value}`], 'run-as-root')[0])).toBe(expected);
  });
});

describe('a section', () => {
  const lines = [
    '<Source {Pickup}> # from the directory',
    'process-x-job no',
    '</SOURCE>',
    '<source {pickup}>',
    'process-x-job yes',
    '</source>',
  ];

  test('is found by name and argument, and the last directive of several counts', () => {
    const { root, problems } = parse(...lines, '<source 0/0>', 'process-x-job no', '</source>');
    expect(problems).toEqual([]);
    const sections = sectionsFor(root, 'source', '{pickup}');
    expect(sections).toHaveLength(2);
    expect(lastOf(sections, 'process-x-job')?.at.line).toBe(5);
  });

  test('may stand in another one; what is inside belongs to the inner one', () => {
    const { root } = parse('<virtual-mta one>', '<domain *>', 'dkim-sign yes', '</domain>', 'host-name a', '</virtual-mta>');
    expect(everywhere(root, 'dkim-sign')[0]?.section).toMatchObject({ name: 'domain', argument: '*' });
    expect(everywhere(root, 'host-name')[0]?.section).toMatchObject({ name: 'virtual-mta', argument: 'one' });
  });

  test('that is not ended, and an end without a beginning, are problems at their line', () => {
    expect(parse('<source {pickup}>', 'process-x-job yes').problems).toMatchObject([
      { at: { line: 1 }, text: '<source {pickup}> is not ended' },
    ]);
    expect(parse('host-id 5', '</source>').problems).toMatchObject([{ at: { line: 2 }, text: '</source> ends what was not begun' }]);
    const { root, problems } = parse('<source 0/0>', '<domain *>', '</source>', 'host-id 5');
    expect(problems).toMatchObject([{ at: { line: 2 }, text: '<domain *> is not ended' }]);
    expect(lastOf([root], 'host-id')?.value).toBe('5');
  });
});

describe('an included file', () => {
  test('stands in the place of its include, also in a section, and names its own lines', () => {
    const { root, problems } = parse('host-id 5', 'Include "/etc/pmta/more"', '<source {pickup}>', 'include inside', '</source>');
    expect(problems).toEqual([]);
    expect(everywhere(root, 'host-id').map(({ directive }) => directive.value)).toEqual(['5', '6']);
    expect(everywhere(root, 'pickup')[0]?.directive.at).toEqual({ file: '/etc/pmta/deeper', line: 1 });
    expect(lastOf(sectionsFor(root, 'source', '{pickup}'), 'process-x-job')?.at).toEqual({ file: '/etc/pmta/inside', line: 1 });
  });

  test('may be several by a wildcard, one after the other', () => {
    const { root, problems } = parse('include all');
    expect(problems).toEqual([]);
    expect(root.entries).toMatchObject([{ name: 'pickup' }, { name: 'process-x-job', at: { file: '/etc/pmta/inside', line: 1 } }]);
  });

  test('that is not there, or includes itself, is a problem where it is included; the rest is read', () => {
    const { root, problems } = parse('include gone', 'include loop', 'run-as-root no');
    expect(problems).toMatchObject([
      { at: { file: '/etc/pmta/config', line: 1 }, text: 'gone was not looked at: it is not there' },
      { at: { file: '/etc/pmta/loop', line: 1 }, text: 'loop was not looked at: it includes itself' },
    ]);
    expect(everywhere(root, 'host-id')[0]?.directive.value).toBe('7');
    expect(lastOf([root], 'run-as-root')?.value).toBe('no');
  });

  test('ends what it begins, and not what the file around it began', () => {
    expect(parse('include open', 'run-as-root no').problems).toMatchObject([{ at: { file: '/etc/pmta/open', line: 1 } }]);
    const { root, problems } = parse('<source {pickup}>', 'include closing', 'process-x-job yes', '</source>');
    expect(problems).toMatchObject([{ at: { file: '/etc/pmta/closing', line: 1 } }]);
    expect(lastOf(sectionsFor(root, 'source', '{pickup}'), 'process-x-job')?.at.line).toBe(3);
  });
});

test('nothing that can be written is too odd to be read, and unknown directives are kept', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '<',
      '>',
      '</',
      '<source {pickup}>',
      '</source>',
      '{',
      '}',
      '"',
      '#',
      ' ',
      '\n',
      '\r\n',
      '\t',
      'include',
      'open',
      '\0',
      'é',
    ),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const { root } = parse(`no-such-directive x\n${pieces.join('')}`);
      expect(root.entries[0]).toMatchObject({ name: 'no-such-directive', value: 'x' });
    }),
    { numRuns: 300 },
  );
});
