import type { Random } from '../kit/random.js';
import { MAX_INPUT_BYTES, mutateBytes } from './mutate-bytes.js';
import { mutateDer } from './mutate-der.js';

/** One change to a message: to its lines, header fields, boundaries, to the CMS in its base64, or to its mere octets. */
export function mutateMessage(bytes: Buffer, random: Random, other: Buffer): Buffer {
  return random.pick(CHANGES)(bytes, random, other).subarray(0, MAX_INPUT_BYTES);
}

type Change = (bytes: Buffer, random: Random, other: Buffer) => Buffer;

const SNIPPETS = [
  '\r\n',
  '\n',
  '\r',
  '\r\r\n',
  '\r\n\r\n',
  ' \r\n',
  '\0',
  '--',
  '\t',
  '"',
  '(',
  '\\',
  ';',
  '=?utf-8?Q?=0D=0A?=',
  '=?iso-8859-1?B?/w==?=',
  '=\r\n',
  'From me\r\n',
  'From: mallory@example.org\r\n',
  'Sender: carol@example.org\r\n',
  'Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n',
  'Content-Type: application/octet-stream; name=smime.p7m\r\n',
  'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b\r\n',
  'Content-Type: multipart/mixed; boundary=b\r\n',
  'Content-Type: message/rfc822\r\n',
  "Content-Type: text/plain; name*0*=utf-8'en'%c3; name*1=x; charset*=us-ascii''x\r\n",
  'Content-Transfer-Encoding: base64\r\n',
  'Content-Transfer-Encoding: binary\r\n',
  'Content-Transfer-Encoding: quoted-printable\r\n',
  'x-sender: a@example.com\r\nx-receiver: b@example.net\r\n',
  '--b\r\n',
  '\r\n--b--\r\n',
].map((snippet) => Buffer.from(snippet, 'latin1'));

const inCms: Change = (bytes, random, other) => {
  const found = base64Runs(bytes);
  if (found.length === 0) return mutateBytes(bytes, random, other);
  const [start, end] = random.pick(found);
  const [donorStart, donorEnd] = random.pick([...base64Runs(other), [0, 0] as const]);
  const cms = mutateDer(decoded(bytes, start, end), random, decoded(other, donorStart, donorEnd));
  const lines = cms.toString('base64').replace(/.{76}/g, '$&\r\n');
  return Buffer.concat([bytes.subarray(0, start), Buffer.from(lines, 'latin1'), bytes.subarray(end)]);
};

const CHANGES: readonly Change[] = [
  mutateBytes,
  mutateBytes,
  inCms,
  inCms,
  inCms,
  inCms,
  (bytes, random) => insertedAt(bytes, random.pick(lineStarts(bytes)), random.pick(SNIPPETS)),
  (bytes, random) => insertedAt(bytes, random.between(0, bytes.length), random.pick(SNIPPETS)),
  (bytes, random) => withLines(bytes, (lines) => lines.filter((_, index) => index !== random.between(0, lines.length - 1))),
  (bytes, random) => withLines(bytes, (lines) => lines.toSpliced(random.between(0, lines.length - 1), 0, random.pick(lines))),
  (bytes, random, other) =>
    withLines(bytes, (lines) => lines.toSpliced(random.between(0, lines.length - 1), 1, random.pick(linesOf(other)))),
  (bytes, random) => withLines(bytes, (lines) => random.sample(lines.slice(0, 8), 8).concat(lines.slice(8))),
  (bytes) => Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\n'), 'latin1'),
  (bytes, random) =>
    Buffer.from(
      bytes.toString('latin1').replace(/boundary="?([^";\r\n]+)"?/, `boundary="${random.pick(['', ' ', 'b', '$1 '])}"`),
      'latin1',
    ),
];

/** Header names, labels, addresses: short texts in which octets and pieces count, not lines. */
export function mutateText(bytes: Buffer, random: Random, other: Buffer): Buffer {
  if (random.chance(0.4)) return mutateBytes(bytes, random, other);
  return insertedAt(bytes, random.between(0, bytes.length), Buffer.from(random.pick(TEXT_SNIPPETS))).subarray(0, MAX_INPUT_BYTES);
}

const TEXT_SNIPPETS = [
  ...[
    '<',
    '>',
    '@',
    ',',
    ';',
    ':',
    '"',
    '(',
    ')',
    '[',
    ']',
    '\\',
    '.',
    ' ',
    '\t',
    '=',
    '*',
    "'",
    '%',
    '/',
    '\r\n ',
    '\0',
    'a',
    'é',
    '\u202e',
  ],
  ...[
    'a@example.com',
    '<a@example.com>',
    'undisclosed-recipients:;',
    '"a b"@example.com',
    '[192.0.2.1]',
    '[IPv6:::1]',
    'xn--',
    'bücher.example',
  ],
  ...['=?utf-8?Q?a?=', '=?utf-8?B?YQ==?=', "name*0*=utf-8''", 'name*1=', 'boundary=', 'charset="utf-8"', 'multipart/signed', '(a (b) c)'],
];

function insertedAt(bytes: Buffer, at: number, snippet: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), snippet, bytes.subarray(at)]);
}

function linesOf(bytes: Buffer): Buffer[] {
  const starts = lineStarts(bytes);
  return starts.map((start, index) => bytes.subarray(start, starts[index + 1] ?? bytes.length));
}

function lineStarts(bytes: Buffer): number[] {
  const starts = [0];
  for (let lf = bytes.indexOf(0x0a); lf !== -1 && lf + 1 < bytes.length; lf = bytes.indexOf(0x0a, lf + 1)) starts.push(lf + 1);
  return starts;
}

function withLines(bytes: Buffer, change: (lines: Buffer[]) => readonly Buffer[]): Buffer {
  return Buffer.concat(change(linesOf(bytes)));
}

/** Runs of base64 lines that look like DER: from and to. */
function base64Runs(bytes: Buffer): (readonly [start: number, end: number])[] {
  return [...bytes.toString('latin1').matchAll(/^MI[A-Za-z0-9+/=\r\n]{60,}/gm)].map(
    (run) => [run.index, run.index + run[0].length] as const,
  );
}

function decoded(bytes: Buffer, start: number, end: number): Buffer {
  return Buffer.from(bytes.toString('latin1', start, end), 'base64');
}
