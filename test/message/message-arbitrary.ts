import fc from 'fast-check';

/** An entity in CRLF form, and what its leaves decode to, in order. */
export interface GeneratedEntity {
  readonly bytes: Buffer;
  readonly leaves: readonly { type: string; content: Buffer }[];
}

/** Lines that matter to transport beside ordinary ones; latin1 octets. */
const line = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.constantFrom(
    '',
    '.',
    '..',
    'From me',
    '>From me',
    ' ',
    'ends in blank ',
    'tab\t',
    '--',
    '--=_none',
    '=3D',
    'a=',
    'Gr\xfc\xdfe',
    '\x7f\x01',
    'x'.repeat(998),
    'y'.repeat(1200),
  ),
  fc
    .string({ unit: fc.integer({ min: 1, max: 255 }).map((octet) => String.fromCharCode(octet)), maxLength: 30 })
    .map((text) => text.replace(/[\r\n]/g, '')),
);

const textContent = fc.array(line, { minLength: 1, maxLength: 6 }).map((lines) => Buffer.from(lines.join('\r\n'), 'latin1'));
const binaryContent = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((octets) => Buffer.from(octets)),
  fc.constantFrom('\n', '\r', '\r\n\n\r', 'a\0b\n--=_none\n').map((text) => Buffer.from(text, 'latin1')),
);

function entity(header: string[], body: Buffer, leaves: GeneratedEntity['leaves']): GeneratedEntity {
  return { bytes: Buffer.concat([Buffer.from(`${header.join('\r\n')}${header.length > 0 ? '\r\n' : ''}\r\n`, 'latin1'), body]), leaves };
}

const textLeaf = fc
  .record({
    content: textContent,
    type: fc.constantFrom(undefined, 'text/plain', 'text/html; charset=iso-8859-1', 'application/json'),
    label: fc.constantFrom(undefined, '7bit', '8bit', '8BIT', 'x-unknown-but-identity'),
  })
  .map(({ content, type, label }) => {
    const header = [
      ...(type === undefined ? [] : [`Content-Type: ${type}`]),
      ...(label === undefined ? [] : [`Content-Transfer-Encoding: ${label}`]),
    ];
    return entity(header, content, [{ type: type?.split(';')[0] ?? 'text/plain', content }]);
  });

const binaryLeaf = binaryContent.map((content) =>
  entity(['Content-Type: application/octet-stream', 'Content-Transfer-Encoding: binary'], content, [
    { type: 'application/octet-stream', content },
  ]),
);

const base64Leaf = fc
  .tuple(binaryContent, fc.constantFrom('\r\n', ' \r\n', ''))
  .map(([content, separator]) =>
    entity(
      ['Content-Type: image/png', 'Content-Transfer-Encoding: base64'],
      Buffer.from(content.toString('base64').replace(/.{20}/g, `$&${separator}`)),
      [{ type: 'image/png', content }],
    ),
  );

/** Well-formed quoted-printable as careless programs write it: nothing encoded that need not be. */
const quotedLeaf = fc
  .array(fc.constantFrom('a', '=3D', '=C3=BC', '.', 'From x', ' =\r\n', '=\r\n', 'word ', '=20\r\n', '\r\n', '\xfc'), { maxLength: 12 })
  .map((pieces) => pieces.join('').replace(/[ \t]+(?=\r\n|$)/g, ''))
  .map((encoded) => {
    const decoded = encoded
      .replace(/=\r\n/g, '')
      .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    return entity(['Content-Type: text/plain', 'Content-Transfer-Encoding: quoted-printable'], Buffer.from(encoded, 'latin1'), [
      { type: 'text/plain', content: Buffer.from(decoded, 'latin1') },
    ]);
  });

const leaf = fc.oneof(textLeaf, binaryLeaf, base64Leaf, quotedLeaf);

export const generatedEntity: fc.Arbitrary<GeneratedEntity> = fc.letrec<{
  entity: GeneratedEntity;
  multipart: GeneratedEntity;
  attached: GeneratedEntity;
}>((tie) => ({
  entity: fc.oneof({ maxDepth: 3, withCrossShrink: true }, leaf, tie('multipart'), tie('attached')),
  multipart: fc
    .record({
      parts: fc.array(tie('entity'), { minLength: 1, maxLength: 3 }),
      boundary: fc.noShrink(fc.uuid()).map((id) => `=_${id}`),
      label: fc.constantFrom(undefined, '7bit', '8bit', 'binary'),
      preamble: fc.constantFrom('', 'preamble\r\n', 'pr\xfcambel \r\n'),
      padding: fc.constantFrom('', ' '),
      epilogue: fc.constantFrom('', '\r\n', '\r\nepilogue', '\r\n\xfc'),
    })
    .map(({ parts, boundary, label, preamble, padding, epilogue }) => {
      const delimiter = `--${boundary}`;
      const body: Buffer[] = [Buffer.from(preamble, 'latin1')];
      for (const part of parts) body.push(Buffer.from(`${delimiter}${padding}\r\n`), part.bytes, Buffer.from('\r\n'));
      body.push(Buffer.from(`${delimiter}--${padding}${epilogue}`, 'latin1'));
      const header = [
        `Content-Type: multipart/mixed; boundary="${boundary}"`,
        ...(label === undefined ? [] : [`Content-Transfer-Encoding: ${label}`]),
      ];
      return entity(
        header,
        Buffer.concat(body),
        parts.flatMap((part) => part.leaves),
      );
    }),
  attached: fc
    .record({
      inner: tie('entity'),
      label: fc.constantFrom(undefined, '8bit', 'binary'),
      subject: fc.constantFrom('x', 'Gr\xfc\xdfe ', 'y\r\n '),
    })
    .map(({ inner, label, subject }) => {
      const header = ['Content-Type: message/rfc822', ...(label === undefined ? [] : [`Content-Transfer-Encoding: ${label}`])];
      return entity(header, Buffer.concat([Buffer.from(`Subject: ${subject}\r\n`, 'latin1'), inner.bytes]), inner.leaves);
    }),
})).entity;

/** A whole message around it. */
export function messageOf({ bytes }: GeneratedEntity): Buffer {
  return Buffer.concat([Buffer.from('From: alice@example.com\r\nTo: bob@example.net\r\n'), bytes]);
}
