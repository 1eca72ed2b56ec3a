import { box, line, pdf, text } from './pdf.mjs';
import { png } from './png.mjs';

export function invoicePdf() {
  const items = [
    ['Archive storage, November 2026', '12', '18.50', '222.00'],
    ['Restore of one mailbox', '1', '95.00', '95.00'],
    ['Certificate renewal, three mailboxes', '3', '24.00', '72.00'],
  ];
  const rows = items.flatMap((cells, n) => {
    const y = 560 - n * 24;
    return [...cells.map((cell, column) => text([60, 330, 400, 480][column], y, 11, cell)), line(60, y - 8, 535, y - 8)];
  });
  return pdf([
    [
      box(0, 790, 595, 52, [21, 75, 112]),
      text(60, 730, 20, 'Invoice 2026-1147', true),
      text(60, 705, 11, 'Date: 24 November 2026     Due: 8 December 2026     Customer: 30812'),
      text(60, 590, 11, 'Service', true),
      text(330, 590, 11, 'Number', true),
      text(400, 590, 11, 'Each', true),
      text(480, 590, 11, 'EUR', true),
      ...rows,
      text(400, 470, 12, 'Total', true),
      text(480, 470, 12, '389.00', true),
      text(60, 420, 10, 'Please give the invoice number with your payment. This is a sample; nothing is owed.'),
    ],
  ]);
}

/** A drop in a rounded square, lit from the upper left. */
export function logoPng() {
  const size = 168;
  return png(size, size, (x, y) => {
    const [u, v] = [(x - size / 2) / (size / 2), (y - size / 2) / (size / 2)];
    if (u ** 4 + v ** 4 > 0.92) return [255, 255, 255];
    const light = Math.max(0, 1.2 - Math.hypot(u + 0.5, v + 0.6));
    // The drop: a circle whose upper half narrows to a point.
    const halfWidth = v < 0.2 ? 0.5 * Math.max(0, v + 0.8) ** 0.8 : Math.sqrt(Math.max(0, 0.25 - (v - 0.2) ** 2));
    const inside = Math.abs(u) < halfWidth && v > -0.8 && v < 0.7;
    const base = inside ? [196, 214, 236] : [18, 74, 118];
    return base.map((channel, n) => Math.min(255, Math.round(channel + light * [34, 60, 72][n])));
  });
}

/** Messages sealed per weekday as bars, on a light grid. */
export function chartPng() {
  const counts = [412, 538, 497, 610, 455, 88, 61];
  const [width, height, slot] = [420, 170, 60];
  return png(width, height, (x, y) => {
    const count = counts[Math.floor(x / slot)];
    const inBar = x % slot > 9 && x % slot < 51 && height - 10 - y < count / 4.2 && y < height - 10;
    if (inBar) return [22, 100 + Math.round((height - y) / 2), 150 + Math.round((height - y) / 3)];
    return y % 32 === 0 ? [222, 228, 234] : [250, 252, 253];
  });
}

export const STATEMENT_TEXT = `Hello Bob,

your November summary is ready. In the last seven days 2,661 messages to your
organisation were signed and encrypted, and none had to be held back.

  Monday     412        Friday     455
  Tuesday    538        Saturday    88
  Wednesday  497        Sunday      61
  Thursday   610

Two certificates expire before the end of the year; we will write to their
owners. You do not need to do anything.

Steve
Mail operations
`;

const WEEK = [
  ['Monday', 412, '0.31'],
  ['Tuesday', 538, '0.29'],
  ['Wednesday', 497, '0.33'],
  ['Thursday', 610, '0.35'],
  ['Friday', 455, '0.30'],
  ['Saturday', 88, '0.27'],
  ['Sunday', 61, '0.26'],
];

const ROWS = WEEK.map(
  ([day, count, seconds]) => `          <tr>
            <td style="padding: 6px 12px; border-bottom: 1px solid #dfe5ea;">${day}</td>
            <td style="padding: 6px 12px; border-bottom: 1px solid #dfe5ea; text-align: right;">${count}</td>
            <td style="padding: 6px 12px; border-bottom: 1px solid #dfe5ea; text-align: right;">${seconds} s</td>
          </tr>`,
).join('\n');

export const STATEMENT_HTML = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Your November summary</title>
<style>
  body { margin: 0; background: #eef2f5; font-family: Helvetica, Arial, sans-serif; color: #22303a; }
  .card { max-width: 600px; margin: 24px auto; background: #ffffff; border-radius: 8px; overflow: hidden; }
  .head { background: #154b70; color: #ffffff; padding: 20px 28px; }
  .head img { vertical-align: middle; margin-right: 14px; border-radius: 10px; }
  .head h1 { display: inline; font-size: 22px; font-weight: 600; }
  .text { padding: 20px 28px; line-height: 1.5; }
  .note { background: #f7f3e4; border-left: 4px solid #d5a514; padding: 10px 16px; margin: 18px 0; }
  .foot { padding: 14px 28px; font-size: 12px; color: #6a7780; border-top: 1px solid #dfe5ea; }
</style>
</head>
<body>
  <div class="card">
    <div class="head">
      <img src="cid:logo.20261124@example.com" width="48" height="48" alt="A drop">
      <h1>Your November summary</h1>
    </div>
    <div class="text">
      <p>Hello Bob,</p>
      <p>your November summary is ready. In the last seven days <strong>2,661 messages</strong> to your organisation
      were signed and encrypted – and none had to be held back.</p>
      <p><img src="cid:chart.20261124@example.com" width="420" height="170" alt="Messages per day as bars"></p>
      <table style="border-collapse: collapse; width: 100%;">
        <thead>
          <tr style="background: #f1f5f8;">
            <th style="padding: 6px 12px; text-align: left;">Day</th>
            <th style="padding: 6px 12px; text-align: right;">Messages</th>
            <th style="padding: 6px 12px; text-align: right;">Median time</th>
          </tr>
        </thead>
        <tbody>
${ROWS}
        </tbody>
      </table>
      <div class="note">Two certificates expire before the end of the year. We will write to their owners;
      <em>you</em> do not need to do anything.</div>
      <p>Kind regards<br>Steve<br>Mail operations</p>
    </div>
    <div class="foot">Sent by example.com · This is a sample message · “Quotes”, dashes – and € signs must survive.</div>
  </div>
</body>
</html>
`;
