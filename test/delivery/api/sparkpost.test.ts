import { afterEach, describe, expect, it } from 'vitest';
import { SparkpostDelivery, type SparkpostOptions } from '../../../src/delivery/api/sparkpost.js';
import type { Copy } from '../../../src/delivery/delivery.js';
import { octetsOf } from '../../../src/message/octets.js';
import { copyTo, usual } from '../servers.js';
import { rejectionOf } from '../thrown.js';
import { apiError, type SparkpostStub, startSparkpost } from './sparkpost-stub.js';

const open: SparkpostDelivery[] = [];
afterEach(async () => {
  for (const delivery of open.splice(0)) await delivery.close();
});

function deliveryTo(host: string, options: Partial<SparkpostOptions> = {}): SparkpostDelivery {
  const delivery = new SparkpostDelivery({ host, apiKey: 'test-api-key', ...options });
  open.push(delivery);
  return delivery;
}

const offer = (stub: SparkpostStub, copy: Partial<Copy> = {}) => deliveryTo(stub.host).send({ ...copyTo('bob@example.net'), ...copy });
const withHeader = (line: string) => octetsOf(Buffer.from(`From: alice@example.com\r\nTo: a@example.net\r\n${line}\r\n\r\nHello\r\n`));

describe('delivery by the SparkPost API', () => {
  it('hands the message in octet by octet, with everything off that would touch it, and the id in the metadata', async () => {
    const stub = await startSparkpost();
    const copy = copyTo('bob@example.net', 'carol@example.org');
    const { recipients, acceptance } = await deliveryTo(stub.host).send(copy);
    expect(recipients.map(({ address, status, code }) => [address, status, code])).toEqual([
      ['bob@example.net', 'accepted', '200'],
      ['carol@example.org', 'accepted', '200'],
    ]);
    expect(acceptance).toBe('known');
    expect(recipients[0]?.text).toContain('11668787484950529');
    expect(stub.taken).toMatchObject([
      {
        options: {
          open_tracking: false,
          click_tracking: false,
          initial_open: false,
          transactional: true,
          perform_substitutions: false,
          inline_css: false,
        },
        metadata: { sealdrop_id: 'id-1' },
        returnPath: 'alice@example.com',
        recipients: ['bob@example.net', 'carol@example.org'],
        message: usual.toString(),
      },
    ]);
    expect(stub.taken[0]?.headers).not.toHaveProperty('x-msys-subaccount');
  });

  it('sends for a subaccount', async () => {
    const stub = await startSparkpost();
    await deliveryTo(stub.host, { subaccount: 123 }).send(copyTo('bob@example.net'));
    expect(stub.taken[0]?.headers['x-msys-subaccount']).toBe('123');
  });

  it('keeps quotes, backslashes, tabs and a large body as they are', async () => {
    const stub = await startSparkpost();
    const message = Buffer.from(`From: alice@example.com\r\nX: "a\\b"\tc\r\n\r\n${'\\"{{x}}\t<&>\r\n'.repeat(200_000)}`);
    await offer(stub, { message: octetsOf(message) });
    expect(Buffer.from(stub.taken[0]?.message ?? '').equals(message)).toBe(true);
  });

  it('keeps to its number of connections, and uses them again', async () => {
    const stub = await startSparkpost();
    const delivery = deliveryTo(stub.host, { connections: 2 });
    await Promise.all(Array.from({ length: 12 }, () => delivery.send(copyTo('bob@example.net'))));
    expect(stub.taken).toHaveLength(12);
    expect(stub.asked.connections).toBeLessThanOrEqual(2);
  });
});

