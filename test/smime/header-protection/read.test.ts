import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Opened, openMessage } from '../../../src/smime/open.js';
import { crlf, Kit, type Party } from '../read/kit.js';

let kit: Kit;
let alice: Party;
let bob: Party;
beforeAll(() => {
  kit = new Kit();
  alice = kit.user('alice@smime.example');
  bob = kit.user('bob@smime.example');
});
afterAll(() => kit.dispose());

function open(message: Buffer): Opened {
  return openMessage(message, { decryption: [bob], trustAnchors: [kit.root.certificate], now: new Date() });
}

const outerHeader = (subject: string, name: string) => `Subject: ${subject}
Message-ID: <${name}@example>
From: Alice <alice@smime.example>
To: Bob <bob@smime.example>
Date: Sat, 20 Feb 2021 10:09:02 -0500
User-Agent: Sample MUA Version 1.0
`;

/** Around what openssl wrote. */
function around(header: string, entity: Buffer): Buffer {
  return Buffer.concat([crlf(Buffer.from(header)), entity]);
}

const NAME = 'smime-signed-enc-hp-baseline';

/** RFC 9788 Appendix C.3.1: the payload of the signed and encrypted sample, as printed there. */
const PAYLOAD = crlf(
  Buffer.from(`MIME-Version: 1.0
Content-Transfer-Encoding: 7bit
Subject: ${NAME}
Message-ID: <${NAME}@example>
From: Alice <alice@smime.example>
To: Bob <bob@smime.example>
Date: Sat, 20 Feb 2021 10:09:02 -0500
User-Agent: Sample MUA Version 1.0
HP-Outer: Subject: [...]
HP-Outer: Message-ID: <${NAME}@example>
HP-Outer: From: Alice <alice@smime.example>
HP-Outer: To: Bob <bob@smime.example>
HP-Outer: Date: Sat, 20 Feb 2021 10:09:02 -0500
HP-Outer: User-Agent: Sample MUA Version 1.0
Content-Type: text/plain; charset="utf-8"; hp="cipher"

This is the
${NAME}
message.
`),
);

function sealed(payload: Buffer = PAYLOAD, header = outerHeader('[...]', NAME), ...args: string[]): Buffer {
  return around(header, kit.encrypt(kit.sign(payload, alice, '-nodetach'), [[bob.certFile]], '-aes256', ...args));
}
const protections = ({ header }: Opened) => Object.fromEntries(header?.fields.map(({ name, protection }) => [name, protection]) ?? []);

describe('the samples of RFC 9788', () => {
  it('signed and encrypted with hcp_baseline (C.3.1)', () => {
    const opened = open(sealed());
    expect(opened.ok).toBe(true);
    expect(opened.header).toMatchObject({ hp: 'cipher', altered: [], unprotected: [], faults: [], notes: [] });
    expect(opened.header?.outer).toHaveLength(6);
    expect(protections(opened)).toEqual({
      Subject: 'signed-and-encrypted',
      'Message-ID': 'signed-only',
      From: 'signed-only',
      To: 'signed-only',
      Date: 'signed-only',
      'User-Agent': 'signed-only',
    });
    expect(opened.message.toString()).toBe(
      `${outerHeader(NAME, NAME)}MIME-Version: 1.0
Content-Transfer-Encoding: 7bit
Content-Type: text/plain; charset="utf-8"

This is the
${NAME}
message.
`.replaceAll('\n', '\r\n'),
    );
    expect(opened.entity).toEqual(PAYLOAD);
  });

  it('only signed, in one part and in two (C.2)', () => {
    const payload = crlf(
      Buffer.from(
        PAYLOAD.toString()
          .replace(/HP-Outer: .*\r\n/g, '')
          .replace('cipher', 'clear'),
      ),
    );
    for (const args of [['-nodetach'], []]) {
      const opened = open(around(outerHeader(NAME, NAME), kit.sign(payload, alice, ...args)));
      expect(opened.ok).toBe(true);
      expect(new Set(Object.values(protections(opened)))).toEqual(new Set(['signed-only']));
      expect(opened.header).toMatchObject({ hp: 'clear', outer: [], altered: [], notes: [] });
      expect(opened.message.toString()).toContain(`Subject: ${NAME}\r\n`);
    }
  });

  it.each([
    ['plain (E.1)', 'Subject: Dinner plans\n\n', ''],
    [
      'html (E.2)',
      '<html><head><title></title></head><body>\n<div class="header-protection-legacy-display">\n<pre>Subject: Dinner plans</pre>\n</div>',
      '<html><head><title></title></head><body>',
    ],
  ])('legacy display, %s', (type, before, after) => {
    const text = "\n<p>\nLet's meet at Rama's Roti Shop at 8pm and go to the park\nfrom there.\n</p>\n";
    const payload = crlf(
      Buffer.from(`Date: Fri, 21 Jan 2022 20:40:48 -0500
From: Alice <alice@smime.example>
To: Bob <bob@smime.example>
Subject: Dinner plans
Message-ID: <legacy-display@lhp.example>
MIME-Version: 1.0
Content-Type: text/${type.split(' ')[0]}; charset="us-ascii"; hp-legacy-display="1";
 hp="cipher"
HP-Outer: Date: Fri, 21 Jan 2022 20:40:48 -0500
HP-Outer: From: Alice <alice@smime.example>
HP-Outer: To: Bob <bob@smime.example>
HP-Outer: Subject: [...]
HP-Outer: Message-ID: <legacy-display@lhp.example>

${before}${text}`),
    );
    const { message, entity } = open(sealed(payload));
    expect(message.toString()).toMatch(/^Content-Type: text\/(plain|html); charset="us-ascii"\r$/m);
    expect(message.subarray(message.indexOf('\r\n\r\n') + 4).toString()).toBe(crlf(Buffer.from(after + text)).toString());
    expect(entity).toEqual(payload);
  });
});

