import { chmodSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SendmailDelivery } from '../../../src/delivery/sendmail/sendmail.js';
import { SealdropError } from '../../../src/errors.js';
import { type Octets, octetsOf } from '../../../src/message/octets.js';
import { Postfix } from '../../kit/postfix.js';
import { makeTemp, removeTemp } from '../../kit/temp.js';
import { copyTo, usual } from '../servers.js';
import { rejectionOf } from '../thrown.js';

let directory: string;
beforeEach(() => {
  directory = makeTemp('sendmail');
});
afterEach(() => removeTemp(directory));

/** A program that notes its arguments, a line each, and its input, then does what `script` says. */
function program(script: string): string {
  const path = join(directory, 'sendmail');
  writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "$@" > ${directory}/arguments\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

const takes = (end = 'exit 0') => `cat > ${directory}/input\n${end}`;
const noted = (name: string) => readFileSync(join(directory, name));
const deliveryBy = (path: string, timeoutMs = 20_000) => new SendmailDelivery({ program: path, timeoutMs, directory });

describe('delivery by a sendmail program', () => {
  it('gives the envelope as arguments and the message with local line ends', async () => {
    const copy = copyTo('bob@example.net', 'carol@example.org');
    const message = Buffer.from(`From: a@example.com\r\n\r\n.\r\n..\r\n${'x'.repeat(998)}\r\n`);
    const { recipients, acceptance } = await deliveryBy(program(takes())).send({ ...copy, message: octetsOf(message) });
    expect(noted('arguments').toString()).toBe('-i\n-oep\n-f\nalice@example.com\n--\nbob@example.net\ncarol@example.org\n');
    expect(noted('input').toString()).toBe(message.toString().replaceAll('\r\n', '\n'));
    expect(recipients.map(({ address, status }) => [address, status])).toEqual([
      ['bob@example.net', 'accepted'],
      ['carol@example.org', 'accepted'],
    ]);
    expect(acceptance).toBe('known');
  });

  it('asks no shell what an address means, and takes none for an option', async () => {
    const odd = ["`touch$IFS'x'`@example.net", '$HOME@example.net', '-X/tmp/log@example.net', 'a|b&c@example.net'];
    await deliveryBy(program(takes())).send(copyTo(...odd));
    expect(noted('arguments').toString().split('\n').slice(5, -1)).toEqual(odd);
    const dashed = { ...copyTo('bob@example.net'), sender: '-X/tmp/log@example.com' };
    expect(await rejectionOf(deliveryBy(program(takes())).send(dashed))).toMatchObject({ code: 'bad-envelope-value' });
  });

  it('says the null sender, and 8-bit', async () => {
    const message = Buffer.from('From: a@example.com\r\n\r\nÜ\r\n');
    await deliveryBy(program(takes())).send({ ...copyTo('bob@example.net'), sender: '', message: octetsOf(message) });
    expect(noted('arguments').toString()).toBe('-i\n-oep\n-B8BITMIME\n-f\n<>\n--\nbob@example.net\n');
  });

  it('hands over a large message, and gives nothing of its own environment', async () => {
    const message = Buffer.from(`From: a@example.com\r\n\r\n${'0123456789\r\n'.repeat(400_000)}`);
    process.env.SMTP_PASSWORD = 'not for others';
    try {
      await deliveryBy(program(`env > ${directory}/environment\n${takes()}`)).send({
        ...copyTo('bob@example.net'),
        message: octetsOf(message),
      });
    } finally {
      delete process.env.SMTP_PASSWORD;
    }
    expect(noted('input').equals(Buffer.from(message.toString().replaceAll('\r\n', '\n')))).toBe(true);
    expect(noted('environment').toString()).not.toContain('not for others');
  });

  it.each([
    [65, 'refused'],
    [67, 'refused'],
    [68, 'refused'],
    [69, 'deferred'],
    [70, 'deferred'],
    [71, 'deferred'],
    [74, 'deferred'],
    [75, 'deferred'],
    [1, 'deferred'],
    [2, 'deferred'],
  ])('exit code %i with words: every recipient is %s', async (code, status) => {
    const { recipients } = await deliveryBy(program(takes(`echo "sendmail: fatal: because" >&2\nexit ${code}`))).send(
      copyTo('bob@example.net'),
    );
    expect(recipients).toMatchObject([{ status, code: String(code) }]);
    expect(recipients[0]?.text).toContain('sendmail: fatal: because');
  });

  it.each([64, 77, 78])('exit code %i is about the set-up: mail waits', async (code) => {
    const run = deliveryBy(program(takes(`exit ${code}`))).send(copyTo('bob@example.net'));
    expect(await rejectionOf(run)).toMatchObject({ code: 'sendmail-unavailable', disposition: 'wait' });
  });

  it('mail waits while the program is not there or may not be run', async () => {
    const loop = join(directory, 'loop');
    symlinkSync(loop, loop);
    for (const path of [join(directory, 'none'), directory, join(program(takes()), 'sendmail'), loop]) {
      const error = await rejectionOf(deliveryBy(path).send(copyTo('bob@example.net')));
      expect(error).toMatchObject({ code: 'sendmail-unavailable', disposition: 'wait' });
      expect(error.message).toContain(path);
    }
  });

  it('does not believe a program that ends well without having read', async () => {
    const message = Buffer.from(`From: a@example.com\r\n\r\n${'0123456789\r\n'.repeat(100_000)}`);
    const { recipients } = await deliveryBy(program('exit 0')).send({ ...copyTo('bob@example.net'), message: octetsOf(message) });
    expect(recipients).toMatchObject([{ status: 'deferred', code: 'connection-lost' }]);
  });

  it('ends a program that takes too long, and says that it may have taken the message', async () => {
    const { recipients, acceptance } = await deliveryBy(program(takes('exec sleep 600')), 500).send(copyTo('bob@example.net'));
    expect(recipients).toMatchObject([{ status: 'deferred', code: 'acceptance-unknown' }]);
    expect(acceptance).toBe('unknown');
  });

  it('has the whole message ready before the program begins, so that none takes a part of it for all when sealdrop is killed', async () => {
    const message = Buffer.from(`From: a@example.com\r\n\r\n${'0123456789\r\n'.repeat(400_000)}`);
    const path = program(`stat -L -c %s /dev/stdin > ${directory}/size\n${takes()}`);
    await deliveryBy(path).send({ ...copyTo('bob@example.net'), message: octetsOf(message) });
    expect(Number(noted('size').toString())).toBe(message.toString().replaceAll('\r\n', '\n').length);
    expect(readdirSync(directory).sort()).toEqual(['arguments', 'input', 'sendmail', 'size']);
  });

  it('does not start the program when the message cannot be read to its end', async () => {
    let readings = 0;
    const message: Octets = {
      sizeBytes: usual.length,
      *pieces() {
        yield usual;
        if (++readings > 1) throw new SealdropError('disk-error', 'cannot read', { disposition: 'fatal', cure: 'Look.' });
      },
    };
    const error = await rejectionOf(deliveryBy(program(takes())).send({ ...copyTo('bob@example.net'), message }));
    expect(error.code).toBe('disk-error');
    await setTimeout(300);
    expect(readdirSync(directory)).toEqual(['sendmail']);
  });

  it('more recipients than a program takes as arguments: that message is held, and nothing else', async () => {
    const many = Array.from({ length: 100_000 }, (_, index) => `a-recipient-with-a-rather-long-address-${index}@example.net`);
    const error = await rejectionOf(deliveryBy(program(takes())).send(copyTo(...many)));
    expect(error).toMatchObject({ code: 'larger-than-way-takes', disposition: 'quarantine' });
  });

  it('does not wait for what the program has left running behind it', async () => {
    const started = performance.now();
    const { recipients } = await deliveryBy(program(takes('sleep 20 &\nexit 0'))).send(copyTo('bob@example.net'));
    expect(recipients).toMatchObject([{ status: 'accepted' }]);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe.runIf(process.getuid?.() === 0 && existsSync('/usr/sbin/postfix'))('delivery by Postfix’s sendmail', () => {
  it('arrives octet by octet, dots and long lines included', async () => {
    const postfix = await Postfix.start();
    try {
      const body = `.\r\n..leading\r\nFrom here\r\n${'y'.repeat(990)}\r\nlast \t\r\n`;
      const message = Buffer.from(`From: alice@example.com\r\nTo: b@example.net\r\nSubject: by sendmail\r\n\r\n${body}`);
      const path = join(directory, 'sendmail');
      writeFileSync(path, `#!/bin/sh\nexec /usr/sbin/sendmail -C ${postfix.configuration} "$@"\n`);
      chmodSync(path, 0o755);
      const { recipients } = await deliveryBy(path).send({ ...copyTo('b@example.net'), sender: '', message: octetsOf(message) });
      expect(recipients).toMatchObject([{ status: 'accepted' }]);
      const arrived = await postfix.delivered((one) => one.includes('Subject: by sendmail'));
      expect(arrived.toString().split('\n\n').slice(1).join('\n\n')).toBe(body.replaceAll('\r\n', '\n'));
      expect(arrived.toString()).toMatch(/^Return-Path: <>$/m);
    } finally {
      postfix.stop();
    }
  });
});
