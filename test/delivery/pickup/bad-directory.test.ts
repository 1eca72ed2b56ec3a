import { mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BadDirectory, maxFound } from '../../../src/delivery/pickup/bad-directory.js';
import { newMessageId } from '../../../src/message-id.js';
import { makeTemp, removeTemp } from '../../kit/temp.js';
import { waitFor } from '../../kit/wait-for.js';

let directory: string;
beforeEach(() => {
  directory = makeTemp('bad');
});
afterEach(() => removeTemp(directory));

const put = (name: string) => writeFileSync(join(directory, name), 'x');
const ours = () => `${newMessageId(Date.now())}-1.eml`;

describe('the bad directory', () => {
  test('shows files of ours, by id and number, and nobody else’s', async () => {
    const name = ours();
    put(`${name}.bad`);
    put('other.eml');
    mkdirSync(join(directory, ours()));
    expect(await new BadDirectory(directory).look()).toMatchObject([{ name: `${name}.bad`, id: name.slice(0, 36), number: 1 }]);
  });

  test('shows a file that was passed over no more, but another one of its name', async () => {
    const bad = new BadDirectory(directory);
    const name = ours();
    put(name);
    const [found] = (await bad.look()) ?? [];
    if (found === undefined) throw new Error('nothing was found');
    bad.pass(found);
    expect(await again(bad)).toEqual([]);
    writeFileSync(join(directory, 'new'), 'another');
    renameSync(join(directory, 'new'), join(directory, name));
    expect(await again(bad)).toMatchObject([{ name }]);
  });

  test('shows so many at a time, and the others when these are gone', async () => {
    for (let n = 0; n < maxFound + 5; n++) put(ours());
    const bad = new BadDirectory(directory);
    expect(await bad.look()).toHaveLength(maxFound);
  });

  test('full of a hundred thousand other files is listed once: a look at it costs next to nothing until something changes', async () => {
    for (let n = 0; n < 100_000; n++) put(`other-${n}`);
    const past = new Date(Date.now() - 60_000);
    utimesSync(directory, past, past);
    await new Promise((resolve) => setTimeout(resolve, 2100));
    const bad = new BadDirectory(directory);
    expect(await bad.look()).toEqual([]);
    const started = process.cpuUsage();
    for (let n = 0; n < 1000; n++) expect(await bad.look()).toEqual([]);
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(500);
    const name = ours();
    put(name);
    expect(await again(bad)).toMatchObject([{ name }]);
  });

  test('that is not there is waited for', async () => {
    removeTemp(directory);
    await expect(new BadDirectory(directory).look()).rejects.toMatchObject({ code: 'directory-missing', disposition: 'wait' });
  });
});

/** The next listing: a look may be refused for a while, since listing takes its time. */
function again(bad: BadDirectory) {
  return waitFor('a listing', () => bad.look());
}
