import { describe, expect, it } from 'vitest';
import { parseMimeTree } from '../../../src/message/mime-tree.js';
import { refusal } from '../writing-kit.js';
import { BASELINE, CLEAR, compose, SHY, valuesNamed } from './kit.js';

/** RFC 9788 Appendix C: the sample message, before it is protected. */
const SAMPLE = (name: string) => `Content-Transfer-Encoding: 7bit
MIME-Version: 1.0
Subject: ${name}
Message-ID: <${name}@example>
From: Alice <alice@smime.example>
To: Bob <bob@smime.example>
Date: Sat, 20 Feb 2021 10:09:02 -0500
User-Agent: Sample MUA Version 1.0
Content-Type: text/plain; charset="utf-8"

This is the
${name}
message.
`;

describe('the samples of RFC 9788', () => {
  it('signed and encrypted with hcp_baseline (C.3.1)', () => {
    const { outside, header, body } = compose(SAMPLE('smime-signed-enc-hp-baseline'));
    const rfc = `Subject: smime-signed-enc-hp-baseline
Message-ID: <smime-signed-enc-hp-baseline@example>
From: Alice <alice@smime.example>
To: Bob <bob@smime.example>
Date: Sat, 20 Feb 2021 10:09:02 -0500
User-Agent: Sample MUA Version 1.0
HP-Outer: Subject: [...]
HP-Outer: Message-ID: <smime-signed-enc-hp-baseline@example>
HP-Outer: From: Alice <alice@smime.example>
HP-Outer: To: Bob <bob@smime.example>
HP-Outer: Date: Sat, 20 Feb 2021 10:09:02 -0500
HP-Outer: User-Agent: Sample MUA Version 1.0
Content-Transfer-Encoding: 7bit
Content-Type: text/plain; hp="cipher"; charset="utf-8"
`;
    expect(header.replaceAll('\n ', ' ')).toBe(rfc);
    expect(body).toBe('This is the\nsmime-signed-enc-hp-baseline\nmessage.\n');
    expect(outside).toBe(`Subject: [...]
Message-ID: <smime-signed-enc-hp-baseline@example>
From: Alice <alice@smime.example>
To: Bob <bob@smime.example>
Date: Sat, 20 Feb 2021 10:09:02 -0500
User-Agent: Sample MUA Version 1.0
`);
  });

  it('with hcp_shy: no names, no time zone', () => {
    const { outside, header } = compose(SAMPLE('smime-signed-enc-hp-shy'), SHY);
    expect(outside).toBe(`Subject: [...]
Message-ID: <smime-signed-enc-hp-shy@example>
From: alice@smime.example
To: bob@smime.example
Date: Sat, 20 Feb 2021 15:09:02 +0000
User-Agent: Sample MUA Version 1.0
`);
    expect(header).toContain('\nFrom: Alice <alice@smime.example>\n');
    expect(header).toContain('\nHP-Outer: From: alice@smime.example\n');
    expect(header).toContain('\nHP-Outer: Date: Sat, 20 Feb 2021 15:09:02 +0000\n');
  });

  it('only signed: hp is clear, nothing is recorded, the outside stays as it was', () => {
    const { outside, header } = compose(SAMPLE('smime-multipart-hp'), CLEAR);
    expect(header.replaceAll('\n ', ' ')).toContain('Content-Type: text/plain; hp="clear"; charset="utf-8"\n');
    expect(header).not.toContain('HP-Outer');
    expect(outside).toContain('Subject: smime-multipart-hp\n');
    expect(header).toContain(outside);
  });
});