describe('what the SparkPost API answers', () => {
  const answers = async (status: number, body: unknown, headers?: Record<string, string>) => {
    const stub = await startSparkpost({ answer: () => ({ status, body, ...(headers === undefined ? {} : { headers }) }) });
    return deliveryTo(stub.host).send(copyTo('bob@example.net', 'carol@example.org'));
  };
  const partial = (rejected: number, ...rcptErrors: unknown[]) => ({
    errors: [{ message: 'transmission created, but with validation errors', code: '2000' }],
    results: { rcpt_to_errors: rcptErrors, total_rejected_recipients: rejected, total_accepted_recipients: 2 - rejected, id: '1' },
  });

  it.each([
    [400, apiError('7001', 'Invalid domain', 'Unconfigured or unverified sending domain.'), 'refused', '7001 Invalid domain: Unconfigured'],
    [400, apiError('1502', 'Server resources unavailable'), 'deferred', '1502'],
    [400, apiError('1902', 'Message generation rejected'), 'refused', '1902'],
    [413, 'Request Entity Too Large', 'refused', 'Request Entity Too Large'],
    [422, apiError('1300', 'invalid data format/type/length'), 'refused', '1300'],
    [408, '', 'deferred', ''],
    [500, apiError('1500', 'Failed to update database'), 'deferred', '1500'],
    [504, '<html><head><title>504 Gateway Time-out</title></head></html>', 'deferred', 'may have been taken'],
    [400, '<html>The plain HTTP request was sent to HTTPS port</html>', 'deferred', 'plain HTTP request'],
    [409, '', 'deferred', ''],
    [415, apiError('1700', 'Unsupported Content-Type header'), 'deferred', '1700'],
    [431, '', 'deferred', ''],
  ])('%i with %j: every recipient is %s', async (status, body, expected, words) => {
    const { recipients } = await answers(status, body);
    expect(recipients.map((recipient) => recipient.status)).toEqual([expected, expected]);
    expect(recipients[0]?.text).toContain(words);
  });

  it.each([
    [401, { errors: [{ message: 'Unauthorized.' }] }, 'sparkpost-auth-failed'],
    [403, apiError('1100', 'permission denied'), 'sparkpost-auth-failed'],
    [302, '', 'sparkpost-unavailable'],
    [404, '<html>nothing here</html>', 'sparkpost-unavailable'],
    [407, '<html>Proxy Authentication Required</html>', 'sparkpost-unavailable'],
    [410, '', 'sparkpost-unavailable'],
    [420, apiError('2101', 'Exceed Sending Limit (hourly)'), 'sparkpost-quota'],
    [429, { errors: [{ message: 'Too many requests' }] }, 'sparkpost-busy'],
    [502, 'Bad Gateway', 'sparkpost-unavailable'],
    [503, apiError('1900', 'Message generation module not available'), 'sparkpost-unavailable'],
  ])('%i with %j: no recipient is concerned, mail waits (%s)', async (status, body, _code) => {
    const error = await rejectionOf(answers(status, body));
    expect(error).toMatchObject({ code: _code, disposition: 'wait' });
  });

  it('tells how long to wait: five minutes at a limit, or as long as the API says', async () => {
    expect(await rejectionOf(answers(420, apiError('2101', 'Exceed Sending Limit (hourly)')))).toMatchObject({ retryAfterMs: 300_000 });
    expect(await rejectionOf(answers(429, '', { 'retry-after': '7' }))).toMatchObject({ retryAfterMs: 7000 });
  });

  it.each(['9999999', 'Fri, 31 Dec 9999 23:59:59 GMT'])('waits no longer than an hour, whatever it says (%s)', async (value) => {
    const error = await rejectionOf(answers(503, '', { 'retry-after': value }));
    expect(error.retryAfterMs).toBeLessThanOrEqual(3_600_000);
  });

  it.each([
    { total_rejected_recipients: 0, total_accepted_recipients: 0, id: '1' },
    { total_rejected_recipients: 0, total_accepted_recipients: 1, id: '1' },
    { total_rejected_recipients: -1, total_accepted_recipients: 3, id: '1' },
    { total_rejected_recipients: 'none', total_accepted_recipients: 2, id: '1' },
  ])('200 with counts that are not those of the recipients: a person has to look (%j)', async (results) => {
    const { recipients, acceptance } = await answers(200, { results });
    expect(recipients.map(({ status, code }) => [status, code])).toEqual([
      ['refused', 'refusals-not-named'],
      ['refused', 'refusals-not-named'],
    ]);
    expect(acceptance).toBe('unknown');
  });

  it('believes a status whose words have no end, but no 200', async () => {
    const endless = 'x'.repeat(5_000_000);
    expect(await rejectionOf(answers(401, endless))).toMatchObject({ code: 'sparkpost-auth-failed' });
    expect((await answers(413, endless)).recipients[0]).toMatchObject({ status: 'refused', code: '413' });
    expect((await answers(200, endless)).recipients[0]).toMatchObject({ status: 'deferred', code: 'acceptance-unknown' });
  });

  it('200 without counts: the message may have been taken', async () => {
    const { recipients, acceptance } = await answers(200, { results: {} });
    expect(recipients[0]).toMatchObject({ status: 'deferred', code: 'acceptance-unknown' });
    expect(acceptance).toBe('unknown');
  });

  it('200 with errors: the recipients it names are refused, the others accepted', async () => {
    const { recipients, acceptance } = await answers(
      200,
      partial(1, { message: 'invalid data', description: 'carol@example.org is suppressed', code: '1300' }),
    );
    expect(recipients.map(({ status }) => status)).toEqual(['accepted', 'refused']);
    expect(recipients[1]?.text).toBe('1300 invalid data: carol@example.org is suppressed');
    expect(acceptance).toBe('known');
  });

  it('200 with errors that do not say whom: a person has to look, and nobody is sent it twice', async () => {
    const missing = { message: 'required field is missing', description: 'address.email is required for each recipient', code: '1400' };
    const { recipients, acceptance } = await answers(200, partial(1, missing));
    expect(recipients.map(({ status, code }) => [status, code])).toEqual([
      ['refused', 'refusals-not-named'],
      ['refused', 'refusals-not-named'],
    ]);
    expect(recipients[0]?.text).toContain('1 of 2 recipients were refused');
    expect(acceptance).toBe('unknown');
    expect((await answers(200, partial(2, missing))).recipients.map(({ status, code }) => [status, code])).toEqual([
      ['refused', '200'],
      ['refused', '200'],
    ]);
  });

  it('does not take one address for another that contains it', async () => {
    const stub = await startSparkpost({
      answer: () => ({ status: 200, body: partial(1, { message: 'bad', description: 'big.bob@example.net.au', code: '1300' }) }),
    });
    const { recipients } = await deliveryTo(stub.host).send(copyTo('bob@example.net', 'big.bob@example.net.au'));
    expect(recipients.map(({ status }) => status)).toEqual(['accepted', 'refused']);
  });

  it('200 that is no answer of the API: the message may have been taken', async () => {
    const { recipients, acceptance } = await answers(200, '<html>Sign in to this network</html>');
    expect(recipients[0]).toMatchObject({ status: 'deferred', code: 'acceptance-unknown' });
    expect(acceptance).toBe('unknown');
  });

  it('nothing, after all was sent: the message may have been taken', async () => {
    for (const answer of ['drop', 'silence'] as const) {
      const stub = await startSparkpost({ answer: () => answer });
      const { recipients, acceptance } = await deliveryTo(stub.host, { answerMs: 1000 }).send(copyTo('bob@example.net'));
      expect(recipients[0]).toMatchObject({ status: 'deferred', code: 'acceptance-unknown' });
      expect(acceptance).toBe('unknown');
    }
  });

  it('nothing, for nobody is there: mail waits', async () => {
    const error = await rejectionOf(deliveryTo('http://127.0.0.1:1').send(copyTo('bob@example.net')));
    expect(error).toMatchObject({ code: 'sparkpost-unavailable', disposition: 'wait' });
    expect(error.message).toContain('ECONNREFUSED');
  });

  it('never tells the API key, even if the API repeats it', async () => {
    const stub = await startSparkpost({ answer: () => ({ status: 403, body: apiError('1100', 'key test-api-key is not valid') }) });
    const error = await rejectionOf(deliveryTo(stub.host).send(copyTo('bob@example.net')));
    expect(error.message).toContain('key ******** is not valid');
    expect(`${error.message}${error.cure}${error.stack}`).not.toContain('test-api-key');
  });

  it.each([
    ['<p>', 295],
    ['{', 995],
  ])('tells no part of it either, where long words are cut (%s)', async (begin, length) => {
    const words = `${begin}${'x'.repeat(length)}test-api-key`;
    const stub = await startSparkpost({ answer: () => ({ status: 403, body: begin === '{' ? apiError('', words) : words }) });
    expect((await rejectionOf(deliveryTo(stub.host).send(copyTo('bob@example.net')))).message).not.toContain('test');
  });

  it('does not tell it as the name of a transmission', async () => {
    const results = { total_rejected_recipients: 0, total_accepted_recipients: 1, id: 'test-api-key' };
    const stub = await startSparkpost({ answer: () => ({ status: 200, body: { results } }) });
    const { recipients } = await deliveryTo(stub.host).send(copyTo('bob@example.net'));
    expect(recipients).toMatchObject([{ status: 'accepted', text: 'taken as ********' }]);
  });
});

describe('what the SparkPost API is not asked', () => {
  it.each<[string, Partial<Copy>]>([
    ['null-sender-needs-smtp', { sender: '' }],
    ['smtputf8-needs-smtp', { recipients: ['jürgen@example.net'] }],
    ['smtputf8-needs-smtp', { message: withHeader('Subject: jürgen') }],
    ['bad-envelope-value', { recipients: ['a@example.net\r\nx'] }],
    ['message-not-canonical', { message: octetsOf(Buffer.from('From: a@example.com\n\nbare\n')) }],
    ['braces-in-header', { message: withHeader('Message-ID: <{{id}}@example.com>') }],
    ['braces-in-header', { message: withHeader('Subject: a\r\n {{b}}') }],
    ['larger-than-way-takes', { message: octetsOf(Buffer.alloc(20_000_001, 'a\r\n')) }],
  ])('%s', async (code, copy) => {
    const stub = await startSparkpost();
    expect(await rejectionOf(offer(stub, copy))).toMatchObject({ code, disposition: 'quarantine' });
    expect(stub.asked.count).toBe(0);
  });
});
