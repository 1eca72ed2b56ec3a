// Writes samples/*.eml. They are checked in; this shows how they were made, and is where to change them. Deterministic.
import { Buffer } from 'node:buffer';
import { writeFileSync } from 'node:fs';
import { energyReport } from './samples/energy-report.mjs';
import { chartPng, invoicePdf, logoPng, STATEMENT_HTML, STATEMENT_TEXT } from './samples/letters.mjs';
import { attachment, encodedWords, entity, multipart, part, textPart, unixLines } from './samples/mime.mjs';

const STEVE = 'Steve <steve@example.com>';
const ALICE = 'Alice <alice@example.com>';
const BILLING = '"Billing, Example Ltd" <billing@example.com>';
const BOB = 'Bob <bob@example.net>';
const CAROL = 'Carol <carol@example.org>';
const DAVE = 'Dave <dave@example.net>';

function stamp(name, time) {
  return [`Date: Tue, 24 Nov 2026 ${time} +0100`, `Message-ID: <${name}.20261124@example.com>`];
}

function message(name, time, fields, content) {
  return entity([...fields, ...stamp(name, time), 'MIME-Version: 1.0', ...content.header], content.body);
}

const utf8Text = { header: ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit'] };

const samples = {
  // Neither Date nor Message-ID nor any MIME field: the least an application can write.
  plain: entity(
    [`From: ${ALICE}`, `To: ${BOB}`, 'Subject: Delivery tomorrow'],
    'The parts arrive tomorrow at nine; please open the yard gate.\n',
  ),

  fancy: message(
    'fancy',
    '09:12:00',
    [`From: ${STEVE}`, `To: ${BOB}`, 'Subject: Your November summary'],
    multipart('alternative', 'alt-5d1c0f', [
      textPart('text/plain', STATEMENT_TEXT),
      part('related', 'rel-77a2e1', [
        textPart('text/html', STATEMENT_HTML, 'quoted-printable'),
        attachment('image/png', 'logo.png', logoPng(), 'logo.20261124@example.com'),
        attachment('image/png', 'chart.png', chartPng(), 'chart.20261124@example.com'),
      ]),
    ]),
  ),

  large: message(
    'large',
    '09:20:00',
    [`From: ${ALICE}`, `To: ${BOB},\r\n ${CAROL}`, 'Subject: Energy report, third quarter 2026'],
    energyMail(),
  ),

  alternative: message(
    'alternative',
    '09:31:00',
    [`From: ${ALICE}`, `To: ${CAROL}`, 'Subject: Your appointment on 3 December'],
    multipart('alternative', '=_appointment', [
      textPart(
        'text/plain',
        'Dear Carol,\n\nyour appointment is on Thursday, 3 December, at 14:30 in room 2.17.\nIf you cannot come, please reply by Monday.\n',
      ),
      textPart(
        'text/html',
        '<p>Dear Carol,</p>\n<p>your appointment is on <b>Thursday, 3 December, at 14:30</b> in room 2.17.<br>\nIf you cannot come, please reply by Monday.</p>\n',
      ),
      entity(
        ['Content-Type: text/calendar; method=REQUEST; charset=utf-8'],
        [
          'BEGIN:VCALENDAR',
          'VERSION:2.0',
          'PRODID:-//example.com//appointments//EN',
          'METHOD:REQUEST',
          'BEGIN:VEVENT',
          'UID:20261203-1430@example.com',
          'DTSTAMP:20261124T083100Z',
          'DTSTART:20261203T133000Z',
          'DTEND:20261203T140000Z',
          'SUMMARY:Appointment\\, room 2.17',
          'ORGANIZER:mailto:alice@example.com',
          'ATTENDEE:mailto:carol@example.org',
          'END:VEVENT',
          'END:VCALENDAR',
          '',
        ].join('\n'),
      ),
    ]),
  ),

  forward: message(
    'forward',
    '09:45:00',
    [`From: ${ALICE}`, `To: ${DAVE}`, 'Subject: Fwd: Measured values', 'References: <values.20261123@example.org>'],
    multipart('mixed', 'fwd-1', [
      textPart('text/plain', 'Dave, could you check the second row? Carol’s mail is below as she sent it.\n'),
      entity(['Content-Type: message/rfc822', 'Content-Disposition: attachment; filename="Measured values.eml"'], forwarded()),
    ]),
  ),

  'unix-lines': unixLines(
    message('unix-lines', '10:02:00', [`From: ${STEVE}`, `To: ${BOB}`, 'Subject: Nightly backup finished'], {
      header: ['Content-Type: text/plain; charset=us-ascii'],
      body: 'The nightly backup finished at 02:47.\n\n  volumes    14\n  written    412 GiB\n  failed     0\n\nLines end in LF here, as a shell script writes them.\n',
    }),
  ),

  international: message(
    'international',
    '10:15:00',
    [
      `From: ${encodedWords('Steve (Büro Zürich)')} <steve@example.com>`,
      `To: ${encodedWords('Bob, Größe & Söhne')} <bob@example.net>,\r\n ${encodedWords('キャロル')} <carol@example.org>`,
      'Reply-To: =?iso-8859-1?Q?B=FCcherei?= <post@xn--bcher-kva.example>',
      `Subject: ${encodedWords('Übergabe der Schlüssel – 鍵の引き渡し – Передача ключей – παράδοση κλειδιών')}`,
    ],
    {
      ...utf8Text,
      body: 'Grüß Gott, こんにちは, здравствуйте, γεια σας!\n\nDie Schlüssel liegen bereit. Rückfragen bitte an post@bücher.example.\n鍵の準備ができました。\nКлючи готовы. 🔑 100 € Pfand.\n',
    },
  ),

  'blind-copy': message(
    'blind-copy',
    '10:30:00',
    [`From: ${BILLING}`, `To: ${BOB}`, `Bcc: ${CAROL}, ${DAVE}`, 'Subject: New bank details'],
    {
      ...utf8Text,
      body: 'From 1 December please use the account named on your December invoice.\nWe will never ask for such a change by telephone.\n',
    },
  ),

  pickup: Buffer.concat([
    Buffer.from(
      'x-sender: bounces@example.com\r\nx-receiver: bob@example.net\r\nx-receiver: carol@example.org\r\nx-job: statements-2026-11\r\n',
    ),
    message('pickup', '10:41:00', [`From: ${BILLING}`, 'To: undisclosed-recipients:;', 'Subject: Statement of account, November'], {
      ...utf8Text,
      body: 'Your statement of account for November is available at the counter.\nBalance carried forward: 1,204.50 €.\n',
    }),
  ]),

  invoice: message(
    'invoice',
    '10:55:00',
    [`From: ${BILLING}`, `To: ${CAROL}`, 'Cc: dave@example.net', 'Subject: Invoice 2026-1147'],
    multipart('mixed', '----=_Part_1147', [
      textPart(
        'text/plain',
        'Dear Carol,\n\nplease find invoice 2026-1147 over 389.00 € attached. It is due on 8 December 2026.\n\nBilling\n',
        'quoted-printable',
      ),
      attachment('application/pdf', 'invoice-2026-1147.pdf', invoicePdf()),
    ]),
  ),

  mbox: Buffer.concat([
    Buffer.from('From alice@example.com Tue Nov 24 10:00:00 2026\n'),
    unixLines(
      message('mbox', '11:00:00', [`From: ${ALICE}`, `To: ${DAVE}`, 'Subject: Taken from a mailbox'], {
        ...utf8Text,
        body: 'This file was cut out of an mbox, with the separator line still at its top.\n\nFrom here on the text begins with a word that mail programs like to quote.\n',
      }),
    ),
  ]),

  group: message(
    'group',
    '11:10:00',
    [
      'From: alice@example.com (Alice, front desk)',
      'To: Audit team: Bob <bob@example.net>,\r\n\t"Carol (external)" <carol@example.org>;',
      'Cc: (for the minutes) dave@EXAMPLE.NET',
      'Subject: Audit on Thursday',
    ],
    { ...utf8Text, body: 'We meet on Thursday at ten. Bring the log of certificate changes.\n-- \nAlice\n' },
  ),
};

for (const [name, octets] of Object.entries(samples)) writeFileSync(new URL(`../samples/${name}.eml`, import.meta.url), octets);

function energyMail() {
  const { csv, picture, report } = energyReport();
  const words =
    'the report for the third quarter is attached, with the quarter-hour readings\nand a picture of the load: one column a day, midnight at the top.\nThe cooling of the laboratories took a fifth more than last summer; the offices took less on every single\nworking day. Please tell me before Friday which of the two halls you want measured next, so that the\nmeters can be ordered in time for January.';
  return multipart('mixed', 'mix-2026q3', [
    part('alternative', 'alt-2026q3', [
      textPart('text/plain', `Dear both,\n\n${words}\n\nAlice\n`),
      textPart('text/html', `<p>Dear both,</p>\n<p>${words}</p>\n<p>Alice</p>\n`),
    ]),
    attachment('application/pdf', 'energy-2026-q3.pdf', report),
    attachment('image/png', 'load-2026-q3.png', picture),
    attachment('text/csv', 'readings-2026-q3.csv', csv),
  ]);
}

function forwarded() {
  const content = multipart('mixed', 'inner-boundary', [
    textPart('text/plain', 'Alice, here are Monday’s values. The second one looks odd to me.\n'),
    attachment('text/csv', 'values.csv', Buffer.from('probe;value;unit\r\nA1;12.7;µg/l\r\nA2;127;µg/l\r\nA3;12.1;µg/l\r\n')),
  ]);
  const fields = [`From: ${CAROL}`, `To: ${ALICE}`, 'Subject: Measured values', 'Date: Mon, 23 Nov 2026 16:20:11 +0100'];
  return entity([...fields, 'Message-ID: <values.20261123@example.org>', 'MIME-Version: 1.0', ...content.header], content.body);
}
