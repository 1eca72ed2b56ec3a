import { describe, expect, test } from 'vitest';
import { addressKey, type Mailbox, parseAddress, parseAddressList } from '../../src/message/address.js';

describe('parseAddress', () => {
  test.each([
    ['alice@example.com', 'alice@example.com'],
    ['Alice.Smith+tag@EXAMPLE.com', 'Alice.Smith+tag@example.com'],
    ['"alice"@example.com', 'alice@example.com'],
    ['"al\\ice"@example.com', 'alice@example.com'],
    ['"a@b"@example.com', '"a@b"@example.com'],
    ['"a\\"b"@example.com', '"a\\"b"@example.com'],
    ['"a..b"@example.com', '"a..b"@example.com'],
    ["o'neill!#$%&*/=?^_`{|}~-@example.com", "o'neill!#$%&*/=?^_`{|}~-@example.com"],
    ['alice@bücher.example', 'alice@xn--bcher-kva.example'],
    ['alice@BÜCHER.example', 'alice@xn--bcher-kva.example'],
    ['alice@xn--BCHER-kva.example', 'alice@xn--bcher-kva.example'],
    ['jürgen@example.com', 'jürgen@example.com'],
    ['root@localhost', 'root@localhost'],
    ['alice@[192.0.2.1]', 'alice@[192.0.2.1]'],
    ['alice@[IPV6:2001:DB8::1]', 'alice@[IPv6:2001:db8::1]'],
    [`${'a'.repeat(64)}@example.com`, `${'a'.repeat(64)}@example.com`],
  ])('%s is %s', (text, address) => {
    expect(parseAddress(text)).toBe(address);
  });

  test.each([
    '',
    'alice',
    '@example.com',
    'alice@',
    'alice@@example.com',
    'a@b@example.com',
    '<alice@example.com>',
    'Alice <alice@example.com>',
    'alice@example.com (work)',
    'alice@example.com,bob@example.net',
    'alice@example.com;',
    '.alice@example.com',
    'alice.@example.com',
    'al..ice@example.com',
    'al ice@example.com',
    '"al ice"@example.com',
    ' alice@example.com',
    'alice@example.com ',
    'alice@exam ple.com',
    'alice@example.com\r\n',
    'alice@example.com\0',
    'al\rice@example.com',
    '"al\nice"@example.com',
    'alice\u00a0@example.com',
    'alice\u200b@example.com',
    'alice\u0085@example.com',
    'alice@-example.com',
    'alice@example-.com',
    'alice@example..com',
    'alice@example.com.',
    'alice@.example.com',
    'alice@exam_ple.com',
    'alice@192.0.2.1',
    'alice@１９２.0.2.1',
    'alice@bücher.example/path',
    'alice@bücher.example:25',
    'alice@[192.0.2.256]',
    'alice@[example.com]',
    'alice@[IPv6:fe80::1%eth0]',
    '""@example.com',
    '"alice@example.com',
    '"alice"bob@example.com',
    'alice\\@example.com',
    `${'a'.repeat(65)}@example.com`,
    `${'ü'.repeat(33)}@example.com`,
    `alice@${'a'.repeat(64)}.com`,
    `alice@${'abcdefghi.'.repeat(26)}com`,
  ])('%j is no address', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });
});

test('two spellings of an address have the same key, but local parts are exact', () => {
  expect(addressKey('alice@BÜCHER.example')).toBe(addressKey('"alice"@xn--bcher-kva.example'));
  expect(addressKey('Alice@example.com')).not.toBe(addressKey('alice@example.com'));
});

describe('parseAddressList', () => {
  const read = (...values: string[]) => parseAddressList(values.map((value) => Buffer.from(value).toString('latin1')));
  const addresses = (...values: string[]) => {
    const { mailboxes, invalid } = read(...values);
    return [...mailboxes.map(({ address }) => address), ...invalid.map((text) => `invalid: ${text}`)];
  };

  test('reads names, quoted names, comments and bare addresses', () => {
    expect(read('Bob <bob@example.net>, "Last, First" <c@example.org>, d@example.com (Dora), <e@example.com>')).toEqual({
      mailboxes: [
        { name: 'Bob', address: 'bob@example.net' },
        { name: 'Last, First', address: 'c@example.org' },
        { name: 'Dora', address: 'd@example.com' },
        { name: '', address: 'e@example.com' },
      ],
      invalid: [],
    });
  });

  test('decodes RFC 2047 and raw UTF-8 names', () => {
    expect(read('=?iso-8859-1?Q?J=FCrgen?= <j@example.com>', 'Jörg <g@example.com>').mailboxes.map(({ name }) => name)).toEqual([
      'Jürgen',
      'Jörg',
    ]);
  });

  test('reads names in an old 8-bit charset', () => {
    const expected: Mailbox[] = [{ name: 'Jürgen', address: 'j@example.com' }];
    expect(parseAddressList(['J\xfcrgen <j@example.com>']).mailboxes).toEqual(expected);
  });

  test('flattens groups, also empty ones', () => {
    expect(addresses('Friends: a@example.com, B <b@example.com>;, c@example.com', 'undisclosed-recipients:;')).toEqual([
      'a@example.com',
      'b@example.com',
      'c@example.com',
    ]);
  });

  test('reads folded values, empty elements and semicolons between addresses', () => {
    expect(addresses('a@example.com,\r\n b@example.com,, c@example.com; d@example.com,')).toEqual([
      'a@example.com',
      'b@example.com',
      'c@example.com',
      'd@example.com',
    ]);
  });

  test('reads comments and blanks around the parts of an address', () => {
    expect(addresses('(to) alice (her) @ (at) example.com (home (nested, x@example.org) )')).toEqual(['alice@example.com']);
  });

  test('reads quoted local parts and domain literals', () => {
    expect(addresses('"a,b"@example.com, <"c"@example.com>, d@[192.0.2.1]')).toEqual([
      '"a,b"@example.com',
      'c@example.com',
      'd@[192.0.2.1]',
    ]);
  });

  test('normalises IDN domains and keeps SMTPUTF8 local parts', () => {
    expect(addresses('Jürgen <jürgen@Bücher.example>')).toEqual(['jürgen@xn--bcher-kva.example']);
  });

  test('takes an address repeated as its own name, with or without quotes', () => {
    expect(addresses('a@example.com <A@example.com>, "x@example.org" <b@example.com>')).toEqual([
      'b@example.com',
      'invalid: a@example.com <A@example.com>',
    ]);
    expect(addresses("a@example.com <a@example.com>, 'b@example.com' <b@EXAMPLE.com>")).toEqual(['a@example.com', 'b@example.com']);
  });

  test('tolerates a bracketed word and an encoded word with a comma in a name', () => {
    expect(addresses('[Team] Alice <a@example.com>, =?utf-8?Q?Doe,_John?= <j@example.com>')).toEqual(['a@example.com', 'j@example.com']);
  });

  test('a name that decodes to addresses remains a name', () => {
    expect(read('=?utf-8?Q?x=40example=2Eorg=2C_y=40example=2Eorg?= <a@example.com>')).toEqual({
      mailboxes: [{ name: 'x@example.org, y@example.org', address: 'a@example.com' }],
      invalid: [],
    });
  });

  test('one invalid element does not hide the valid ones', () => {
    expect(addresses('a@example.com, b, c@example.com')).toEqual(['a@example.com', 'c@example.com', 'invalid: b']);
  });

  test('an empty value is an empty list', () => {
    expect(read('', ' ')).toEqual({ mailboxes: [], invalid: [] });
  });
});
