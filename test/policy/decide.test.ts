import { describe, expect, it } from 'vitest';
import { decide } from '../../src/policy/decide.js';
import type { Rule } from '../../src/policy/rule.js';
import { errorOf, fingerprintFor, inputOf, PROTECT, type Situation } from './input.js';

const BOB = 'bob@example.net';
const STEVE = 'steve@example.org';
const CAROL = 'carol@partner.example';

function plan(situation: Situation) {
  return decide(inputOf(situation));
}

function refusal(situation: Situation) {
  return errorOf(() => decide(inputOf(situation)));
}

const CLEAR_FOR_PARTNER: Rule = { name: 'newsletter', when: { to: ['*@partner.example'] }, protect: { encrypt: 'none' } };

describe('a plan', () => {
  it('says everything about a copy', () => {
    expect(plan({ to: [BOB] })).toEqual({
      version: 1,
      sender: 'alice@example.com',
      from: 'alice@example.com',
      copies: [
        {
          number: 1,
          recipients: [BOB],
          blind: false,
          rule: null,
          via: 'pickup',
          sign: 'opaque',
          signature: 'auto',
          digest: 'sha256',
          encryptTo: [fingerprintFor(BOB)],
          encryptAddresses: [BOB],
          content: 'aes-256-cbc',
          contentWhy: 'named by protect',
          keyTransport: 'rsa-pkcs1',
          header: null,
          transport: {},
        },
      ],
      decisions: [
        {
          address: BOB,
          visible: true,
          rule: null,
          encrypt: true,
          why: 'the defaults (no rule matched) say encrypt: required; the certificate is 626f62406578616d…',
        },
      ],
      dropped: [],
    });
  });

  it('survives being written as JSON', () => {
    const made = plan({ to: [BOB], blind: [STEVE], control: [{ name: 'x-job', value: 'a' }] });
    expect(JSON.parse(JSON.stringify(made))).toEqual(made);
  });
});

