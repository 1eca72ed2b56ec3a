import { describe, expect, test } from 'vitest';
import { rawValue } from '../../src/message/field.js';
import { canonicalOf, crlf, headerText, octets, refusal } from './samples.js';

const HEAD = ['From: Alice <alice@example.com>', 'To: bob@example.net', 'Subject: Hello'];
const TEXT = [...HEAD, 'MIME-Version: 1.0', 'Content-Type: text/plain; charset=us-ascii'];

describe('what stands before the header', () => {
  test('a message that is canonical already is taken without any change, its body without a copy', () => {
    const original = octets(crlf(...TEXT, '', 'Hello Bob,', '', 'bye'));
    const message = canonicalOf(original);
    expect(message.changes).toEqual([]);
    expect(headerText(message)).toBe(crlf(...TEXT));
    expect(message.body.toString()).toBe(crlf('Hello Bob,', '', 'bye'));
    expect(message.body.buffer).toBe(original.buffer);
  });

  test('a UTF-8 byte order mark and one mbox line are removed and recorded', () => {
    const message = canonicalOf(`\xef\xbb\xbf${crlf('From alice@example.com Tue Nov 25 01:08:00 2025', ...TEXT, '', 'x')}`);
    expect(headerText(message)).toBe(crlf(...TEXT));
    expect(message.changes).toEqual(['bom-removed', 'mbox-from-line-removed']);
  });

  test('a From field with a blank before its colon is a field, not an mbox line', () => {
    const message = canonicalOf(crlf('From : alice@example.com', 'To\t: bob@example.net', 'Content-Type: text/plain', '', 'x'));
    expect(headerText(message)).toBe(crlf('From: alice@example.com', 'To: bob@example.net', 'Content-Type: text/plain'));
    expect(message.changes).toEqual(['blank-before-colon-removed From', 'blank-before-colon-removed To']);
  });

  test('an empty file is refused as empty', () => {
    expect(refusal(() => canonicalOf(''))).toMatchObject({ code: 'empty-message', disposition: 'quarantine' });
  });

  test('a file with nothing but a byte order mark or an mbox line is empty too', () => {
    expect(refusal(() => canonicalOf('\xef\xbb\xbf')).code).toBe('empty-message');
    expect(refusal(() => canonicalOf('From alice@example.com Tue Nov 25 01:08:00 2025\n')).code).toBe('empty-message');
  });
});

describe('control headers', () => {
  test('x-sender and x-receiver at the head are taken, folded, in any case, and do not stay in the header', () => {
    const message = canonicalOf(
      crlf('X-Sender: alice@example.com', 'x-RECEIVER:', '\tbob@example.net', 'x-receiver: c@example.org', ...TEXT, '', 'x'),
    );
    expect(message.envelopeLines).toEqual([
      { name: 'x-sender', value: 'alice@example.com' },
      { name: 'x-receiver', value: 'bob@example.net' },
      { name: 'x-receiver', value: 'c@example.org' },
    ]);
    expect(headerText(message)).toBe(crlf(...TEXT));
  });

  test('an address in angle brackets is unwrapped and recorded; the null sender stays as it is written', () => {
    const message = canonicalOf(crlf('x-sender: <>', 'x-receiver: <bob@example.net>', ...TEXT, '', 'x'));
    expect(message.envelopeLines.map((line) => line.value)).toEqual(['<>', 'bob@example.net']);
    expect(message.changes).toEqual(['x-receiver-unwrapped']);
  });

  test('an x-receiver after the first ordinary field does not count, and is recorded as dropped', () => {
    const message = canonicalOf(crlf('x-receiver: bob@example.net', 'X-Mailer: shop', 'X-Receiver: mallory@example.org', ...TEXT, '', 'x'));
    expect(message.envelopeLines.map((line) => line.value)).toEqual(['bob@example.net']);
    expect(message.control).toEqual([{ name: 'x-receiver', value: 'mallory@example.org' }]);
    expect(message.changes).toEqual(['misplaced-x-receiver-dropped']);
  });

  test.each([
    'x-sender-override',
    'X-Envid',
    'x-job',
    'X-Virtual-MTA',
    'x-dkim-options',
    'X-DKIM-Key',
    'x-schedule',
    'x-mq-smarthost-name',
    'X-MSYS-API',
    'X-Sealdrop-Rule',
  ])('%s leaves the header wherever it stands', (name) => {
    const message = canonicalOf(crlf(...TEXT, `${name}: some`, ' value', '', 'x'));
    expect(message.control).toEqual([{ name: name.toLowerCase(), value: 'some value' }]);
    expect(headerText(message)).toBe(crlf(...TEXT));
  });

  test('control headers between x-sender and x-receiver do not end the head', () => {
    const message = canonicalOf(crlf('x-sender: a@example.com', 'x-job: 7', 'x-receiver: b@example.net', ...TEXT, '', 'x'));
    expect(message.envelopeLines.map((line) => line.name)).toEqual(['x-sender', 'x-receiver']);
  });
});

