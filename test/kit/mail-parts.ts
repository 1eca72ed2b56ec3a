import type { Random } from './random.js';

/** A MIME entity to be written: header lines and either children or a body. Text has LF line ends until it is written. */
export interface Part {
  readonly header: readonly string[];
  readonly body: readonly Line[];
}

/** A run of octets; `verbatim` ones keep their line ends whatever the message's are (base64 excepted, all else is text). */
interface Line {
  readonly octets: Buffer;
  readonly verbatim: boolean;
}

export type Eol = () => '\r\n' | '\n';

interface Shape {
  readonly name: string;
  readonly make: (random: Random, depth: number) => Part;
}

/** Writes an entity with the line ends the caller wants. */
export function writePart(part: Part, eol: Eol): Buffer {
  return Buffer.concat([...part.header.map((line) => withEol(`${line}\n`, eol)), withEol('\n', eol), writeBody(part, eol)]);
}

function writeBody(part: Part, eol: Eol): Buffer {
  return Buffer.concat(part.body.map(({ octets, verbatim }) => (verbatim ? octets : withEol(octets.toString('latin1'), eol))));
}

function withEol(latin1: string, eol: Eol): Buffer {
  return Buffer.from(
    latin1.replace(/\n/g, () => eol()),
    'latin1',
  );
}

export function pickPart(random: Random, depth = 0): { part: Part; shape: string } {
  const shape = random.pick(depth >= 4 ? LEAVES : SHAPES);
  return { part: shape.make(random, depth), shape: shape.name };
}

const WORDS = [
  'invoice meeting report patient account transfer quarterly figures attached please confirm reference number before Friday the of and our',
  'Rechnung Überweisung größer Straße Prüfung Bestätigung fällig Gebühr für die Ämter müssen bis übermorgen',
  'facture reçue déjà réglée à échéance café où élève naïve garçon',
  'Счёт оплачен сегодня спасибо отчёт приложен',
  '請求書 添付 確認 お願いします 銀行 振込',
  'naïve 😀 “quoted” – dash … € 100 % ✓',
].map((line) => line.split(' '));

/** Lines of plain words; `beyondAscii` takes them from all scripts. */
export function prose(random: Random, lines: number, beyondAscii: boolean): string {
  const sentence = () => {
    const words = random.pick(beyondAscii ? WORDS : WORDS.slice(0, 1));
    return Array.from({ length: random.between(1, 12) }, () => random.pick(words)).join(' ');
  };
  return Array.from({ length: lines }, () => `${sentence()}\n`).join('');
}

const LEAVES: readonly Shape[] = [
  { name: 'text-ascii', make: (random) => text(prose(random, random.between(1, 40), false), 'us-ascii', '7bit') },
  { name: 'text-utf8-8bit', make: (random) => text(prose(random, random.between(1, 40), true), 'utf-8', '8bit') },
  { name: 'text-utf8-qp', make: (random) => text(quotedPrintable(prose(random, 10, true)), 'utf-8', 'quoted-printable') },
  { name: 'text-utf8-base64', make: (random) => text(base64(Buffer.from(prose(random, 10, true)), 76), 'utf-8', 'base64') },
  { name: 'text-latin1', make: (random) => octets(latin1(random), 'text/plain; charset=iso-8859-1', '8bit') },
  { name: 'text-wrong-charset', make: (random) => octets(latin1(random), 'text/plain; charset=utf-8', '8bit') },
  { name: 'text-unknown-charset', make: (random) => octets(latin1(random), 'text/plain; charset=x-mac-klingon', '8bit') },
  { name: 'text-utf16-base64', make: (random) => text(base64(Buffer.from(prose(random, 5, true), 'utf16le'), 76), 'utf-16le', 'base64') },
  { name: 'text-iso-2022-jp', make: () => text('\x1b$B4A;z\x1b(B and ASCII\n', 'iso-2022-jp', '7bit') },
  {
    name: 'text-flowed',
    make: (random) => octets(Buffer.from(flowed(random)), 'text/plain; charset=us-ascii; format=flowed; delsp=yes', '7bit'),
  },
  { name: 'text-long-lines', make: (random) => text(`${prose(random, 60, true).replace(/\n/g, ' ')}\nshort\n`, 'utf-8', '8bit') },
  { name: 'text-awkward-lines', make: (random) => text(awkward(random), 'us-ascii', '7bit') },
  { name: 'text-stray-cr', make: (random) => verbatim(`one\r\ntwo\r\r\nthree\rfour\r\n${prose(random, 2, false).replace(/\n/g, '\r\n')}`) },
  { name: 'text-nul', make: (random) => text(`before\0after\n${prose(random, 2, true)}`, 'utf-8', '8bit') },
  { name: 'text-empty', make: () => text('', 'us-ascii', '7bit') },
  { name: 'text-no-final-line-end', make: (random) => text(prose(random, 3, false).trimEnd(), 'us-ascii', '7bit') },
  { name: 'text-no-content-type', make: (random) => ({ header: [], body: lines(prose(random, 4, false)) }) },
  { name: 'text-no-content-type-utf8', make: (random) => ({ header: [], body: lines(prose(random, 4, true)) }) },
  { name: 'html', make: (random) => octets(Buffer.from(html(random)), 'text/html; charset="utf-8"', '8bit') },
  { name: 'calendar', make: () => octets(Buffer.from(CALENDAR), 'text/calendar; method=REQUEST; charset=utf-8', '7bit') },
  { name: 'json', make: (random) => octets(Buffer.from(JSON.stringify({ note: prose(random, 3, true) })), 'application/json', '8bit') },
  { name: 'pdf', make: (random) => attachment(random, 'application/pdf', 'report.pdf', 76) },
  { name: 'image', make: (random) => attachment(random, 'image/png', 'Übersicht 1.png', 76) },
  { name: 'base64-one-line', make: (random) => attachment(random, 'application/octet-stream', 'data.bin', 1_000_000) },
  { name: 'base64-odd-lines', make: (random) => attachment(random, 'application/zip', "it's; odd.zip", random.between(1, 75)) },
  { name: 'binary', make: binary },
];

