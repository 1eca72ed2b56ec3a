import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { takeApart } from './mail-reader.js';
import { describeWith } from './tools.js';

const directory = new URL('../../samples/', import.meta.url);
const names = readdirSync(directory).filter((name) => name.endsWith('.eml'));
const read = (name: string) => readFileSync(new URL(name, directory));

const EVERYBODY = [
  'steve@example.com',
  'alice@example.com',
  'billing@example.com',
  'bob@example.net',
  'carol@example.org',
  'dave@example.net',
];

test('every sample is described in the README, and nothing else is', () => {
  const described = [...readFileSync(new URL('README.md', directory), 'utf8').matchAll(/^\| `([\w-]+\.eml)` \|/gm)].map(
    (match) => match[1],
  );
  expect(described.sort()).toEqual(names.sort());
});

test('the sizes the README names are the sizes of the files', () => {
  expect(Math.round(read('fancy.eml').length / 1000)).toBe(19);
  expect(Math.round(read('large.eml').length / 1000)).toBe(577);
});

test('line ends are LF where that is the point, CRLF elsewhere', () => {
  for (const name of names) {
    const text = read(name).toString('latin1');
    if (['unix-lines.eml', 'mbox.eml'].includes(name)) expect(text, name).not.toContain('\r');
    else expect(text.replaceAll('\r\n', ''), name).not.toMatch(/[\r\n]/);
  }
});

describeWith(['python3'], 'samples as an independent reader sees them', () => {
  test.each(names)('%s is from and to people of the demo only', async (name) => {
    const { fields } = await takeApart(read(name));
    const addresses = fields
      .filter(([field]) => /^(from|to|cc|bcc|x-receiver)$/i.test(field))
      .flatMap(([, value]) => value.toLowerCase().match(/[\w.]+@[\w.]+/g) ?? []);
    expect(addresses.length).toBeGreaterThan(1);
    expect(EVERYBODY).toEqual(expect.arrayContaining(addresses));
  });

  test('they have the parts the README says', async () => {
    const types = async (name: string) => (await takeApart(read(name))).leaves.map(({ mediaType }) => mediaType);
    expect(await types('fancy.eml')).toEqual(['text/plain', 'text/html', 'image/png', 'image/png']);
    expect(await types('large.eml')).toEqual(['text/plain', 'text/html', 'application/pdf', 'image/png', 'text/csv']);
    expect(await types('forward.eml')).toEqual(['text/plain', 'message/rfc822', 'text/plain', 'text/csv']);
    expect(await types('alternative.eml')).toEqual(['text/plain', 'text/html', 'text/calendar']);
    expect(await types('invoice.eml')).toEqual(['text/plain', 'application/pdf']);
  });
});
