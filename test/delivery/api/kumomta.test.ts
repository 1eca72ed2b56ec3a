import { createServer, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { KumomtaDelivery, type KumomtaOptions } from '../../../src/delivery/api/kumomta.js';
import type { Copy } from '../../../src/delivery/delivery.js';
import { octetsOf } from '../../../src/message/octets.js';
import { copyTo, listen } from '../servers.js';
import { rejectionOf } from '../thrown.js';

interface Injected {
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
}

/** `POST /api/inject/v1` as docs.kumomta.com describes it; refuses members it does not know, as KumoMTA does. */
async function startKumomta(answer?: (body: Injected['body']) => { status: number; body: string }) {
  const injected: Injected[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Injected['body'];
    const unknown = Object.keys(body).find((key) => !['envelope_sender', 'recipients', 'content', 'template_dialect'].includes(key));
    const recipients = body.recipients as { email: string }[];
    const usual =
      request.url !== '/api/inject/v1' || request.method !== 'POST'
        ? { status: 404, body: '' }
        : unknown !== undefined
          ? { status: 422, body: `Failed to deserialize the JSON body into the target type: unknown field \`${unknown}\`` }
          : { status: 200, body: JSON.stringify({ success_count: recipients.length, fail_count: 0, failed_recipients: [], errors: [] }) };
    const given = answer?.(body) ?? usual;
    if (given.status === 200) injected.push({ headers: request.headers, body });
    response.writeHead(given.status, { 'content-type': 'application/json' }).end(given.body);
  });
  return { url: `http://127.0.0.1:${await listen(server)}`, injected };
}

const open: KumomtaDelivery[] = [];
afterEach(async () => {
  for (const delivery of open.splice(0)) await delivery.close();
});

function deliveryTo(url: string, options: Partial<KumomtaOptions> = {}): KumomtaDelivery {
  const delivery = new KumomtaDelivery({ url, ...options });
  open.push(delivery);
  return delivery;
}

const answered = async (status: number, body: string, copy: Copy = copyTo('bob@example.net', 'carol@example.org')) =>
  deliveryTo((await startKumomta(() => ({ status, body }))).url).send(copy);

