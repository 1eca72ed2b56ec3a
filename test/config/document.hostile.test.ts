import { describe, expect, it } from 'vitest';
import { checkConfig, loadConfig } from '../../src/config/load.js';
import { errorOf, PICKUP, temporaryFile } from './write.js';

function faultsIn(content: string | Buffer): string[] {
  const checked = checkConfig(Buffer.from(content), '/etc/sealdrop/sealdrop.yaml', {});
  return 'config' in checked ? [] : checked.faults.map((fault) => `${fault.line}: ${fault.key}: ${fault.text}`);
}

/** As `faultsIn`; fails when the reader takes longer than a person would wait. */
function faultsSoon(content: string | Buffer): string[] {
  const started = performance.now();
  const faults = faultsIn(content);
  expect(performance.now() - started).toBeLessThan(10_000);
  return faults;
}

describe('a hostile configuration file', () => {
  it('cannot make the reader expand aliases', () => {
    const levels = Array.from(
      { length: 30 },
      (_, level) =>
        `a${level}: &a${level} [${Array(9)
          .fill(level === 0 ? 'x' : `*a${level - 1}`)
          .join(', ')}]`,
    );
    const faults = faultsSoon(`${levels.join('\n')}\n`);
    expect(faults).toContain(
      '1: a0: YAML anchors (&) and aliases (*) are not used here; write the value out, or put it in quotes if it begins so',
    );
  });

  it('cannot refer to itself', () => {
    expect(faultsSoon(`${PICKUP}rules: &r [*r]\n`)[0]).toMatch(/^6: rules: YAML anchors/);
  });

  it('cannot bring in types by tags', () => {
    expect(faultsIn(`${PICKUP}spool: !!js/function "x"\n`)).toEqual([
      '6: YAML: YAML tags (!) are not used here; leave the tag out, or put the value in quotes if it begins so',
    ]);
    expect(faultsIn(`${PICKUP}spool: !!binary aGFsbG8=\n`)[0]).toMatch(/^6: spool: YAML tags/);
    expect(faultsIn(`${PICKUP}senders: !!set { "*@a.example" }\n`)[0]).toMatch(/^6: senders: YAML tags/);
  });

  it('cannot reach the prototype of an object', () => {
    expect(faultsIn(`${PICKUP}__proto__: { allowVolatile: true }\n`)).toEqual(['6: __proto__: this cannot be a key; remove it']);
    expect(faultsIn(`${PICKUP}senders:\n  __proto__: [root]\n`)).toEqual(['7: senders.__proto__: this cannot be a key; remove it']);
    expect(faultsIn(`${PICKUP}constructor: x\n`)).toEqual([expect.stringMatching(/^6: constructor: unknown key/)]);
  });

  it('is refused when it is too large', () => {
    expect(faultsSoon(`${PICKUP}# ${'x'.repeat(1024 * 1024)}\n`)).toEqual([
      '1: YAML: the file is larger than 1 MiB; is it the right file?',
    ]);
  });

  it('is refused when it is nested too deeply, in flow style', () => {
    expect(faultsSoon(`${PICKUP}\nrules: ${'['.repeat(500_000)}`)).toEqual([
      '7: YAML: the file is nested too deeply; is it the right file?',
    ]);
    expect(faultsSoon(`a: ${'{ a: '.repeat(20_000)}`)).toEqual(['1: YAML: the file is nested too deeply; is it the right file?']);
  });

  it('is refused when it is nested too deeply, in block style', () => {
    expect(faultsSoon(`${PICKUP}${'- '.repeat(200_000)}x\n`)).toEqual(['6: YAML: the file is nested too deeply; is it the right file?']);
    const steps = Array.from({ length: 1000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n');
    expect(faultsSoon(steps)).toEqual([expect.stringMatching(/^401: YAML: the file is nested too deeply/)]);
  });

  it('with very many keys is answered soon, and its faults are not all shown', () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `k${index}: 1\n`).join('');
    expect(faultsSoon(keys)).toHaveLength(20_001);
    const message = errorOf(() => loadConfig(temporaryFile('c.yaml', keys), {})).message.split('\n');
    expect(message).toHaveLength(51);
    expect(message.at(-1)).toBe('… and 19951 more');
  });

  it('with one key very many times is answered soon', () => {
    expect(faultsSoon(`${PICKUP}${'workers: 1\n'.repeat(20_000)}`)).toHaveLength(19_999);
  });

  it('is refused at its first control character', () => {
    expect(faultsIn(`${PICKUP}spool: "/a\u{0}b"\n`)).toEqual(['6: YAML: a control character stands here; is it the right file?']);
    expect(faultsIn(`${PICKUP}spool: /a\u{1b}[31mb\n`)).toEqual(['6: YAML: a control character stands here; is it the right file?']);
  });

  it('cannot smuggle control characters into a path by an escape', () => {
    expect(faultsIn(`${PICKUP}spool: "/a\\nb"\n`)).toEqual(['6: spool: a control character stands in the path; write it without']);
  });

  it('cannot write to the terminal through a fault', () => {
    expect(faultsIn(`${PICKUP}"sp\\e[31mool\\n": x\n`)[0]).not.toMatch(/[\x00-\x1f]/);
    expect(faultsIn(`${PICKUP}protect: { sign: "\\e[31m\\u202e" }\n`)[0]).not.toMatch(/[\x00-\x1f\u{202e}]/u);
  });

  it('is refused where it is not UTF-8', () => {
    const latin1 = Buffer.from(`${PICKUP}# caf\u{e9}\n`, 'latin1');
    expect(faultsIn(latin1)).toEqual(['6: YAML: this is not UTF-8; save the file as UTF-8']);
  });

  it.each([
    ['a tab', 'outbox:\n\tsettleMs: 1\n', '7: YAML: a tab is used to indent; indent with blanks'],
    ['an open quote', 'spool: "/x\n', '7: YAML: a quote, bracket, comma or colon is missing before this; add it'],
    ['a second document', '---\nspool: /x\n', '6: YAML: a second YAML document begins here; remove the line --- and keep one document'],
    ['a map as a key', '? {a: 1}\n: 2\n', '6: YAML: this cannot be a key; put it in quotes if it is a text that begins with a bracket'],
    ['an empty key', '"": 2\n', '6: : this cannot be a key; remove it'],
    [
      'a value that begins with @',
      'spool: @x\n',
      '6: YAML: a value begins with a character that YAML keeps for itself; put the value in quotes',
    ],
    [
      'two keys in one line',
      'spool: a: b\n',
      '6: YAML: there are two keys in one line or a deeper line beneath a value; give each key its line, or put a value that holds ": " in quotes',
    ],
  ])('is told its line for %s', (_, text, expected) => {
    expect(faultsIn(`${PICKUP}${text}`)).toEqual([expected]);
  });

  it('that is a binary file is refused', () => {
    const elf = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0xff, 0xfe, 0x80]);
    expect(faultsIn(elf)).toEqual([expect.stringMatching(/^1: YAML: /)]);
  });
});
