import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sealdrop } from '../kit/daemon.js';
import { makeTemp, removeTemp } from '../kit/temp.js';
import { succeeded, write } from './people.js';

const mixed = `From: steve@example.com
To: bob@example.net
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/alternative; boundary=a

--a

text
--a
Content-Type: text/html

<p>text
--a--
--m
Content-Type: application/pdf; name=a.pdf

pdf
--m--
`.replaceAll('\n', '\r\n');

let directory: string;
beforeEach(() => {
  directory = makeTemp('show');
});
afterEach(() => removeTemp(directory));

describe('show', () => {
  it('draws the parts of a message as a tree', async () => {
    const { stdout } = succeeded(await sealdrop(['show', write(directory, 'mixed.eml', mixed)]));
    expect(stdout.split('\n').map((line) => /^[^a-z]*/.exec(line)?.[0])).toEqual([
      '1 ',
      '├─ 1.1 ',
      '│  ├─ 1.1.1 ',
      '│  └─ 1.1.2 ',
      '└─ 1.2 ',
      '',
    ]);
    expect(stdout).toContain('"a.pdf"');
  });

  it('gives the same tree as JSON', async () => {
    const { stdout } = succeeded(await sealdrop(['show', '-', '--json'], { input: mixed }));
    const tree = JSON.parse(stdout) as { label: string; parts: { label: string; parts: { label: string }[] }[] };
    expect(tree.label).toMatch(/^1 multipart\/mixed/);
    expect(tree.parts.map(({ label }) => label.split(',')[0])).toEqual(['1.1 multipart/alternative', '1.2 application/pdf']);
    expect(tree.parts[0]?.parts).toHaveLength(2);
  });

  it('exits 74 for a file that is not there', async () => {
    expect((await sealdrop(['show', `${directory}/none.eml`])).status).toBe(74);
  });
});
