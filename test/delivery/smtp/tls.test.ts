import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, test } from 'vitest';
import type { SmtpOptions } from '../../../src/delivery/smtp/options.js';
import { copyTo, deliveryTo, loginWith, makeCertificate, makeExpiredCertificate, startScript, startSink } from '../servers.js';
import { rejectionOf } from '../thrown.js';

interface Shown {
  readonly key: Buffer;
  readonly cert: Buffer;
}

let ours: Shown;
let foreign: Shown;
let expired: Shown;
let other: Shown;

beforeAll(() => {
  ours = makeCertificate();
  foreign = makeCertificate('DNS:other.example.net');
  expired = makeExpiredCertificate();
  other = makeCertificate();
});

const fingerprintOf = ({ cert }: Shown) => new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase();

/** What comes of a message to a server that shows `shown`: how it arrived, or what makes it wait. */
async function outcome(shown: Shown, tls: SmtpOptions['tls'], options: Partial<SmtpOptions>): Promise<string> {
  const sink = await startSink({ ...shown, ...(tls === 'implicit' ? { secure: true } : { disabledCommands: [] }) });
  try {
    await deliveryTo(sink.port, { tls, ...options }).send(copyTo('a@example.net'));
    return sink.received[0]?.secure === true ? 'under TLS' : 'in clear';
  } catch (error) {
    expect(sink.received).toEqual([]);
    return (error as { code: string }).code;
  }
}

describe.each(['required', 'implicit'] as const)('tls: %s', (tls) => {
  test('sends under a certificate that its authority vouches for, and under no other', async () => {
    expect({
      'vouched for': await outcome(ours, tls, { ca: ours.cert }),
      'vouched for by nobody': await outcome(ours, tls, {}),
      'vouched for by another': await outcome(ours, tls, { ca: other.cert }),
      'for another name': await outcome(foreign, tls, { ca: foreign.cert }),
      'for another name, which is the one asked for': await outcome(foreign, tls, { ca: foreign.cert, servername: 'other.example.net' }),
      'not for the name asked for': await outcome(ours, tls, { ca: ours.cert, servername: 'other.example.net' }),
      expired: await outcome(expired, tls, { ca: expired.cert }),
    }).toEqual({
      'vouched for': 'under TLS',
      'vouched for by nobody': 'smtp-tls-failed',
      'vouched for by another': 'smtp-tls-failed',
      'for another name': 'smtp-tls-failed',
      'for another name, which is the one asked for': 'under TLS',
      'not for the name asked for': 'smtp-tls-failed',
      expired: 'smtp-tls-failed',
    });
  });

  test('sends under a certificate that is pinned, whoever vouches for it, and under no other', async () => {
    const fingerprints = [fingerprintOf(other), fingerprintOf(ours)];
    expect({
      pinned: await outcome(ours, tls, { fingerprints }),
      'not pinned': await outcome(foreign, tls, { fingerprints }),
      'pinned, for another name and expired': await outcome(expired, tls, { fingerprints: [fingerprintOf(expired)] }),
      'pinned and vouched for': await outcome(ours, tls, { fingerprints, ca: ours.cert }),
      'pinned and not vouched for': await outcome(ours, tls, { fingerprints, ca: other.cert }),
      'vouched for and not pinned': await outcome(ours, tls, { fingerprints: [fingerprintOf(other)], ca: ours.cert }),
    }).toEqual({
      pinned: 'under TLS',
      'not pinned': 'smtp-tls-failed',
      'pinned, for another name and expired': 'under TLS',
      'pinned and vouched for': 'under TLS',
      'pinned and not vouched for': 'smtp-tls-failed',
      'vouched for and not pinned': 'smtp-tls-failed',
    });
  });
});

test('a server with another certificate than the pinned one is told neither user nor password, and the error names what it showed', async () => {
  let asked = 0;
  const sink = await startSink({
    ...ours,
    disabledCommands: [],
    onAuth: (_auth, _session, done) => {
      asked += 1;
      done(null, { user: 'u' });
    },
  });
  const pinned = { tls: 'required', fingerprints: [fingerprintOf(other)], ...loginWith('user', 'secret') } as const;
  const error = await rejectionOf(deliveryTo(sink.port, pinned).send(copyTo('a@example.net')));
  expect(error).toMatchObject({ code: 'smtp-tls-failed', disposition: 'wait' });
  expect(error.message).toContain(fingerprintOf(ours));
  expect(asked).toBe(0);
});

test.each(['required', 'implicit'] as const)('a client certificate is shown to a server that asks for one, with tls: %s', async (tls) => {
  const names: string[] = [];
  const sink = await startSink({
    ...ours,
    ...(tls === 'implicit' ? { secure: true } : { disabledCommands: [] }),
    requestCert: true,
    rejectUnauthorized: false,
    onSecure(socket: TLSSocket, _session: unknown, callback: () => void) {
      names.push(String(socket.getPeerX509Certificate()?.fingerprint256));
      callback();
    },
  });
  const client = { certificate: other.cert, key: other.key };
  await deliveryTo(sink.port, { tls, ca: ours.cert, client }).send(copyTo('a@example.net'));
  expect(names).toContain(new X509Certificate(other.cert).fingerprint256);
});

test.each(['required', 'opportunistic', 'implicit'] as const)(
  'a server that speaks no TLS after all gets nothing in clear, with tls: %s',
  async (tls) => {
    const script = await startScript({ EHLO: '250-mx.example.net\r\n250 STARTTLS', STARTTLS: '220 go\r\nthis is not TLS' });
    const error = await rejectionOf(deliveryTo(script.port, { tls, timeouts: { openMs: 500 } }).send(copyTo('a@example.net')));
    expect(error).toMatchObject({ code: 'smtp-tls-failed', disposition: 'wait' });
    expect(script.commands.join('\n')).not.toContain('MAIL');
  },
);
