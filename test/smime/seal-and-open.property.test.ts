import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalise } from '../../src/message/canonical.js';
import { entityOf, transferSafeEntityOf } from '../../src/message/entity.js';
import { joined } from '../../src/message/octets.js';
import { outerHeader } from '../../src/message/outer-header.js';
import { CONTENT_CIPHERS, type ContentCipher } from '../../src/smime/algorithms.js';
import { openMessage } from '../../src/smime/open.js';
import { type GeneratedEntity, generatedEntity } from '../message/message-arbitrary.js';
import {
  ALICE,
  BOB,
  ENCRYPTION_KEYS,
  type Encryption,
  encrypted,
  keysOfBob,
  SIGNING_KEYS,
  type Signing,
  signed,
} from './sealed-samples.js';

const CIPHERS = Object.keys(CONTENT_CIPHERS) as ContentCipher[];

/** Header fields other than those the entity brings; latin1 octets. */
const otherField = fc.oneof(
  fc.constantFrom(
    'Subject: Quarterly figures',
    'Subject: Gr\xc3\xbc\xc3\x9fe aus K\xc3\xb6ln',
    'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=',
    'Cc: "Doe, Carol" <carol@example.org>,\r\n Dave <dave@example.org>',
    'Bcc: eve@example.org',
    'Return-Path: <bounce@example.com>',
    'DKIM-Signature: v=1; d=example.com',
    'Received: from a by b; Mon, 24 Nov 2025 10:00:00 +0000',
    'List-Unsubscribe: <mailto:leave@example.com>',
    'MIME-Version: 1.0',
    'X-Job: 7',
    'Date: Mon, 24 Nov 2025 10:00:00 +0000',
    'Message-ID: <1@example.com>',
    `References: ${'<0123456789abcdef@example.com>'.repeat(50)}`,
  ),
  fc.string({ maxLength: 30 }).map((text) => `X-Note: ${text.trim()}`),
  fc.uint8Array({ maxLength: 20 }).map(
    (octets) =>
      `X-Raw: ${Buffer.from(octets)
        .toString('latin1')
        .replace(/[\0\r\n]/g, '')}.`,
  ),
);

interface Submitted {
  readonly entity: GeneratedEntity;
  readonly fields: readonly string[];
  readonly fromAt: number;
  /** For each line end in turn, over and over: LF instead of CRLF. */
  readonly bareLf: readonly boolean[];
}

const submitted: fc.Arbitrary<Submitted> = fc.record({
  entity: generatedEntity,
  fields: fc.uniqueArray(otherField, { maxLength: 6, selector: (field) => field.slice(0, field.indexOf(':')) }),
  fromAt: fc.nat(6),
  bareLf: fc.oneof(fc.constant([false]), fc.constant([true]), fc.array(fc.boolean(), { minLength: 1, maxLength: 9 })),
});

/** As an application might have dropped it. */
function fileOf({ entity, fields, fromAt, bareLf }: Submitted): Buffer {
  const header = fields.toSpliced(fromAt, 0, `From: Alice <${ALICE}>\r\nTo: ${BOB}`).map((field) => `${field}\r\n`);
  const whole = header.join('') + entity.bytes.toString('latin1');
  let count = 0;
  return Buffer.from(
    whole.replace(/\r\n/g, (crlf) => (bareLf[count++ % bareLf.length] ? '\n' : crlf)),
    'latin1',
  );
}

/** What is done to an entity, innermost first. */
type Step = { readonly sign: Signing } | { readonly encrypt: Encryption };

const sign = fc
  .record({
    form: fc.constantFrom('opaque' as const, 'detached' as const),
    key: fc.constantFrom(...SIGNING_KEYS),
    and: fc.option(fc.constantFrom(...SIGNING_KEYS), { freq: 3 }),
    pss: fc.boolean(),
    digest: fc.constantFrom('sha256' as const, 'sha384' as const, 'sha512' as const),
  })
  .map(({ form, key, and, pss, digest }): Step => {
    const scheme = pss && key === 'rsa-2048' && and === null ? 'rsa-pss' : 'auto';
    return { sign: { form, key, digest, scheme, ...(and === null ? {} : { and }) } };
  });

const encryption = fc
  .record({
    content: fc.constantFrom(...CIPHERS),
    to: fc.subarray([...ENCRYPTION_KEYS], { minLength: 1 }),
    keyTransport: fc.constantFrom('rsa-pkcs1' as const, 'rsa-oaep' as const),
  })
  .map((encrypt): Step => ({ encrypt }));

/** Sign, encrypt, sign and encrypt, triple wrap; and the wrong way round, where the signature proves nothing of what is inside CBC. */
const mode: fc.Arbitrary<readonly Step[]> = fc.oneof(
  fc.tuple(sign),
  fc.tuple(encryption),
  fc.tuple(sign, encryption),
  fc.tuple(sign, encryption, sign),
  fc.tuple(encryption, sign),
);

function seal(entity: Buffer, steps: readonly Step[]): Buffer {
  return steps.reduce((inner, step) => ('sign' in step ? signed(inner, step.sign) : encrypted(inner, step.encrypt)), entity);
}

/** Outermost first. CBC is as good as the signature inside it. */
function expectedVerdicts(steps: readonly Step[]): string[] {
  const verdicts = steps.map((step, index) => {
    if ('sign' in step) return 'valid';
    if (CONTENT_CIPHERS[step.encrypt.content].authenticated) return 'authenticated';
    return index > 0 ? 'valid' : 'unauthenticated';
  });
  return verdicts.reverse();
}

describe('whatever an application submits, in whatever mode it is sealed', () => {
  it('opening gives back its canonical entity under its outer header, and the verdict the mode deserves', () => {
    fc.assert(
      fc.property(submitted, mode, fc.constantFrom(...ENCRYPTION_KEYS), (message, steps, reader) => {
        const canonical = canonicalise(fileOf(message), { fallbackCharset: 'windows-1252' });
        const [first] = steps;
        const isDetached = first !== undefined && 'sign' in first && first.sign.form === 'detached';
        const entity = isDetached ? transferSafeEntityOf(canonical).entity : joined(entityOf(canonical));
        const { fields } = outerHeader(canonical, { date: new Date(0), messageId: 'id@example.com' });
        const outer = Buffer.concat([...fields.map(({ raw }) => raw), Buffer.from('MIME-Version: 1.0\r\n')]);

        const recipients = steps.flatMap((step) => ('encrypt' in step ? step.encrypt.to : []));
        const keys = keysOfBob(...(recipients.includes(reader) ? [reader] : recipients));
        const opened = openMessage(Buffer.concat([outer, seal(entity, steps)]), keys);

        expect(opened.entity.toString('latin1')).toBe(entity.toString('latin1'));
        expect(opened.layers.map(({ verdict }) => verdict)).toEqual(expectedVerdicts(steps));
        expect(opened.ok).toBe(!expectedVerdicts(steps).includes('unauthenticated'));
        expect(opened.message.toString('latin1')).toBe(Buffer.concat([outer, entity]).toString('latin1'));
        expect(outer.toString('latin1')).not.toMatch(/^(?:Bcc|Return-Path|DKIM-Signature|X-Job|Content-[^:]*):/im);
      }),
      { numRuns: 400 },
    );
  });
});
