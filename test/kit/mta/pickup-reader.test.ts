import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startSink } from '../../delivery/servers.js';
import { makeTemp, removeTemp } from '../temp.js';
import { waitFor } from '../wait-for.js';
import { PickupRefusal } from './pickup-mail.js';
import { PickupMta, type PickupReaderOptions } from './pickup-reader.js';
import { sendOnTo } from './send-on.js';

let directory: string;
let mta: PickupMta | undefined;
beforeEach(() => {
  directory = makeTemp('pickup-mta');
  for (const name of ['pickup', 'bad']) mkdirSync(join(directory, name));
});
afterEach(async () => {
  await mta?.stop();
  removeTemp(directory);
});

const head = 'x-sender: a@example.com\r\nx-receiver: b@example.net\r\nx-envid: 1\r\n';
const mail = 'From: a@example.com\r\nTo: b@example.net\r\n\r\n..text\r\n';
const put = (name: string, text: string) => writeFileSync(join(directory, 'pickup', name), text);
const start = (options: Partial<PickupReaderOptions> = {}) => {
  mta = new PickupMta({ pickup: join(directory, 'pickup'), bad: join(directory, 'bad'), everyMs: 2, ...options });
  return mta;
};
const waitingFiles = () => readdirSync(join(directory, 'pickup'));
const badFiles = () => readdirSync(join(directory, 'bad'));

describe('the stand-in for PowerMTA', () => {
  test('takes a file, dot-files too, without the lines that were for it, and removes it', async () => {
    put('.one.tmp', `${head}X-Job: j\r\n${mail}`);
    const { taken } = start();
    await waitFor('the file to be taken', () => taken.length === 1);
    expect(taken[0]).toMatchObject({ sender: 'a@example.com', receivers: ['b@example.net'], envid: '1', job: 'j' });
    expect(taken[0]?.message.toString()).toBe(mail);
    expect([...waitingFiles(), ...badFiles()]).toEqual([]);
  });

  test('removes a doubled leading dot when told to', async () => {
    put('one.eml', `${head}${mail}`);
    const { taken } = start({ removeDot: true });
    await waitFor('the file to be taken', () => taken.length === 1);
    expect(taken[0]?.message.toString()).toBe(mail.replace('..', '.'));
  });

  test.each([
    ['without x-sender in front', `${mail}`],
    ['with angle brackets', head.replace('b@example.net', '<b@example.net>') + mail],
    ['without a recipient', `x-sender: a@example.com\r\n${mail}`],
    ['that begins like batch SMTP', `MAIL FROM:<a@example.com>\r\n${mail}`],
    ['with two jobs', `${head}x-job: one\r\nx-job: two\r\n${mail}`],
  ])('moves a file %s to the bad directory as it is', async (_which, text) => {
    put('one.eml', text);
    const { refused } = start({ badName: (name) => `${name}.bad` });
    await waitFor('the refusal', () => refused.size === 1);
    expect(badFiles()).toEqual(['one.eml.bad']);
    expect(readFileSync(join(directory, 'bad', 'one.eml.bad'), 'utf8')).toBe(text);
    expect(waitingFiles()).toEqual([]);
  });

  test('reads control lines of the message itself: a recipient smuggled in is served, an override wins', async () => {
    put('one.eml', `${head}From: a@example.com\r\nX-Receiver:\r\n c@example.org\r\nx-sender-override: evil@example.org\r\n\r\ntext\r\n`);
    const { taken } = start();
    await waitFor('the file to be taken', () => taken.length === 1);
    expect(taken[0]).toMatchObject({ sender: 'evil@example.org', receivers: ['b@example.net', 'c@example.org'] });
  });

  test('leaves a file in place while it cannot be taken, and moves one that is refused for good', async () => {
    put('later.eml', `${head}${mail}`);
    put('never.eml', `${head}${mail}`);
    let busy = true;
    const { taken, refused } = start({
      take: ({ name }) => {
        if (name === 'never.eml') throw new PickupRefusal('suppressed recipient');
        return busy ? 'later' : undefined;
      },
    });
    await waitFor('the refusal', () => refused.get('never.eml') === 'suppressed recipient');
    expect(waitingFiles()).toEqual(['later.eml']);
    busy = false;
    await waitFor('the file to be taken', () => taken.length === 1);
    expect(badFiles()).toEqual(['never.eml']);
  });

  test('hands on by SMTP: what the server refuses for good goes to the bad directory, what it defers waits', async () => {
    const answers: Record<string, number> = { 'refused@example.net': 550, 'later@example.net': 450 };
    const { port, received } = await startSink({
      onRcptTo({ address }, _session, callback) {
        const code = answers[address];
        callback(code === undefined ? null : Object.assign(new Error('no'), { responseCode: code }));
      },
    });
    for (const to of ['b', 'refused', 'later']) put(`${to}.eml`, `${head.replace('b@', `${to}@`)}${mail}`);
    const { taken, refused } = start({ take: sendOnTo(port) });
    await waitFor('both', () => taken.length === 1 && refused.size === 1);
    expect(received.map(({ from, to, message }) => [from, to, message.toString()])).toEqual([['a@example.com', ['b@example.net'], mail]]);
    expect([waitingFiles(), badFiles()]).toEqual([['later.eml'], ['refused.eml']]);
  });
});