describe('what is protected', () => {
  const mail = `Received: from a by b; Wed, 25 Nov 2026 09:00:00 +0000
DKIM-Signature: v=1; b=abc
ARC-Seal: i=1; b=abc
Bcc: secret@example.net
From: alice@example.com
Cc: bob@example.net
Subject: Numbers
X-Case-Number: 4711
Thread-Topic: Numbers
Thread-Index: AdQ=
Keywords: Contract
Comments: Not for the file

text
`;

  it('is what leaves, with what was supplied, but no Bcc and nothing of transport', () => {
    const { header } = compose(mail, { ...BASELINE, confidentiality: 'none' });
    for (const name of ['From', 'Cc', 'Subject', 'Date', 'Message-ID', 'Keywords', 'X-Case-Number']) {
      expect(header).toMatch(new RegExp(`^${name}: `, 'm'));
      expect(header).toMatch(new RegExp(`^HP-Outer: ${name}: `, 'm'));
    }
    expect(header).not.toMatch(/received|dkim|arc-|bcc|secret/i);
  });

  it('leaves transport fields outside alone', () => {
    expect(compose(mail).outside).toMatch(/^Received: .*\nARC-Seal: /);
  });

  it('baseline hides what repeats the subject', () => {
    const { outside, hidden } = compose(mail);
    expect(outside).toContain('Subject: [...]\n');
    expect(outside).not.toMatch(/Numbers|Thread|Keywords|Comments|AdQ/);
    expect(outside).toContain('X-Case-Number: 4711\n');
    expect(hidden).toEqual(['Subject', 'Thread-Topic', 'Thread-Index', 'Keywords', 'Comments']);
  });

  it('hides fields that are named, in any case and under every policy', () => {
    const { outside, header } = compose(mail, { ...BASELINE, confidentiality: 'none', confidential: ['x-case-number', 'SUBJECT'] });
    expect(outside).not.toContain('4711');
    expect(outside).toContain('Subject: [...]\n');
    expect(outside).toContain('Keywords: Contract\n');
    expect(header).not.toContain('HP-Outer: X-Case');
  });

  it('repeats a Subject once only where it is obscured', () => {
    const { outside } = compose('From: a@example.com\nSubject: one\nSubject: two\n\n.\n');
    expect(outside.match(/^Subject:/gm)).toHaveLength(1);
    expect(outside).not.toMatch(/one|two/);
  });

  it('records long fields in lines that may be sent, of the same text', () => {
    const { header } = compose(`From: a@example.com\nTo: b@example.com\nX-Long: ${'word '.repeat(198)}end\n\n.\n`);
    expect(Math.max(...header.split('\n').map((line) => line.length))).toBeLessThanOrEqual(998);
    const recorded = parseMimeTree(Buffer.from(header)).fields.find(({ raw }) => raw.includes('HP-Outer: X-Long'));
    expect(valuesNamed(recorded ? [recorded] : [], 'HP-Outer')).toEqual([`X-Long: ${'word '.repeat(198)}end`]);
  });
});

describe('shy', () => {
  const shy = (field: string) => compose(`From: a@example.com\n${field}\n\n.\n`, SHY).outside.split('\n');

  it.each([
    ['To: Bob <bob@example.net>, "Carol, C." <carol@Example.NET>', 'To: bob@example.net, carol@example.net'],
    ['To: Team: Bob <bob@example.net>;', 'To: Team: Bob <bob@example.net>;'],
    ['To: not an address', 'To: not an address'],
    ['Cc: =?utf-8?q?J=C3=BCrgen?= <j@m=C3=BCller.example>', 'Cc: =?utf-8?q?J=C3=BCrgen?= <j@m=C3=BCller.example>'],
    ['Date: Wed, 25 Nov 2026 10:00:00 +0100 (CET)', 'Date: Wed, 25 Nov 2026 09:00:00 +0000'],
    ['Date: yesterday', 'Date: yesterday'],
    ['Date: 25 Nov 2026 10:00 GMT', 'Date: Wed, 25 Nov 2026 10:00:00 +0000'],
  ])('%s', (field, outside) => {
    expect(shy(field)).toContain(outside);
  });

  it('leaves a From with several addresses as it is, and keeps the address in every case', () => {
    expect(compose('From: A <a@example.com>, B <b@example.com>\nSender: b@example.com\n\n.\n', SHY).outside).toContain(
      'From: A <a@example.com>, B <b@example.com>\n',
    );
    expect(compose('From: "A. Author" <A.Author@example.com>\n\n.\n', SHY).outside).toContain('From: A.Author@example.com\n');
  });
});

describe('a message that is sealed already', () => {
  const sealed = 'From: a@example.com\nSubject: x\nContent-Type: application/pkcs7-mime; name=smime.p7m\n\nMIA=\n';

  it('is refused where something would be hidden: readers would not find it', () => {
    expect(refusal(() => compose(sealed)).code).toBe('header-protection-impossible');
    const pgp = 'From: a@example.com\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\n\n--b--\n';
    expect(refusal(() => compose(pgp)).code).toBe('header-protection-impossible');
  });

  it('is signed around without header protection, and that is recorded', () => {
    const { header, changes } = compose(sealed, CLEAR);
    expect(header).toBe('Content-Type: application/pkcs7-mime; name=smime.p7m\n');
    expect(changes).toContain('header-protection-left-out already-sealed');
  });
});