const SHAPES: readonly Shape[] = [
  ...LEAVES,
  {
    name: 'alternative',
    make: (random) => multipart(random, 'alternative', [leafNamed('text-utf8-qp', random), leafNamed('html', random)]),
  },
  { name: 'mixed', make: (random, depth) => multipart(random, 'mixed', several(random, depth)) },
  { name: 'related', make: (random) => multipart(random, 'related', [leafNamed('html', random), leafNamed('image', random)]) },
  { name: 'one-part', make: (random, depth) => multipart(random, 'mixed', [pickPart(random, depth + 1).part]) },
  { name: 'enclosed', make: (random, depth) => multipart(random, 'mixed', [leafNamed('text-ascii', random), enclosed(random, depth)]) },
  { name: 'enclosed-alone', make: enclosed },
  { name: 'digest', make: (random, depth) => multipart(random, 'digest', [digestPart(random, depth), digestPart(random, depth)]) },
  { name: 'report', make: deliveryReport },
  { name: 'deep', make: deep },
];

function several(random: Random, depth: number): Part[] {
  return Array.from({ length: random.between(2, 5) }, () => pickPart(random, depth + 1).part);
}

function leafNamed(name: string, random: Random): Part {
  const shape = LEAVES.find((candidate) => candidate.name === name);
  if (shape === undefined) throw new Error(`no leaf shape ${name}`);
  return shape.make(random, 0);
}

/** Body text with LF line ends in; UTF-8 unless octets are given. */
function lines(content: string | Buffer): Line[] {
  return [{ octets: Buffer.from(content), verbatim: false }];
}

function text(content: string, charset: string, encoding: string): Part {
  return octets(Buffer.from(content), `text/plain; charset=${charset}`, encoding);
}

function octets(content: Buffer, type: string, encoding: string): Part {
  return { header: [`Content-Type: ${type}`, `Content-Transfer-Encoding: ${encoding}`], body: lines(content) };
}

function verbatim(content: string): Part {
  return { header: ['Content-Type: text/plain; charset=us-ascii'], body: [{ octets: Buffer.from(content), verbatim: true }] };
}

/** All octet values, line ends of every kind; first and last are letters, so that it is clear to every reader where the part begins and ends. */
function binary(random: Random): Part {
  const content = Buffer.concat([Buffer.from('A\n\r\r\n\0--\n'), random.bytes(random.between(1, 3000)), Buffer.from('Z')]);
  return {
    header: ['Content-Type: application/octet-stream; name=raw.bin', 'Content-Transfer-Encoding: binary'],
    body: [{ octets: content, verbatim: true }],
  };
}

function attachment(random: Random, type: string, name: string, width: number): Part {
  const parameter = /^[\x20-\x7e]*$/.test(name) ? `filename="${name}"` : `filename*=utf-8''${encodeURIComponent(name)}`;
  const header = [`content-type: ${type}`, `Content-Disposition: attachment;\n ${parameter}`, 'CONTENT-TRANSFER-ENCODING: BASE64'];
  return { header, body: lines(base64(random.bytes(random.between(0, 6000)), width)) };
}

