import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { octetsOf } from '../../../src/message/octets.js';
import { type Answer, copyTo, DROP, deliveryTo, listen, startScript, startSink, until, usual } from '../servers.js';
import { rejectionOf } from '../thrown.js';

describe('a copy sent by SMTP', () => {
  test('is accepted for each recipient in the words of the server', async () => {
    const sink = await startSink();
    expect(await deliveryTo(sink.port).send(copyTo('a@example.net', 'b@example.net'))).toEqual({
      recipients: [
        { address: 'a@example.net', status: 'accepted', code: '250', text: '2.0.0 Ok: queued as 4XYZ' },
        { address: 'b@example.net', status: 'accepted', code: '250', text: '2.0.0 Ok: queued as 4XYZ' },
      ],
      acceptance: 'known',
    });
    expect(sink.received).toMatchObject([{ from: 'alice@example.com', to: ['a@example.net', 'b@example.net'] }]);
  });

  test.each([
    ['lines that begin with dots', 'A: b\r\n\r\n.\r\n..\r\n.x\r\n\r\n.\r\n'],
    ['a dot at the very beginning', '.A: b\r\n\r\nx\r\n'],
    ['empty lines at the end', 'A: b\r\n\r\nx\r\n\r\n\r\n'],
    ['trailing blanks and a last line of one dot', 'A: b \r\n\r\nx \t\r\n.\r\n'],
    ['8-bit octets', 'A: b\r\n\r\nGr\u00fc\u00dfe \u0080\u00ff\r\n'],
    ['a header only', 'A: b\r\n\r\n'],
  ])('arrives unchanged: %s', async (_, text) => {
    const sink = await startSink();
    const message = Buffer.from(text, 'latin1');
    await deliveryTo(sink.port).send({ ...copyTo('a@example.net'), message: octetsOf(message) });
    expect(sink.received[0]?.message.toString('latin1')).toBe(text);
  });

  test('arrives unchanged when it is larger than any buffer on the way, with dots where it is cut', async () => {
    const sink = await startSink();
    const message = Buffer.from(`A: b\r\n\r\n${'.\r\n'.repeat(50_000)}`);
    await deliveryTo(sink.port).send({ ...copyTo('a@example.net'), message: octetsOf(message) });
    expect(sink.received[0]?.message.equals(message)).toBe(true);
  });

  test('is on the wire with doubled dots and nothing else added', async () => {
    const script = await startScript({});
    await deliveryTo(script.port).send({ ...copyTo('a@example.net'), message: octetsOf(Buffer.from('A: b\r\n\r\n.x\r\ny\r\n')) });
    expect(script.wire[0]?.toString()).toBe('A: b\r\n\r\n..x\r\ny\r\n');
  });

  test.each(['A: b\r\n\r\nx\n', 'A: b\r\n\r\nx\ry\r\n', 'A: b\r\n\r\nx', 'A: b\r\n\r\n\0\r\n', `A: ${'x'.repeat(999)}\r\n`])(
    'is refused before a connection when it could not arrive unchanged: %.20j',
    async (text) => {
      const sink = await startSink();
      const error = await rejectionOf(deliveryTo(sink.port).send({ ...copyTo('a@example.net'), message: octetsOf(Buffer.from(text)) }));
      expect(error).toMatchObject({ code: 'message-not-canonical', disposition: 'quarantine' });
      expect(sink.sessions.opened).toBe(0);
    },
  );

  test('can come from the null sender', async () => {
    const script = await startScript({});
    await deliveryTo(script.port).send({ ...copyTo('a@example.net'), sender: '' });
    expect(script.commands.find((command) => command.startsWith('MAIL'))).toMatch(/^MAIL FROM:<>/);
  });

  test.each([
    { sender: 'a@example.com> SIZE=1' },
    { sender: 'a@example.com\r\nRSET' },
    { recipients: ['b@example.net', 'c@example.net\r\nDATA'] },
    { recipients: ['<b@example.net>'] },
    { recipients: ['b b@example.net'] },
    { recipients: [] },
    { envid: 'a b' },
    { envid: 'a\r\nRCPT TO:<c@example.net>' },
  ])('is refused before a connection with the envelope %j', async (change) => {
    const sink = await startSink();
    const error = await rejectionOf(deliveryTo(sink.port).send({ ...copyTo('a@example.net'), ...change }));
    expect(error).toMatchObject({ code: 'bad-envelope-value', disposition: 'quarantine' });
    expect(sink.sessions.opened).toBe(0);
  });
});

