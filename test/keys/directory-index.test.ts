import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDirectoryIndex } from '../../src/keys/directory-index.js';
import { addressKey, parseAddress } from '../../src/message/address.js';
import { emptyDirectory, put } from './support.js';

function indexOf(...names: string[]): { index: ReturnType<typeof readDirectoryIndex>; directory: string } {
  const directory = emptyDirectory();
  for (const name of names) put(directory, name, '');
  return { index: readDirectoryIndex(directory), directory };
}

describe('a file name', () => {
  it('is the address, the local part exactly and the domain in any case', () => {
    const { index } = indexOf('Alice@EXAMPLE.com.crt', 'alice@example.com.crt');
    expect(index.addresses()).toEqual(['Alice@example.com', 'alice@example.com']);
  });

  it.each([
    ['a.b+c@example.com.p12', 'a.b+c@example.com'],
    ['alice@bücher.example.crt', 'alice@xn--bcher-kva.example'],
    ['alice@XN--BCHER-KVA.example.crt', 'alice@xn--bcher-kva.example'],
    ['jürgen@example.com.PEM', 'jürgen@example.com'],
    ['"a@b"@example.com.pfx', '"a@b"@example.com'],
    ['"alice"@example.com.cer', 'alice@example.com'],
    ['root@localhost.crt', 'root@localhost'],
  ])('%s stands for %s', (name, address) => {
    expect(indexOf(name).index.addresses()).toEqual([address]);
  });

  it.each([
    'ca.crt',
    'alice@example.com',
    'alice@example.com.txt',
    'a b@example.com.crt',
    '@example.com.crt',
    'x@y@example.com.crt',
    'alice@example.com.pass',
    'alice@example.com.capabilities.json',
    'alice@example.com.json',
  ])('%s is of no use, and told as such', (name) => {
    const { index } = indexOf(name);
    expect(index.addresses()).toEqual([]);
    expect(index.unused).toEqual([name]);
  });

  it('that starts with a dot is passed over: editors and copying programs leave such files', () => {
    const { index } = indexOf('.alice@example.com.crt.swp', '.alice@example.com.crt');
    expect([index.addresses(), index.unused]).toEqual([[], []]);
  });

  it('read the short way is read as the address parser reads it', () => {
    const local = fc.stringMatching(/^[A-Za-z0-9._+=!#&'*~-]{1,12}$/);
    const domain = fc.stringMatching(/^[A-Za-z0-9.-]{1,20}$/);
    fc.assert(
      fc.property(local, domain, (localPart, domainPart) => {
        fc.pre(!localPart.startsWith('.'));
        const text = `${localPart}@${domainPart}`;
        const parsed = parseAddress(text);
        expect(indexOf(`${text}.crt`).index.addresses()).toEqual(parsed === undefined ? [] : [addressKey(parsed)]);
      }),
      { numRuns: 150 },
    );
  });
});

describe('several files of one address', () => {
  it('are ordered p12, pfx, pem and crt, cer, the others ignored', () => {
    const endings = ['cer', 'crt', 'pass', 'capabilities.json', 'pem', 'pfx', 'p12'];
    const { index, directory } = indexOf(...endings.map((ending) => `alice@example.com.${ending}`));
    const path = (ending: string): string => `${directory}/alice@example.com.${ending}`;
    expect(index.filesOf('alice@example.com')).toEqual({
      address: 'alice@example.com',
      keyFile: path('p12'),
      certificateFile: path('crt'),
      passFile: path('pass'),
      capabilitiesFile: path('capabilities.json'),
      stem: `${directory}/alice@example.com`,
      ignored: [path('pfx'), path('pem'), path('cer')],
    });
  });

  it('in two spellings of the domain are ordered with the normal spelling first', () => {
    const { index, directory } = indexOf('alice@EXAMPLE.com.p12', 'alice@example.com.p12', 'alice@Example.com.p12');
    const files = index.filesOf('alice@example.com');
    expect(files?.keyFile).toBe(`${directory}/alice@example.com.p12`);
    expect(files?.ignored).toEqual([`${directory}/alice@EXAMPLE.com.p12`, `${directory}/alice@Example.com.p12`]);
  });
});

it('names that differ in case alone are found for an error', () => {
  const { index } = indexOf('Alice@example.com.crt', 'ALICE@example.com.p12', 'bob@example.com.crt');
  expect([...index.namesInOtherCase('alice@example.com')].sort()).toEqual(['ALICE@example.com.p12', 'Alice@example.com.crt']);
});