describe('line ends', () => {
  test('LF becomes CRLF in header, folding and body', () => {
    const message = canonicalOf('From: alice@example.com\nSubject: a\n\tb\nContent-Type: text/plain\n\nx\n\ny\n');
    expect(headerText(message)).toBe(crlf('From: alice@example.com', 'Subject: a', '\tb', 'Content-Type: text/plain'));
    expect(message.body.toString()).toBe(crlf('x', '', 'y'));
    expect(message.changes).toEqual(['line-ends-to-crlf']);
  });

  test('in text CR CR LF is one line end, and a bare CR is one', () => {
    const message = canonicalOf(`${crlf(...TEXT, '')}a\r\r\nb\rc\r\rd\ne\r\n`);
    expect(message.body.toString()).toBe(crlf('a', 'b', 'c', '', 'd', 'e'));
  });

  test('a body that does not end in a line end is left so', () => {
    expect(canonicalOf(`${crlf(...TEXT, '')}no end`).body.toString()).toBe('no end');
  });

  test('a message without an empty line has an empty body', () => {
    const message = canonicalOf('From: alice@example.com\nContent-Type: text/plain');
    expect(headerText(message)).toBe(crlf('From: alice@example.com', 'Content-Type: text/plain'));
    expect(message.body).toHaveLength(0);
  });
});

describe('ambiguous headers', () => {
  test.each([
    ['a NUL', 'Subject: a\0b', 'line 4'],
    ['a bare CR', 'Subject: a\rBcc: c@example.org', 'line 4'],
    ['CR CR LF', 'Subject: a\r', 'line 4'],
    ['a line without a colon', 'Subject a', 'line 4'],
    ['a name with a blank inside', 'Sub ject: a', 'line 4'],
    ['an empty name', ': a', 'line 4'],
    ['an 8-bit name', 'S\xfcbject: a', 'line 4'],
    ['a line of blanks only', ' \t', 'line 4'],
  ])('%s in the header is refused, with its line', (_, line, where) => {
    const found = refusal(() => canonicalOf(crlf(...HEAD, line, 'Content-Type: text/plain', '', 'x')));
    expect(found).toMatchObject({ code: 'ambiguous-header', disposition: 'quarantine' });
    expect(found.message).toContain(where);
  });

  test('the line is counted in the submitted file, mbox line included', () => {
    const found = refusal(() => canonicalOf(`From alice@example.com Tue Nov 25 01:08:00 2025\n${crlf(...HEAD, 'oops', '', 'x')}`));
    expect(found.message).toContain('line 5');
  });

  test('the refusal never quotes what stood in the line', () => {
    expect(refusal(() => canonicalOf(crlf(...HEAD, 'the secret text', '', 'x'))).message).not.toContain('secret');
  });

  test('a message that begins with an empty line has no header and is refused', () => {
    expect(refusal(() => canonicalOf(crlf('', ...TEXT, '', 'x'))).code).toBe('ambiguous-header');
  });

  test('a message of text only is refused', () => {
    expect(refusal(() => canonicalOf('Dear Bob,\nthis is all.\n')).code).toBe('ambiguous-header');
  });

  test('a header that begins with a continuation line is refused', () => {
    expect(refusal(() => canonicalOf(crlf(' folded', ...TEXT, '', 'x'))).code).toBe('ambiguous-header');
  });

  test.each(['From: mallory@example.org', 'Content-Type: text/html', 'Content-Transfer-Encoding: base64'])(
    'a second, different %s is refused',
    (second) => {
      const lines = [...TEXT, 'Content-Transfer-Encoding: 7bit', second];
      expect(refusal(() => canonicalOf(crlf(...lines, '', 'x')))).toMatchObject({
        code: 'ambiguous-header',
        message: expect.stringContaining(second.split(':')[0] ?? ''),
      });
    },
  );

  test('identical duplicates collapse to the first, whatever their folding and case', () => {
    const message = canonicalOf(
      crlf(...TEXT, 'content-type: text/plain;', '  charset=us-ascii', 'FROM:  Alice <alice@example.com>', '', 'x'),
    );
    expect(headerText(message)).toBe(crlf(...TEXT));
    expect(message.changes).toEqual(['duplicate-from-removed', 'duplicate-content-type-removed']);
  });
});