describe('copies', () => {
  it('are shared by visible recipients and made one by one for blind ones', () => {
    const { copies } = plan({ to: [BOB, CAROL], blind: [STEVE, 'eve@example.org'] });
    expect(copies.map(({ number, recipients, blind }) => ({ number, recipients, blind }))).toEqual([
      { number: 1, recipients: [BOB, CAROL], blind: false },
      { number: 2, recipients: [STEVE], blind: true },
      { number: 3, recipients: ['eve@example.org'], blind: true },
    ]);
  });

  it('name certificates and addresses in the same order', () => {
    const [copy] = plan({ to: [BOB, CAROL] }).copies;
    expect(copy?.encryptTo).toEqual(copy?.encryptAddresses.map(fingerprintFor));
  });

  it('hold at most maxRecipientInfos encrypted recipients', () => {
    const to = Array.from({ length: 5 }, (_, index) => `r${index}@example.net`);
    expect(plan({ to, defaults: { maxRecipientInfos: 2 } }).copies.map(({ recipients }) => recipients.length)).toEqual([2, 2, 1]);
  });

  it('that are only signed are shared by visible and blind recipients, and signed detached', () => {
    const { copies } = plan({ to: [BOB], blind: [STEVE], protect: { encrypt: 'none' } });
    expect(copies).toHaveLength(1);
    expect(copies[0]).toMatchObject({ recipients: [BOB, STEVE], blind: false, sign: 'detached', encryptTo: [], encryptAddresses: [] });
  });

  it('hold no more recipients than their way takes', () => {
    const to = [BOB, CAROL, 'dave@example.net'];
    const situation = { to, protect: { encrypt: 'none' } as const };
    const sizes = (via: 'smtp' | 'sparkpost') =>
      plan({ ...situation, defaults: { via, maxReceiversBy: { sparkpost: 2 } } }).copies.map(({ recipients }) => recipients.length);
    expect(sizes('sparkpost')).toEqual([2, 1]);
    expect(sizes('smtp')).toEqual([3]);
  });

  it('that are only signed hold at most maxReceivers', () => {
    const to = Array.from({ length: 7 }, (_, index) => `r${index}@example.net`);
    const { copies } = plan({ to, protect: { encrypt: 'none' }, defaults: { maxReceivers: 3, maxRecipientInfos: 1 } });
    expect(copies.map(({ recipients }) => recipients.length)).toEqual([3, 3, 1]);
  });

  it('that are only signed are blind when all their recipients are', () => {
    expect(plan({ blind: [BOB, STEVE], protect: { encrypt: 'none' } }).copies.map(({ blind }) => blind)).toEqual([true]);
  });

  it('have exactly the algorithms each recipient’s rule names', () => {
    const rules: Rule[] = [
      {
        name: 'partner',
        when: { to: ['*@partner.example'] },
        protect: { content: 'aes-256-gcm', digest: 'sha512', signature: 'rsa-pss', keyTransport: 'rsa-oaep' },
      },
    ];
    const { copies } = plan({ to: [CAROL, BOB], rules });
    expect(copies).toMatchObject([
      { recipients: [CAROL], rule: 'partner', content: 'aes-256-gcm', digest: 'sha512', signature: 'rsa-pss', keyTransport: 'rsa-oaep' },
      { recipients: [BOB], rule: null, content: 'aes-256-cbc', digest: 'sha256', signature: 'auto', keyTransport: 'rsa-pkcs1' },
    ]);
  });

  it('go by the first rule that matches the recipient', () => {
    const rules: Rule[] = [
      { name: 'carol', when: { to: [CAROL] }, delivery: { via: 'smtp' } },
      { name: 'partner', when: { to: ['*@partner.example'] }, protect: { content: 'aes-128-gcm' } },
    ];
    expect(plan({ to: [CAROL], rules }).copies).toMatchObject([{ rule: 'carol', via: 'smtp', content: 'aes-256-cbc' }]);
  });

  it('know a visible recipient by its address key', () => {
    const input = { ...inputOf({ blind: ['bob@EXAMPLE.net'] }), visible: new Set([BOB]) };
    expect(decide(input).copies[0]?.blind).toBe(false);
  });

  it('are refused when there would be too many', () => {
    const blind = Array.from({ length: 4 }, (_, index) => `r${index}@example.net`);
    const error = refusal({ blind, defaults: { maxCopies: 3 } });
    expect(error).toMatchObject({ code: 'too-many-copies', disposition: 'quarantine' });
    expect(error.message).toBe('The message would need 4 copies, and outbox.maxCopies is 3.');
    expect(plan({ blind, defaults: { maxCopies: 4 } }).copies).toHaveLength(4);
  });
});

describe('how a copy is signed', () => {
  it.each([
    ['auto', 'required', 'opaque'],
    ['auto', 'none', 'detached'],
    ['opaque', 'required', 'opaque'],
    ['opaque', 'none', 'opaque'],
    ['detached', 'required', 'detached'],
    ['detached', 'none', 'detached'],
    ['none', 'required', 'none'],
  ] as const)('sign: %s with encrypt: %s is %s', (sign, encrypt, expected) => {
    expect(plan({ to: [BOB], protect: { sign, encrypt } }).copies[0]?.sign).toBe(expected);
  });

  it('may be not at all, unencrypted, when a rule says both', () => {
    const rules: Rule[] = [{ name: 'plain', when: {}, protect: { sign: 'none', encrypt: 'none' } }];
    expect(plan({ to: [BOB], rules }).copies).toMatchObject([{ sign: 'none', encryptTo: [], rule: 'plain' }]);
  });

  it('is never not at all, unencrypted, by the defaults', () => {
    expect(refusal({ to: [BOB], protect: { sign: 'none', encrypt: 'none' } })).toMatchObject({
      code: 'unsealed-refused',
      disposition: 'quarantine',
    });
  });

  it('is never not at all because a certificate happens to be missing', () => {
    const rules: Rule[] = [{ name: 'unsigned', when: {}, protect: { sign: 'none', encrypt: 'whenPossible' } }];
    const error = refusal({ to: [BOB], rules, faults: { [BOB]: 'missing-certificate' } });
    expect(error.code).toBe('unsealed-refused');
    expect(error.message).toContain(`${BOB} (by the rule "unsigned")`);
  });
});