describe('extensions of the server', () => {
  test('the envelope id goes out where DSN is offered', async () => {
    const script = await startScript({ EHLO: '250-mx.example.net\r\n250 DSN' });
    await deliveryTo(script.port).send({ ...copyTo('a@example.net'), envid: 'id+1=2' });
    expect(script.commands).toContain('MAIL FROM:<alice@example.com> ENVID=id+2B1+3D2');
  });

  test('no envelope id goes out where DSN is not offered', async () => {
    const script = await startScript({});
    await deliveryTo(script.port).send(copyTo('a@example.net'));
    expect(script.commands).toContain('MAIL FROM:<alice@example.com>');
  });

  test('a message beyond the announced size is refused without being offered, with both sizes', async () => {
    const script = await startScript({ EHLO: '250-mx.example.net\r\n250 SIZE 50' });
    const { recipients } = await deliveryTo(script.port).send(copyTo('a@example.net', 'b@example.net'));
    expect(recipients.map(({ status, code }) => [status, code])).toEqual(Array(2).fill(['refused', 'size-exceeded']));
    expect(recipients[0]?.text).toBe(`the sealed message has ${usual.length} octets and the server takes at most 50`);
    expect(script.commands.join('\n')).not.toContain('MAIL');
  });

  test.each([
    ['of exactly the announced size', `250 SIZE ${usual.length}`, 'accepted'],
    ['of any size, where the server names none', '250 SIZE', 'accepted'],
    ['of any size, where it names zero', '250 SIZE 0', 'accepted'],
    ['that is too large by what looks like a SIZE in a greeting', '250 SIZE', 'refused'],
  ])('a message %s (%s): %s', async (what, line, expected) => {
    const greeting = what.includes('greeting') ? 'mx.example.net SIZE 50' : 'mx.example.net';
    const script = await startScript({ EHLO: `250-${greeting}\r\n${line}` });
    expect((await deliveryTo(script.port).send(copyTo('a@example.net'))).recipients).toMatchObject([{ status: expected }]);
  });

  test('the X-MSYS-API header counts towards the size', async () => {
    const script = await startScript({ EHLO: `250-mx.example.net\r\n250 SIZE ${usual.length + 10}` });
    const { recipients } = await deliveryTo(script.port, { msysApi: 'momentum' }).send(copyTo('a@example.net'));
    expect(recipients).toMatchObject([{ status: 'refused', code: 'size-exceeded' }]);
  });

  test.each(['', '\r\n250-PIPELINING'])('reports are asked for as configured, with each recipient as it was given%s', async (more) => {
    const script = await startScript({ EHLO: `250-mx.example.net${more}\r\n250-SMTPUTF8\r\n250 DSN` });
    const delivery = deliveryTo(script.port, { dsn: { notify: ['failure', 'delay'], ret: 'hdrs' } });
    await delivery.send(copyTo('a@example.net', 'b+c=d@example.net', 'jürgen@example.net'));
    await delivery.send(copyTo('e@example.net'));
    const asked = script.commands
      .filter((command) => /^(?:MAIL|RCPT)/.test(command))
      .map((command) => Buffer.from(command, 'latin1').toString());
    expect(asked).toEqual([
      'MAIL FROM:<alice@example.com> SMTPUTF8 RET=HDRS ENVID=id-1',
      'RCPT TO:<a@example.net> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a@example.net',
      'RCPT TO:<b+c=d@example.net> NOTIFY=FAILURE,DELAY ORCPT=rfc822;b+2Bc+3Dd@example.net',
      'RCPT TO:<jürgen@example.net> NOTIFY=FAILURE,DELAY',
      'MAIL FROM:<alice@example.com> RET=HDRS ENVID=id-1',
      'RCPT TO:<e@example.net> NOTIFY=FAILURE,DELAY ORCPT=rfc822;e@example.net',
    ]);
  });

  test('no reports are asked of a server that does not offer DSN', async () => {
    const script = await startScript({});
    await deliveryTo(script.port, { dsn: { notify: ['never'], ret: 'full' } }).send(copyTo('a@example.net'));
    expect(script.commands.filter((command) => /^(?:MAIL|RCPT)/.test(command))).toEqual([
      'MAIL FROM:<alice@example.com>',
      'RCPT TO:<a@example.net>',
    ]);
  });

  test('with PIPELINING the whole envelope is sent before the first answer', async () => {
    const arrived: string[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        arrived.push(chunk.toString());
        if (/^EHLO/.test(chunk.toString())) socket.write('250-mx.example.net\r\n250 PIPELINING\r\n');
        else socket.write(`${'250 Ok\r\n'.repeat(3)}354 go on\r\n`);
      });
      socket.write('220 mx.example.net\r\n');
    });
    const delivery = deliveryTo(await listen(server), { timeouts: { replyMs: 300 } });
    await delivery.send(copyTo('a@example.net', 'b@example.net')).catch(() => {});
    expect(arrived[1]).toBe('MAIL FROM:<alice@example.com>\r\nRCPT TO:<a@example.net>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n');
  });

  test('the size is announced to a server that wants it', async () => {
    const script = await startScript({ EHLO: '250-mx.example.net\r\n250 SIZE 5000' });
    const copy = copyTo('a@example.net');
    await deliveryTo(script.port).send(copy);
    expect(script.commands).toContain(`MAIL FROM:<alice@example.com> SIZE=${usual.length}`);
  });

  test('an international address is sent to a server that offers SMTPUTF8', async () => {
    const sink = await startSink();
    const { recipients } = await deliveryTo(sink.port).send(copyTo('jürgen@example.net'));
    expect(recipients[0]?.status).toBe('accepted');
    expect(sink.received[0]?.to).toEqual(['jürgen@example.net']);
    expect(sink.received[0]?.fromParameters.SMTPUTF8).toBe(true);
  });

  test('without SMTPUTF8 an international recipient is refused and the others get their mail', async () => {
    const sink = await startSink({ hideSMTPUTF8: true });
    const { recipients } = await deliveryTo(sink.port).send(copyTo('a@example.net', 'jürgen@example.net', 'b@example.net'));
    expect(recipients.map(({ address, code }) => [address, code])).toEqual([
      ['a@example.net', '250'],
      ['jürgen@example.net', 'smtputf8-not-offered'],
      ['b@example.net', '250'],
    ]);
    expect(sink.received[0]?.to).toEqual(['a@example.net', 'b@example.net']);
  });

  test('without SMTPUTF8 nothing is sent from an international sender', async () => {
    const sink = await startSink({ hideSMTPUTF8: true });
    const { recipients } = await deliveryTo(sink.port).send({ ...copyTo('a@example.net'), sender: 'jürgen@example.com' });
    expect(recipients).toMatchObject([{ status: 'refused', code: 'smtputf8-not-offered' }]);
    expect(sink.received).toEqual([]);
  });

  test('8-bit octets are declared, and refused where they are not taken', async () => {
    const copy = { ...copyTo('a@example.net'), message: octetsOf(Buffer.from('A: b\r\n\r\nä\r\n')) };
    const taking = await startScript({});
    await deliveryTo(taking.port).send(copy);
    expect(taking.commands).toContain('MAIL FROM:<alice@example.com> BODY=8BITMIME');
    const sink = await startSink({ hide8BITMIME: true });
    expect((await deliveryTo(sink.port).send(copy)).recipients).toMatchObject([{ status: 'refused', code: '8bitmime-not-offered' }]);
    expect(sink.received).toEqual([]);
  });

  test('a server that knows HELO only is served too', async () => {
    const script = await startScript({ EHLO: '502 5.5.1 no', HELO: '250 mx.example.net' });
    expect((await deliveryTo(script.port).send(copyTo('a@example.net'))).recipients[0]?.status).toBe('accepted');
  });

  test('28: X-MSYS-API with tracking off is put on when configured, the rest stays as it is', async () => {
    const sink = await startSink();
    const copy = { ...copyTo('a@example.net'), submittedMsysApi: '{"campaign_id":"c","options":{"open_tracking":true}}' };
    await deliveryTo(sink.port, { msysApi: 'sparkpost' }).send(copy);
    const [field = '', rest] = (sink.received[0]?.message.toString() ?? '').split(/(?=From: )/);
    expect(JSON.parse(field.replace('X-MSYS-API:', '').replaceAll('\r\n', ''))).toEqual({
      campaign_id: 'c',
      options: { open_tracking: false, click_tracking: false, transactional: true },
    });
    expect(rest).toBe(usual.toString());
  });

  test('X-MSYS-API is not put on otherwise', async () => {
    const sink = await startSink();
    const copy = { ...copyTo('a@example.net'), submittedMsysApi: 'no json' };
    await deliveryTo(sink.port).send(copy);
    expect(sink.received[0]?.message.equals(usual)).toBe(true);
  });
});