describe('content without a label', () => {
  test('ASCII text without Content-Type is labelled us-ascii', () => {
    const message = canonicalOf(crlf(...HEAD, '', 'plain'));
    expect(headerText(message)).toBe(crlf(...HEAD, 'Content-Type: text/plain; charset=us-ascii'));
    expect(message.changes).toEqual(['content-type-supplied text/plain; charset=us-ascii']);
  });

  test('UTF-8 text without Content-Type is labelled utf-8 and 8bit', () => {
    const message = canonicalOf(Buffer.from(crlf(...HEAD, '', 'Grüße')));
    expect(headerText(message)).toBe(crlf(...HEAD, 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit'));
    expect(message.changes).toEqual(['content-type-supplied text/plain; charset=utf-8', 'content-transfer-encoding-supplied 8bit']);
  });

  test('other 8-bit text is labelled with the configured charset', () => {
    const message = canonicalOf(octets(crlf(...HEAD, '', 'Gr\xfc\xdfe')), { fallbackCharset: 'iso-8859-15' });
    expect(message.changes).toContain('content-type-supplied text/plain; charset=iso-8859-15');
    expect(message.body.toString('latin1')).toBe(crlf('Gr\xfc\xdfe'));
  });

  test('the charset is that of the decoded text when the body is encoded', () => {
    const message = canonicalOf(crlf(...HEAD, 'Content-Transfer-Encoding: quoted-printable', '', 'Gr=C3=BC=C3=9Fe'));
    expect(message.changes).toEqual(['content-type-supplied text/plain; charset=utf-8']);
  });

  test('a Content-Type that cannot be read stays as it is', () => {
    const lines = [...HEAD, 'Content-Type: ;;nonsense'];
    const message = canonicalOf(crlf(...lines, '', 'x'));
    expect(headerText(message)).toBe(crlf(...lines));
    expect(message.changes).toEqual([]);
  });

  test('8-bit octets under a 7bit label, and a broken charset label, stay as they are', () => {
    const lines = [...HEAD, 'Content-Type: text/plain; charset=none', 'Content-Transfer-Encoding: 7bit'];
    const message = canonicalOf(octets(crlf(...lines, '', 'Gr\xfc\xdfe')));
    expect(headerText(message)).toBe(crlf(...lines));
    expect(message.body.toString('latin1')).toBe(crlf('Gr\xfc\xdfe'));
    expect(message.changes).toEqual([]);
  });

  test('Content-Length is removed: it counts the submitted octets', () => {
    const message = canonicalOf(crlf(...TEXT, 'Content-Length: 5', '', 'x'));
    expect(headerText(message)).toBe(crlf(...TEXT));
    expect(message.changes).toEqual(['content-length-removed']);
  });
});

describe('binary leaves', () => {
  const binary = '\x89PNG\r\n\x1a\n\r\rx\n';

  test('a message labelled binary becomes base64 of its exact octets', () => {
    const message = canonicalOf(crlf(...HEAD, 'Content-Type: image/png', 'Content-Transfer-Encoding: binary', '') + binary);
    expect(headerText(message)).toBe(crlf(...HEAD, 'Content-Type: image/png', 'Content-Transfer-Encoding: base64'));
    expect(Buffer.from(message.body.toString(), 'base64')).toEqual(octets(binary));
    expect(message.body.toString().endsWith('\r\n')).toBe(true);
    expect(message.changes).toEqual(['binary-part-to-base64 1']);
  });

  test('in a multipart only the binary leaf changes, and the label of the multipart follows', () => {
    const lines = [
      '--b',
      'Content-Type: text/plain',
      '',
      'text',
      '--b',
      'Content-Type: image/png',
      'Content-Transfer-Encoding: Binary (raw)',
      '',
    ];
    const message = canonicalOf(
      `${crlf(...HEAD, 'Content-Type: multipart/mixed; boundary=b', 'Content-Transfer-Encoding: binary', '', ...lines)}${binary}\r\n--b--\r\n`,
    );
    expect(headerText(message)).toContain('Content-Transfer-Encoding: 7bit\r\n');
    expect(message.body.toString('latin1')).toBe(
      crlf(...lines.slice(0, 6), 'Content-Transfer-Encoding: base64', '', octets(binary).toString('base64'), '--b--'),
    );
    expect(message.changes).toEqual(['binary-part-to-base64 1.2', 'label-to-7bit 1']);
  });

  test('a binary multipart with 8-bit text in it becomes 8bit', () => {
    const message = canonicalOf(
      octets(
        crlf(
          ...HEAD,
          'Content-Type: multipart/mixed; boundary=b',
          'Content-Transfer-Encoding: binary',
          '',
          '--b',
          '',
          'Gr\xfc\xdfe',
          '--b--',
        ),
      ),
    );
    expect(headerText(message)).toContain('Content-Transfer-Encoding: 8bit\r\n');
    expect(message.changes).toEqual(['label-to-8bit 1']);
  });

  test('8-bit text after the last part counts too', () => {
    const message = canonicalOf(
      octets(
        crlf(
          ...HEAD,
          'Content-Type: multipart/mixed; boundary=b',
          'Content-Transfer-Encoding: binary',
          '',
          '--b',
          '',
          'x',
          '--b--',
          '\xfc',
        ),
      ),
    );
    expect(message.changes).toEqual(['label-to-8bit 1']);
  });

  test('a label is put where every reader sees it: before lines that are no field, after an mbox line', () => {
    const attached = (...header: string[]) => crlf(...HEAD, 'Content-Type: message/rfc822', '', ...header, '', 'a\0');
    const body = (...header: string[]) => canonicalOf(attached(...header)).body.toString();
    const label = 'Content-Transfer-Encoding: base64';
    expect(body('>From a@example.com Tue', 'Subject: x')).toBe(crlf('>From a@example.com Tue', 'Subject: x', label, '', 'YQANCg=='));
    expect(body('Subject: x', 'oops', 'To: b')).toBe(crlf('Subject: x', label, 'oops', 'To: b', '', 'YQANCg=='));
    expect(body('oops', 'Subject: x')).toBe(crlf(label, 'oops', 'Subject: x', '', 'YQANCg=='));
    expect(refusal(() => body(' oops', 'Subject: x')).code).toBe('ambiguous-header');
  });

  test('a leaf with NUL and no label gets one', () => {
    const message = canonicalOf(
      crlf(...HEAD, 'Content-Type: multipart/mixed; boundary=b', '', '--b', 'Content-Type: x/y', '', 'a\0\nb', '--b--'),
    );
    expect(message.body.toString()).toBe(
      crlf('--b', 'Content-Type: x/y', 'Content-Transfer-Encoding: base64', '', Buffer.from('a\0\nb').toString('base64'), '--b--'),
    );
  });

  test('a NUL in an encoded leaf does not change what it decodes to', () => {
    const encoded = canonicalOf(crlf(...TEXT, 'Content-Transfer-Encoding: BASE64', '', 'SGVs\0bG8='));
    expect(headerText(encoded)).toContain('Content-Transfer-Encoding: BASE64\r\n');
    expect(encoded.body.toString()).toBe(crlf('SGVsbG8='));
    const quoted = canonicalOf(crlf(...TEXT, 'Content-Transfer-Encoding: quoted-printable', '', 'a=3D\0b'));
    expect(Buffer.from(quoted.body.toString(), 'base64').toString()).toBe('a=\0b\r\n');
  });

  test('in a message with LF line ends a CR at the end of a binary leaf belongs to the leaf', () => {
    const message = canonicalOf(
      `${crlf(...HEAD, 'Content-Type: multipart/mixed; boundary=b', '', '--b', 'Content-Transfer-Encoding: binary', '').replaceAll('\r\n', '\n')}ab\r\n--b--\n`,
    );
    expect(message.body.toString()).toContain(Buffer.from('ab\r').toString('base64'));
  });

  test('a binary leaf inside an attached message is found', () => {
    const message = canonicalOf(
      crlf(
        ...HEAD,
        'Content-Type: message/rfc822',
        'Content-Transfer-Encoding: binary',
        '',
        'Subject: inner',
        'Content-Type: x/y',
        'Content-Transfer-Encoding: binary',
        '',
        'a\nb',
      ),
    );
    expect(message.body.toString()).toContain(
      'Subject: inner\r\nContent-Type: x/y\r\nContent-Transfer-Encoding: base64\r\n\r\nYQpiDQo=\r\n',
    );
    expect(message.changes).toEqual(['binary-part-to-base64 1.1', 'label-to-7bit 1']);
  });

  test('a change within an already signed part is recorded, because it breaks that signature', () => {
    const message = canonicalOf(
      crlf(
        ...HEAD,
        'Content-Type: multipart/signed; boundary=b',
        '',
        '--b',
        'Content-Transfer-Encoding: binary',
        '',
        'x',
        '--b',
        'Content-Type: application/pkcs7-signature',
        '',
        'c2ln',
        '--b--',
      ),
    );
    expect(message.changes).toContain('signed-part-altered 1.1');
  });

  test('a change to line ends in a signed part is one to what was signed only where they were no line ends', () => {
    const signed = (text: string) =>
      canonicalOf(
        `${HEAD.join('\n')}\nContent-Type: multipart/signed; boundary=b\n\n--b\n\n${text}\n--b\nContent-Type: application/pkcs7-signature\n\nc2ln\n--b--\n`,
      ).changes;
    expect(signed('x\ny')).toEqual(['line-ends-to-crlf']);
    expect(signed('x\ry')).toEqual(['line-ends-to-crlf', 'signed-part-altered 1.1']);
  });
});

describe('headers inside the message', () => {
  const multipart = (...part: string[]) => octets(crlf(...HEAD, 'Content-Type: multipart/mixed; boundary=b', '', '--b', ...part, '--b--'));
  const attached = (...header: string[]) => multipart('Content-Type: message/rfc822', '', ...header, '', 'x');

  test.each([
    ['a NUL', 'Content-Type: text/plain\0'],
    ['a bare CR', 'Content-Description: a\rContent-Type: text/html'],
    ['CR CR LF', 'Content-Type: text/plain\r'],
  ])('%s in the header of a part is refused', (_, line) => {
    expect(refusal(() => canonicalOf(multipart(line, '', 'x')))).toMatchObject({
      code: 'ambiguous-header',
      message: expect.stringContaining('line 7'),
    });
  });

  test('two different labels in the header of a part, or of an attached message, are refused', () => {
    const labels = ['Content-Type: text/plain', 'Content-Type: text/html'];
    expect(refusal(() => canonicalOf(multipart(...labels, '', 'x'))).code).toBe('ambiguous-header');
    expect(refusal(() => canonicalOf(attached('Subject: x', ...labels))).code).toBe('ambiguous-header');
  });

  test('an attached message may have two From fields: it is not ours', () => {
    expect(canonicalOf(attached('From: a@example.com', 'From: b@example.com')).changes).toEqual([]);
  });

  test('an mbox line before an attached message is left alone', () => {
    const original = attached('From a@example.com Tue Nov 25 01:08:00 2025', 'Content-Type: text/plain');
    expect(canonicalOf(original).changes).toEqual([]);
    expect(original.includes(canonicalOf(original).body)).toBe(true);
  });

  test('an mbox line elsewhere in the header of an attached message is a line that is no field', () => {
    expect(refusal(() => canonicalOf(attached('Subject: x', 'From a@example.com Tue', 'Content-Type: text/plain'))).code).toBe(
      'ambiguous-header',
    );
  });

  test('a line that is no field is left alone, unless labels follow it that some readers will not see', () => {
    expect(canonicalOf(multipart('Content-Type: text/plain', 'oops', '', 'x')).changes).toEqual([]);
    expect(refusal(() => canonicalOf(multipart('oops', 'Content-Type: text/plain', '', 'x'))).code).toBe('ambiguous-header');
  });
});

test('raw values keep 8-bit octets one to one', () => {
  const message = canonicalOf(octets(crlf(...HEAD, 'X-Note: Gr\xfc\xdfe\xa0', '', 'x')));
  const note = message.fields.find((field) => field.name === 'X-Note');
  expect(note && rawValue(note)).toBe('Gr\xfc\xdfe\xa0');
});
