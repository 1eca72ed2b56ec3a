import { expect, test } from 'vitest';
import { copyTo, deliveryTo, startScript } from '../servers.js';

/** As Postfix and Exim answer a client that sends MAIL and RCPT together (RFC 2920) and whose MAIL they refuse. */
test.each([
  ['550 5.7.1 you may not send as this', 'refused'],
  ['451 4.7.1 Service unavailable - try again later', 'deferred'],
])('MAIL answered by %s, and RCPT therefore by 503: every recipient is %s with what was said to MAIL', async (reply, status) => {
  const { port } = await startScript({
    EHLO: '250-mx.example.net\r\n250 PIPELINING',
    MAIL: reply,
    RCPT: '503 5.5.1 Error: need MAIL command',
    DATA: '503 5.5.1 Error: need RCPT command',
  });
  const { recipients } = await deliveryTo(port).send(copyTo('a@example.net', 'b@example.net'));
  const [code, ...text] = reply.split(' ');
  expect(recipients.map((one) => ({ ...one, address: '' }))).toEqual(Array(2).fill({ address: '', status, code, text: text.join(' ') }));
});