describe('a missing certificate', () => {
  it('stops the message and names every recipient without one', () => {
    const error = refusal({ to: [BOB, CAROL], blind: [STEVE], faults: { [BOB]: 'missing-certificate', [STEVE]: 'missing-certificate' } });
    expect(error).toMatchObject({ code: 'missing-certificate', disposition: 'quarantine', cure: 'Mend missing-certificate.' });
    expect(error.message).toContain(BOB);
    expect(error.message).toContain(STEVE);
    expect(error.message).not.toContain(CAROL);
  });

  it('keeps the certificates’ own code when all have the same fault', () => {
    expect(refusal({ to: [BOB], faults: { [BOB]: 'certificate-expired' } }).code).toBe('certificate-expired');
  });

  it('is the code when the faults differ', () => {
    const error = refusal({ to: [BOB, CAROL], faults: { [BOB]: 'certificate-expired', [CAROL]: 'unusable-certificate' } });
    expect(error.code).toBe('missing-certificate');
    expect(error.message).toContain(`${BOB} (certificate-expired for ${BOB}), ${CAROL} (unusable-certificate for ${CAROL})`);
  });

  it('is retried when every fault may pass by itself', () => {
    expect(refusal({ to: [BOB], faults: { [BOB]: 'source-unreachable' } }).disposition).toBe('retry');
  });

  it('needs a person when one of the faults does', () => {
    const faults = { [BOB]: 'source-unreachable', [CAROL]: 'missing-certificate' };
    expect(refusal({ to: [BOB, CAROL], faults }).disposition).toBe('quarantine');
  });

  it('gives a clear copy where encryption is only wanted when possible', () => {
    const { copies, decisions } = plan({
      to: [BOB, CAROL],
      protect: { encrypt: 'whenPossible' },
      faults: { [BOB]: 'missing-certificate' },
    });
    expect(copies).toMatchObject([
      { recipients: [CAROL], sign: 'opaque', encryptAddresses: [CAROL] },
      { recipients: [BOB], sign: 'detached', encryptAddresses: [] },
    ]);
    expect(decisions[0]).toMatchObject({ encrypt: false, why: expect.stringContaining('there is no certificate, so the copy is clear') });
  });

  it.each(['certificate-expired', 'unusable-certificate', 'source-unreachable'])(
    'is not what %s is: when possible, it still stops the message',
    (code) => {
      expect(refusal({ to: [BOB], protect: { encrypt: 'whenPossible' }, faults: { [BOB]: code } }).code).toBe(code);
    },
  );

  it('is not asked about where policy does not encrypt', () => {
    const input = inputOf({ to: [BOB], protect: { encrypt: 'none' } });
    const lookUp = () => {
      throw new Error('looked up');
    };
    expect(decide({ ...input, lookUp }).copies).toHaveLength(1);
  });
});