describe('a protected header', () => {
  it('is told to be encrypted only when nobody signed, and by nobody', () => {
    const opened = open(around(outerHeader('[...]', NAME), kit.encrypt(PAYLOAD, [[bob.certFile]], '-aes-256-gcm')));
    expect(protections(opened)).toMatchObject({ Subject: 'encrypted-only', From: 'unprotected' });
    expect(opened.header?.notes).toEqual([expect.stringContaining('no valid signature')]);
  });

  it('that was altered on the way is told so, and the protected one counts', () => {
    const header = outerHeader('[...] [list]', NAME)
      .replace('To: Bob', 'To: Robert')
      .replace(/Date:.*\n/, '');
    const opened = open(sealed(PAYLOAD, header));
    expect(opened.ok).toBe(true);
    expect(opened.header?.altered).toEqual(['Subject', 'To', 'Date']);
    expect(opened.message.toString()).toContain('To: Bob <bob@smime.example>\r\nDate: Sat, 20 Feb 2021 10:09:02 -0500\r\n');
  });

  it('leaves out what stands outside only, but for trace fields', () => {
    const opened = open(
      sealed(
        PAYLOAD,
        `Received: by mx\nDKIM-Signature: v=1\nReply-To: mallory@example.com\nCc: m@example.com\n${outerHeader('[...]', NAME)}`,
      ),
    );
    expect(opened.header?.unprotected).toEqual(['Reply-To', 'Cc']);
    expect(opened.message.toString()).toMatch(/^Received: by mx\r\nDKIM-Signature: v=1\r\nSubject/);
    expect(opened.message.toString()).not.toMatch(/Reply-To|Cc:/);
  });

  it('may be folded otherwise outside', () => {
    const long = 'word '.repeat(20);
    const payload = Buffer.from(
      PAYLOAD.toString()
        .replace('User-Agent: Sample', `User-Agent: ${long}\r\n Sample`)
        .replace(': User-Agent: Sample', `: User-Agent: ${long} Sample`),
    );
    const opened = open(sealed(payload, outerHeader('[...]', NAME).replace(': Sample', `: ${long.replace(' ', '\n\t')}Sample`)));
    expect(opened.header?.altered).toEqual([]);
    expect(protections(opened)).toMatchObject({ 'User-Agent': 'signed-only' });
  });

  it('says when encryption was taken off or put on by somebody else', () => {
    const stripped = open(around(outerHeader('[...]', NAME), kit.sign(PAYLOAD, alice)));
    expect(stripped.header?.notes).toEqual([expect.stringContaining('arrived without encryption')]);
    expect(protections(stripped)).toMatchObject({ Subject: 'signed-only' });
    const clear = Buffer.from(
      PAYLOAD.toString()
        .replace(/HP-Outer: .*\r\n/g, '')
        .replace('cipher', 'clear'),
    );
    const added = open(sealed(clear, outerHeader(NAME, NAME)));
    expect(added.header?.notes).toEqual([expect.stringContaining('encrypted it afterwards')]);
    expect(protections(added)).toMatchObject({ Subject: 'signed-only' });
  });

  it('is signed by nobody who only signed around the encryption', () => {
    const opened = open(around(outerHeader('[...]', NAME), kit.sign(kit.encrypt(PAYLOAD, [[bob.certFile]], '-aes-256-gcm'), alice)));
    expect(opened.layers.map(({ kind, verdict }) => [kind, verdict])).toEqual([
      ['signed', 'valid'],
      ['encrypted', 'authenticated'],
    ]);
    expect(protections(opened)).toMatchObject({ Subject: 'encrypted-only', From: 'unprotected' });
  });
});
