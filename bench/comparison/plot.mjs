// @ts-check
import { KEY_NAMES, KEYS, SIZE_NAMES, SIZES } from './cases.mjs';
import { figure, linesOf } from './table.mjs';

const panel = { width: 490, labels: 208, values: 60, row: 23, head: 46, foot: 38 };
const margin = 24;
const gap = 32;
const top = 78;
const track = { from: panel.labels + 8, to: panel.width - panel.values };

/** Colours of both schemes; a picture in a page does not know that of the page, so it brings its own ground. */
const style = `
  text { font: 13px system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif; fill: #1f2328 }
  .ground { fill: #ffffff }
  .title { font-size: 17px; font-weight: 600 }
  .size { font-size: 15px; font-weight: 600 }
  .quiet { fill: #59636e; font-size: 12px }
  .right { text-anchor: end }
  .middle { text-anchor: middle }
  .strong { font-weight: 600 }
  .grid { stroke: #d1d9e0; stroke-width: 1 }
  .span { stroke-width: 2; stroke-opacity: 0.45; stroke: #59636e }
  .mark { stroke-width: 1.8; stroke: #59636e; fill: #59636e }
  .hollow { fill: #ffffff }
  .own { stroke: #0969da; fill: #0969da }
  .own.hollow { fill: #ffffff }
  .band { fill: #0969da; fill-opacity: 0.08 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .ground { fill: #0d1117 }
    .quiet { fill: #9198a1 }
    .grid { stroke: #3d444d }
    .span { stroke: #9198a1 }
    .mark { stroke: #9198a1; fill: #9198a1 }
    .own { stroke: #4493f8; fill: #4493f8 }
    .hollow, .own.hollow { fill: #0d1117 }
    .band { fill: #4493f8; fill-opacity: 0.14 }
  }
`;

/**
 * Messages per second of every program, one panel a size, on a logarithmic scale, as SVG.
 * @param {import('./cases.mjs').Group[]} groups
 */
export function comparisonPlot(groups) {
  const sizes = SIZE_NAMES.filter((size) => groups.some((group) => group.size === size));
  const panels = sizes.map((size) => byProgram(groups.filter((group) => group.size === size)));
  const height = panel.head + panel.foot + panel.row * Math.max(0, ...panels.map((lines) => lines.length));
  const [columns, rows] = [2, Math.ceil(panels.length / 2)];
  const [width, bottom] = [2 * margin + columns * panel.width + gap, top + rows * height];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom}" width="${width}" height="${bottom}" role="img" aria-labelledby="what">`,
    `<title id="what">Messages signed and encrypted per second by sealdrop and by other programs, for mails of ${sizes.map((size) => SIZES[size].label).join(', ')}</title>`,
    `<style>${style}</style>`,
    `<rect class="ground" width="${width}" height="${bottom}" rx="8"/>`,
    `<text class="title" x="${margin}" y="32">Messages signed and encrypted per second</text>`,
    legend(),
    ...panels.map((lines, n) => {
      const at = `translate(${margin + (n % columns) * (panel.width + gap)} ${top + Math.floor(n / columns) * height})`;
      return `<g transform="${at}">${onePanel(SIZES[sizes[n] ?? '2KB'].label, lines)}</g>`;
    }),
    '</svg>',
    '',
  ].join('\n');
}

/** @typedef {{ label: string, rates: Partial<Record<import('./cases.mjs').KeyName, number>> }} Line one program: a rate for each kind of key */

/**
 * @param {import('./cases.mjs').Group[]} groups of one size
 * @returns {Line[]}
 */
function byProgram(groups) {
  /** @type {Map<string, Line>} */
  const lines = new Map();
  for (const group of groups) {
    for (const { label, rate } of linesOf(group)) {
      const line = lines.get(label) ?? { label, rates: {} };
      line.rates[group.key] = rate;
      lines.set(label, line);
    }
  }
  return [...lines.values()];
}