describe('a clear copy', () => {
  it('is refused to everybody when encryption is required for one', () => {
    const error = refusal({ to: [BOB, CAROL], rules: [CLEAR_FOR_PARTNER] });
    expect(error).toMatchObject({ code: 'clear-copy-refused', disposition: 'quarantine' });
    expect(error.message).toBe(
      `Encryption is required by the defaults (no rule matched), for ${BOB}, but a clear copy would go to ${CAROL} by the rule "newsletter" (encrypt: none).`,
    );
  });

  it('is refused also to a recipient for whom encryption was only wanted when possible', () => {
    const rules: Rule[] = [{ name: 'soft', when: { to: [CAROL] }, protect: { encrypt: 'whenPossible' } }];
    expect(refusal({ to: [BOB, CAROL], rules, faults: { [CAROL]: 'missing-certificate' } }).code).toBe('clear-copy-refused');
  });

  it('is allowed when the requiring rule allows it', () => {
    const { copies } = plan({ to: [BOB, CAROL], rules: [CLEAR_FOR_PARTNER], protect: { clearCopies: 'allow' } });
    expect(copies).toMatchObject([
      { recipients: [BOB], encryptAddresses: [BOB] },
      { recipients: [CAROL], encryptAddresses: [] },
    ]);
  });

  it('is not allowed by the word of the rule that wants the clear copy', () => {
    const rules: Rule[] = [{ ...CLEAR_FOR_PARTNER, protect: { encrypt: 'none', clearCopies: 'allow' } }];
    expect(refusal({ to: [BOB, CAROL], rules }).code).toBe('clear-copy-refused');
  });

  it('needs the word of every rule that requires encryption', () => {
    const rules: Rule[] = [CLEAR_FOR_PARTNER, { name: 'steve', when: { to: [STEVE] }, protect: { clearCopies: 'allow' } }];
    expect(refusal({ to: [BOB, STEVE, CAROL], rules }).code).toBe('clear-copy-refused');
    expect(plan({ to: [STEVE, CAROL], rules }).copies).toHaveLength(2);
  });

  it('is judged for blind recipients too', () => {
    expect(refusal({ to: [CAROL], blind: [BOB], rules: [CLEAR_FOR_PARTNER] }).code).toBe('clear-copy-refused');
  });
});

describe('rules that look at headers', () => {
  const rules: Rule[] = [{ name: 'plain', when: { header: { 'X-Sealdrop-Class': 'public' } }, protect: { encrypt: 'none' } }];

  it('see submitted x-sealdrop headers', () => {
    expect(plan({ to: [BOB], rules, control: [{ name: 'x-sealdrop-class', value: 'Public' }] }).copies[0]?.rule).toBe('plain');
    expect(plan({ to: [BOB], rules }).copies[0]?.rule).toBeNull();
  });

  it('see ordinary headers, decoded', () => {
    const bySubject: Rule[] = [{ name: 'subject', when: { header: { subject: '*gr\u{fc}n*' } } }];
    expect(plan({ to: [BOB], rules: bySubject, header: { Subject: '=?utf-8?Q?Ist_Gr=C3=BCn_gut=3F?=' } }).copies[0]?.rule).toBe('subject');
    expect(plan({ to: [BOB], rules: bySubject, header: { Subject: 'Ist Gr\u{c3}\u{bc}n gut?' } }).copies[0]?.rule).toBe('subject');
  });
});

describe('pickup', () => {
  const bySmtp: Rule[] = [{ name: 'smtp', when: {}, delivery: { via: 'smtp' } }];

  it('cannot take the null sender', () => {
    expect(refusal({ to: [BOB], sender: '' })).toMatchObject({ code: 'null-sender-in-pickup', disposition: 'quarantine' });
    expect(plan({ to: [BOB], sender: '', rules: bySmtp }).sender).toBe('');
  });

  it('cannot take an address that is not ASCII', () => {
    const jurgen = 'j\u{fc}rgen@example.net';
    const error = refusal({ to: [BOB, jurgen] });
    expect(error).toMatchObject({ code: 'smtputf8-in-pickup', disposition: 'quarantine' });
    expect(error.message).toContain(jurgen);
    expect(error.message).not.toContain(BOB);
    expect(refusal({ to: [BOB], sender: jurgen }).code).toBe('smtputf8-in-pickup');
    expect(plan({ to: [jurgen], rules: bySmtp }).copies).toHaveLength(1);
  });

  it('passes submitted control headers, and the plan names those dropped', () => {
    const control = [
      { name: 'x-job', value: 'invoices' },
      { name: 'x-dkim-key', value: 'none of your business' },
      { name: 'x-sender-override', value: 'eve@example.net' },
      { name: 'x-envid', value: 'order-17' },
      { name: 'x-sealdrop-class', value: 'public' },
    ];
    const made = plan({ to: [BOB], control });
    expect(made.copies[0]?.transport).toEqual({ job: 'invoices' });
    expect(made.dropped).toEqual(['x-dkim-key', 'x-sender-override', 'x-envid']);
  });

  it('stops at a control header that cannot be passed as it is', () => {
    expect(refusal({ to: [BOB], control: [{ name: 'x-job', value: 'two words' }] }).code).toBe('bad-control-header');
    expect(plan({ to: [BOB], control: [{ name: 'x-job', value: 'two words' }], rules: bySmtp }).dropped).toEqual(['x-job']);
  });
});