function multipart(random: Random, subtype: string, children: readonly Part[]): Part {
  const boundary = random.pick(['=_a', '=_a.b', "it's (a) boundary? yes/no", '----=_NextPart_000_0001', 'b']) + random.between(0, 1e9);
  const quoted = /[^\w.=-]/.test(boundary) || boundary.includes('=') ? `"${boundary}"` : boundary;
  const preamble = random.chance(0.3) ? 'This is a message with several parts.\n' : '';
  const epilogue = random.chance(0.2) ? 'epilogue\n' : '';
  const fold = random.chance(0.5) ? '\n\t' : ' ';
  return {
    header: [
      `Content-Type: multipart/${subtype};${fold}boundary=${quoted}`,
      ...(random.chance(0.3) ? ['Content-Transfer-Encoding: 8bit'] : []),
    ],
    body: [
      ...lines(preamble),
      ...children.flatMap((child) => [...lines(`--${boundary}\n`), ...inline(child), ...lines('\n')]),
      ...lines(`--${boundary}--\n${epilogue}`),
    ],
  };
}

/** An entity as part of a body: its header block, the blank line and its body. */
function inline(part: Part): Line[] {
  return [...lines(part.header.map((line) => `${line}\n`).join('')), ...lines('\n'), ...part.body];
}

function enclosed(random: Random, depth: number): Part {
  return { header: ['Content-Type: message/rfc822', 'Content-Disposition: inline'], body: innerMessage(random, depth) };
}

/** In a multipart/digest the default type of a part is message/rfc822 (RFC 2046 section 5.1.5). */
function digestPart(random: Random, depth: number): Part {
  return { header: [], body: innerMessage(random, depth) };
}

function innerMessage(random: Random, depth: number): Line[] {
  const { part } = pickPart(random, depth + 1);
  const header = [
    'Received: from app.example.com by mail.example.com;\n Tue, 24 Nov 2026 08:00:00 +0000',
    'From: "Inner, Sender" <inner@example.org>',
    'To: somebody@example.net',
    `Subject: =?utf-8?q?enclosed_${random.between(1, 999)}?=`,
    'MIME-Version: 1.0',
  ];
  return inline({ header: [...header, ...part.header], body: part.body });
}

function deliveryReport(random: Random): Part {
  const status: Part = {
    header: ['Content-Type: message/delivery-status'],
    body: lines('Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; x@example.net\nAction: failed\nStatus: 5.1.1\n'),
  };
  return multipart(random, 'report; report-type=delivery-status', [leafNamed('text-ascii', random), status, enclosed(random, 4)]);
}

function deep(random: Random): Part {
  let part = leafNamed('text-utf8-8bit', random);
  for (let level = random.between(5, 30); level > 0; level--) part = multipart(random, 'mixed', [part]);
  return part;
}

function latin1(random: Random): Buffer {
  return Buffer.from(prose(random, 6, false).replaceAll('e', 'é').replaceAll('a', 'ä'), 'latin1');
}

function html(random: Random): string {
  const paragraphs = prose(random, random.between(1, 20), true).replace(/(.*)\n/g, '<p class="a">$1</p>\n');
  return `<!DOCTYPE html>\n<html><body>\n${paragraphs}<img src="cid:chart@example.com">\n</body></html>\n`;
}

function flowed(random: Random): string {
  return prose(random, 8, false).replace(/ /g, ' \n');
}

/** Lines that mail software likes to change: dots, `From `, blanks at the end, a signature's dashes, something like a boundary. */
function awkward(random: Random): string {
  return random
    .sample(['.', '..', '.dot', 'From here on', '>From', 'trailing  ', '\ttab\t', '-- ', '--', '--not-a-boundary--', '', ' '], 9)
    .join('\n');
}

function base64(content: Buffer, width: number): string {
  return content.toString('base64').replace(new RegExp(`.{1,${width}}`, 'g'), '$&\n');
}

function quotedPrintable(content: string): string {
  return content
    .split('\n')
    .map((line) => {
      const encoded = [...Buffer.from(line)].map((octet) =>
        octet > 126 || octet === 61 || octet < 32 ? `=${hex(octet)}` : String.fromCharCode(octet),
      );
      return encoded.join('').replace(/(?:=..|[^=]){60}(?=.)/g, '$&=\n');
    })
    .join('\n');
}

function hex(octet: number): string {
  return octet.toString(16).toUpperCase().padStart(2, '0');
}

const CALENDAR = 'BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nDTSTART:20261201T090000Z\nSUMMARY:Review\nEND:VEVENT\nEND:VCALENDAR\n';