/**
 * @param {string} size
 * @param {Line[]} lines
 */
function onePanel(size, lines) {
  const { x, ticks } = scale(lines.flatMap(({ rates }) => Object.values(rates)));
  const end = panel.head + lines.length * panel.row;
  return [
    `<text class="size" x="0" y="20">${size}</text>`,
    `<text class="quiet right" x="${panel.width}" y="20">${KEYS['rsa-2048']}</text>`,
    ...ticks.map(
      (tick) =>
        `<path class="grid" d="M${x(tick)} ${panel.head - 12}V${end}"/><text class="quiet middle" x="${x(tick)}" y="${end + 16}">${tick.toLocaleString('en')}</text>`,
    ),
    ...lines.map((line, n) => oneLine(line, x, panel.head + n * panel.row)),
  ].join('\n');
}

/**
 * @param {Line} line
 * @param {(rate: number) => number} x
 * @param {number} y
 */
function oneLine({ label, rates }, x, y) {
  const own = label.startsWith('sealdrop');
  const places = Object.values(rates).map(x);
  const strong = own ? ' strong' : '';
  const named = rates['rsa-2048'];
  return [
    label === 'sealdrop' ? `<rect class="band" x="-8" y="${y - 11.5}" width="${panel.width + 16}" height="${panel.row - 1}" rx="5"/>` : '',
    `<text class="${strong.trim()}" x="0" y="${y + 4}">${label}</text>`,
    `<path class="span${own ? ' own' : ''}" d="M${Math.min(...places)} ${y}H${Math.max(...places)}"/>`,
    ...KEY_NAMES.map((key) => (rates[key] === undefined ? '' : mark(key, x(rates[key]), y, own))),
    named === undefined ? '' : `<text class="right${strong}" x="${panel.width}" y="${y + 4}">${figure(named)}</text>`,
  ].join('');
}

/**
 * @param {import('./cases.mjs').KeyName} key
 * @param {number} x
 * @param {number} y
 * @param {boolean} own
 */
function mark(key, x, y, own) {
  const colour = own ? ' own' : '';
  if (key === 'rsa-2048') return `<circle class="mark${colour}" cx="${x}" cy="${y}" r="4.6"/>`;
  if (key === 'rsa-3072') return `<circle class="mark${colour} hollow" cx="${x}" cy="${y}" r="4.6"/>`;
  return `<path class="mark${colour}" d="M${x} ${y - 6}L${x + 6} ${y}L${x} ${y + 6}L${x - 6} ${y}Z"/>`;
}

function legend() {
  const words = { 'rsa-2048': 'RSA-2048', 'rsa-3072': 'RSA-3072', 'p-256': 'P-256 signs, RSA-2048 receives' };
  const at = { 'rsa-2048': 0, 'rsa-3072': 100, 'p-256': 200 };
  return KEY_NAMES.map(
    (key) => `${mark(key, margin + 6 + at[key], 54, false)}<text class="quiet" x="${margin + 18 + at[key]}" y="58">${words[key]}</text>`,
  ).join('');
}

/**
 * A logarithmic scale from a round number below all rates to one above, and its ticks: every decade, or 1, 2, 5 where there are few.
 * @param {number[]} rates
 */
function scale(rates) {
  const [least, most] = [Math.min(...rates) * 0.85, Math.max(...rates) * 1.15];
  const rounds = Array.from({ length: 12 }, (_, n) => n - 4).flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`)));
  const [from, to] = [rounds.findLast((each) => each <= least) ?? least, rounds.find((each) => each >= most) ?? most];
  const all = rounds.filter((each) => each >= from && each <= to);
  const ticks = all.length > 7 ? all.filter((each) => String(each).replace(/[0.]/g, '') === '1') : all;
  const perUnit = (track.to - track.from) / Math.log(to / from);
  const x = (/** @type {number} */ rate) => Math.round((track.from + perUnit * Math.log(rate / from)) * 10) / 10;
  return { x, ticks };
}