describe('delivery by KumoMTA’s HTTP injection', () => {
  it('hands the message in as it is, and says that braces are no template', async () => {
    const kumomta = await startKumomta();
    const message = Buffer.from('From: a@example.com\r\nSubject: {{x}} {% y %}\r\n\r\n"\\ {{z}}\r\n');
    const { recipients } = await deliveryTo(kumomta.url).send({
      ...copyTo('bob@example.net', 'carol@example.org'),
      message: octetsOf(message),
      sender: '',
    });
    expect(recipients.map(({ status }) => status)).toEqual(['accepted', 'accepted']);
    expect(kumomta.injected.map(({ body }) => body)).toEqual([
      {
        envelope_sender: '',
        template_dialect: 'Static',
        recipients: [{ email: 'bob@example.net' }, { email: 'carol@example.org' }],
        content: message.toString(),
      },
    ]);
    expect(kumomta.injected[0]?.headers).not.toHaveProperty('authorization');
  });

  it('logs in, and never tells the password', async () => {
    const kumomta = await startKumomta();
    await deliveryTo(kumomta.url, { user: 'me', password: 'secret word' }).send(copyTo('bob@example.net'));
    const token = Buffer.from('me:secret word').toString('base64');
    expect(kumomta.injected[0]?.headers.authorization).toBe(`Basic ${token}`);
    const { url } = await startKumomta(() => ({ status: 401, body: `no: ${token} secret word` }));
    const error = await rejectionOf(deliveryTo(url, { user: 'me', password: 'secret word' }).send(copyTo('bob@example.net')));
    expect(error).toMatchObject({ code: 'kumomta-auth-failed', disposition: 'wait' });
    expect(error.message).not.toMatch(/secret|bWU6/);
  });

  it('tells the failed recipients from the others', async () => {
    const body = { success_count: 1, fail_count: 1, failed_recipients: ['carol@example.org'], errors: ['carol@example.org: 550 no'] };
    expect((await answered(200, JSON.stringify(body))).recipients).toMatchObject([
      { address: 'bob@example.net', status: 'accepted' },
      { address: 'carol@example.org', status: 'refused', text: 'carol@example.org: 550 no' },
    ]);
    const later = { ...body, errors: ['carol@example.org: the queue is full'] };
    expect((await answered(200, JSON.stringify(later))).recipients[1]).toMatchObject({ status: 'deferred' });
  });

  it('does not take digits of an address for a reply, nor the words about another recipient', async () => {
    const copy = copyTo('box.550@example.net', 'carol@example.org');
    const failed = { success_count: 0, fail_count: 2, failed_recipients: ['box.550@example.net', 'carol@example.org'] };
    const errors = ['box.550@example.net: the queue is full', 'carol@example.org: 550 no'];
    const { recipients } = await answered(200, JSON.stringify({ ...failed, errors }), copy);
    expect(recipients.map(({ status }) => status)).toEqual(['deferred', 'refused']);
  });

  it('knows a failed recipient whose domain comes back in other letters', async () => {
    const body = { success_count: 1, fail_count: 1, failed_recipients: ['carol@EXAMPLE.org'], errors: ['carol@EXAMPLE.org: 550 no'] };
    expect((await answered(200, JSON.stringify(body))).recipients.map(({ status }) => status)).toEqual(['accepted', 'refused']);
  });

  it('believes that all have failed even where it names them in another form', async () => {
    const all = { success_count: 0, fail_count: 2, failed_recipients: ['<bob@example.net>', '<carol@example.org>'] };
    const statuses = async (errors: string[]) =>
      (await answered(200, JSON.stringify({ ...all, errors }))).recipients.map(({ status }) => status);
    expect(await statuses(['550 no'])).toEqual(['refused', 'refused']);
    expect(await statuses(['the spool is full'])).toEqual(['deferred', 'deferred']);
  });

  it.each([
    { success_count: 1, fail_count: 1, failed_recipients: ['somebody@else.example'], errors: [] },
    { success_count: 0, fail_count: 1, failed_recipients: [], errors: ['550 no'] },
    { success_count: 1, fail_count: 0, failed_recipients: [], errors: [] },
    { success_count: 2, fail_count: 1, failed_recipients: ['carol@example.org'], errors: [] },
  ])('counts that are not those of the recipients: a person has to look (%j)', async (body) => {
    const { recipients, acceptance } = await answered(200, JSON.stringify(body));
    const [bob, carol] = recipients;
    expect(bob).toMatchObject({ status: 'refused', code: 'refusals-not-named' });
    expect(carol?.status).not.toBe('accepted');
    expect(acceptance).toBe('unknown');
  });

  it.each([
    [400, 'bad request', 'refused'],
    [413, 'length limit exceeded', 'refused'],
    [422, 'invalid envelope_sender', 'refused'],
    [500, 'oops', 'deferred'],
    [504, '', 'deferred'],
    [200, '<html>', 'deferred'],
  ])('%i %j: every recipient is %s', async (status, body, expected) => {
    expect((await answered(status, body)).recipients.map((recipient) => recipient.status)).toEqual([expected, expected]);
  });

  it.each([
    [403, ''],
    [404, ''],
    [302, ''],
    [407, ''],
    [422, 'unknown field `template_dialect`, expected one of …'],
    [422, 'unknown variant `Static`, expected `Jinja`'],
    [422, 'missing field `name`'],
    [503, 'load shedding'],
  ])('%i %j: no recipient is concerned, mail waits', async (status, body) => {
    expect(await rejectionOf(answered(status, body))).toMatchObject({ disposition: 'wait' });
  });

  it('waits while nobody is there', async () => {
    const error = await rejectionOf(deliveryTo('http://127.0.0.1:1').send(copyTo('bob@example.net')));
    expect(error).toMatchObject({ code: 'kumomta-unavailable', disposition: 'wait' });
  });

  it('is not offered what is not 7-bit', async () => {
    const error = await rejectionOf(deliveryTo('http://127.0.0.1:1').send(copyTo('jürgen@example.net')));
    expect(error).toMatchObject({ code: 'smtputf8-needs-smtp', disposition: 'quarantine' });
  });
});