describe('lookUp', () => {
  it('is asked once for each recipient, with the protection that holds for it', () => {
    const asked: [string, string][] = [];
    const input = inputOf({ to: [BOB, CAROL], rules: [{ name: 'gcm', when: { to: [CAROL] }, protect: { content: 'aes-128-gcm' } }] });
    decide({
      ...input,
      lookUp: (address, protection) => {
        asked.push([address, protection.content]);
        return { fingerprint: fingerprintFor(address), keys: 'rsa', reads: [] };
      },
    });
    expect(asked).toEqual([
      [BOB, PROTECT.content],
      [CAROL, 'aes-128-gcm'],
    ]);
  });
});
describe('the ways beside pickup and SMTP', () => {
  it('SparkPost’s API cannot take the null sender, nor an address that is not ASCII', () => {
    const defaults = { via: 'sparkpost' } as const;
    expect(refusal({ to: [BOB], sender: '', defaults })).toMatchObject({ code: 'null-sender-needs-smtp', disposition: 'quarantine' });
    expect(refusal({ to: ['j\u{fc}rgen@example.net'], defaults })).toMatchObject({ code: 'smtputf8-needs-smtp' });
    expect(plan({ to: [BOB], defaults }).copies[0]?.via).toBe('sparkpost');
  });

  it('KumoMTA’s injection cannot take a signature that stands beside the text', () => {
    const defaults = { via: 'kumomta' } as const;
    const clear = { encrypt: 'none' } as const;
    const error = refusal({ to: [BOB], defaults, protect: clear });
    expect(error).toMatchObject({ code: 'signature-breaks-on-way', disposition: 'quarantine' });
    expect(error.message).toContain(BOB);
    expect(refusal({ to: [BOB], defaults, protect: { tripleWrap: 'on', sign: 'detached' } }).code).toBe('signature-breaks-on-way');
    expect(plan({ to: [BOB], defaults, protect: { ...clear, sign: 'opaque' } }).copies[0]?.sign).toBe('opaque');
    expect(plan({ to: [BOB], defaults, sender: '' }).copies[0]?.sign).toBe('opaque');
  });
});

describe('what the archive keeps', () => {
  it('stands in the plan where it is not the default, by rule before the configuration', () => {
    const rules = [{ name: 'none', when: { to: [CAROL] }, archive: { keepSealed: 'none' as const } }];
    const { copies } = plan({ to: [BOB, CAROL], rules, defaults: { keepSealed: 'full' } });
    expect(copies.map(({ recipients, keepSealed }) => [recipients, keepSealed])).toEqual([
      [[BOB], 'full'],
      [[CAROL], 'none'],
    ]);
    expect(plan({ to: [BOB] }).copies[0]).not.toHaveProperty('keepSealed');
  });

  it('whoever opens the kept copies counts among those who share one', () => {
    const to = ['a@example.net', 'b@example.net', 'c@example.net', 'd@example.net', 'e@example.net'];
    const sizes = (defaults: NonNullable<Situation['defaults']>) =>
      plan({ to, defaults }).copies.map(({ recipients }) => recipients.length);
    expect(sizes({ maxRecipientInfos: 4, keepSealed: 'full', archiveRecipients: 2 })).toEqual([2, 2, 1]);
    expect(sizes({ maxRecipientInfos: 4, keepSealed: 'signature', archiveRecipients: 2 })).toEqual([4, 1]);
    expect(sizes({ maxRecipientInfos: 2, keepSealed: 'full', archiveRecipients: 5 })).toEqual([1, 1, 1, 1, 1]);
  });
});