describe('connections', () => {
  test('are used again for the next message', async () => {
    const sink = await startSink();
    const delivery = deliveryTo(sink.port);
    for (let n = 0; n < 5; n += 1) await delivery.send(copyTo('a@example.net'));
    expect(sink.sessions.opened).toBe(1);
    expect(sink.received).toHaveLength(5);
  });

  test('are cleared and used again after a refusal', async () => {
    const script = await startScript({ RCPT: (_, count) => (count === 1 ? '550 5.1.1 unknown' : '250 Ok') });
    const delivery = deliveryTo(script.port);
    await delivery.send(copyTo('a@example.net'));
    expect((await delivery.send(copyTo('a@example.net'))).recipients[0]?.status).toBe('accepted');
    expect(script.commands.filter((command) => command === 'CONNECT')).toHaveLength(1);
    expect(script.commands.filter((command) => command === 'RSET')).toHaveLength(1);
  });

  test('are given up after the configured number of messages', async () => {
    const sink = await startSink();
    const delivery = deliveryTo(sink.port, { messagesPerConnection: 2 });
    for (let n = 0; n < 5; n += 1) await delivery.send(copyTo('a@example.net'));
    expect(sink.sessions.opened).toBe(3);
  });

  test('are never more than configured, and every copy arrives', async () => {
    let most = 0;
    const sink = await startSink({
      onMailFrom(_address, _session, callback) {
        most = Math.max(most, sink.sessions.open);
        setImmediate(callback);
      },
    });
    const delivery = deliveryTo(sink.port, { connections: 3 });
    const copies = Array.from({ length: 40 }, (_, n) => delivery.send(copyTo(`r${n}@example.net`)));
    const outcomes = await Promise.all(copies);
    expect(outcomes.every(({ recipients }) => recipients[0]?.status === 'accepted')).toBe(true);
    expect(new Set(sink.received.flatMap(({ to }) => to)).size).toBe(40);
    expect(most).toBe(3);
  });

  test('are given up when they have been idle', async () => {
    const sink = await startSink();
    const delivery = deliveryTo(sink.port, { timeouts: { idleMs: 20 } });
    await delivery.send(copyTo('a@example.net'));
    await until(() => sink.sessions.open === 0);
    expect((await delivery.send(copyTo('a@example.net'))).recipients[0]?.status).toBe('accepted');
  });

  test.each<Answer>(['421 4.4.2 idle too long', DROP])('that the server has meanwhile given up are replaced (%s)', async (answer) => {
    const script = await startScript({ MAIL: (_, count) => (count === 2 ? answer : '250 Ok') });
    const delivery = deliveryTo(script.port);
    await delivery.send(copyTo('a@example.net'));
    expect((await delivery.send(copyTo('b@example.net'))).recipients[0]?.status).toBe('accepted');
    expect(script.commands.filter((command) => command === 'CONNECT')).toHaveLength(2);
  });

  test('can be opened before there is a message', async () => {
    const sink = await startSink();
    const delivery = deliveryTo(sink.port);
    expect(await delivery.open()).toEqual({ host: '127.0.0.1', port: sink.port, secure: false });
    await delivery.send(copyTo('a@example.net'));
    expect(sink.sessions.opened).toBe(1);
  });

  test('a failure to open leaves the place to the next copy', async () => {
    const script = await startScript({ CONNECT: (_, count) => (count <= 3 ? '421 4.3.2 not now' : '220 mx.example.net') });
    const delivery = deliveryTo(script.port, { connections: 1 });
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => delivery.send(copyTo('a@example.net'))));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'fulfilled', 'fulfilled']);
  });

  test('are all ended by close, which lets a copy in flight finish', async () => {
    const sink = await startSink();
    const delivery = deliveryTo(sink.port, { connections: 1 });
    const inFlight = [delivery.send(copyTo('a@example.net')), delivery.send(copyTo('b@example.net'))];
    await delivery.close();
    await until(() => sink.sessions.open === 0);
    expect((await Promise.all(inFlight)).map(({ recipients }) => recipients[0]?.status)).toEqual(['accepted', 'accepted']);
  });

  test('are not opened any more after close', async () => {
    const sink = await startSink();
    const delivery = deliveryTo(sink.port);
    await delivery.close();
    expect(await rejectionOf(delivery.send(copyTo('a@example.net')))).toMatchObject({ code: 'smtp-closed', disposition: 'wait' });
  });

  test('close does not wait for a server that does not answer QUIT', async () => {
    const script = await startScript({ QUIT: DROP });
    const delivery = deliveryTo(script.port);
    await delivery.send(copyTo('a@example.net'));
    await expect(delivery.close()).resolves.toBeUndefined();
  });
});
