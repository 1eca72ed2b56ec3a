import { Buffer } from 'node:buffer';
import { box, line, pdf, text } from './pdf.mjs';
import { png } from './png.mjs';

const DAYS = 92; // 1 July to 30 September
const QUARTERS = 96; // of an hour, a day
const START = Date.UTC(2026, 6, 1);

/** Electricity drawn by an imagined campus in the third quarter of 2026: as CSV, as a picture and as a report. */
export function energyReport() {
  const readings = makeReadings();
  const days = Array.from({ length: DAYS }, (_, day) => summary(day, readings.slice(day * QUARTERS, (day + 1) * QUARTERS)));
  return { csv: csv(readings), picture: heatMap(readings), report: report(days) };
}

/** Per quarter hour: kilowatts for laboratories, cooling and offices. Working days have a noon peak, warm days need cooling. */
function makeReadings() {
  const noise = noiseSource(20260701);
  return Array.from({ length: DAYS * QUARTERS }, (_, n) => {
    const day = Math.floor(n / QUARTERS);
    const hour = (n % QUARTERS) / 4;
    const weekend = [0, 6].includes(new Date(START + day * 86_400_000).getUTCDay());
    const busy = Math.exp(-(((hour - 12.5) / 4) ** 2)) * (weekend ? 0.15 : 1);
    const warmth = Math.max(0, Math.sin((hour - 8) / 3.9)) * (0.6 + 0.4 * Math.sin((day - 10) / 9));
    return [210 + 160 * busy + 12 * noise(), 40 + 190 * Math.max(0, warmth) + 8 * noise(), 35 + 240 * busy + 10 * noise()];
  });
}

/** -1..1, always the same series for the same seed. */
function noiseSource(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

function summary(day, readings) {
  const totals = readings.map(([laboratories, cooling, offices]) => laboratories + cooling + offices);
  return {
    date: new Date(START + day * 86_400_000).toISOString().slice(0, 10),
    energyKwh: totals.reduce((sum, power) => sum + power / 4, 0),
    peakKw: Math.max(...totals),
    baseKw: Math.min(...totals),
  };
}

function csv(readings) {
  const lines = readings.map((values, n) => {
    const time = new Date(START + n * 900_000).toISOString().slice(0, 16);
    const total = values.reduce((sum, value) => sum + value, 0);
    // Cooling follows the weather, so the temperature can be told from it.
    const outdoor = Math.round(14 + values[1] / 14);
    return `${time},${[...values, total].map((value) => value.toFixed(1)).join(',')},${outdoor}\r\n`;
  });
  return Buffer.from(`time_utc,laboratories_kw,cooling_kw,offices_kw,total_kw,outdoor_c\r\n${lines.join('')}`);
}

/** One column a day, one row a quarter of an hour, dark for little and yellow for much. */
function heatMap(readings) {
  const cell = { width: 10, height: 7 };
  return png(DAYS * cell.width, QUARTERS * cell.height, (x, y) => {
    const reading = readings[Math.floor(x / cell.width) * QUARTERS + Math.floor(y / cell.height)];
    const load = Math.min(1, Math.max(0, (reading[0] + reading[1] + reading[2] - 250) / 650));
    return shade(load);
  });
}

function shade(load) {
  return [Math.round(30 + 225 * load), Math.round(20 + 200 * load ** 1.6), Math.round(90 - 60 * load)];
}

function report(days) {
  const pages = [];
  for (let first = 0; first < days.length; first += 31) pages.push(tablePage(days.slice(first, first + 31), pages.length + 1));
  return pdf([coverPage(days), ...pages]);
}

function coverPage(days) {
  const total = days.reduce((sum, { energyKwh }) => sum + energyKwh, 0);
  const peak = days.reduce((best, day) => (day.peakKw > best.peakKw ? day : best));
  const bars = days.map(({ energyKwh }, n) => box(60 + n * 5.1, 420, 4, energyKwh / 60, shade(energyKwh / 14_000)));
  return [
    text(60, 760, 22, 'Energy report, third quarter 2026', true),
    text(
      60,
      730,
      11,
      `Electricity used: ${Math.round(total)} kWh. Highest quarter-hour load: ${peak.peakKw.toFixed(0)} kW on ${peak.date}.`,
    ),
    text(60, 700, 11, 'Energy per day, July to September:'),
    ...bars,
    line(60, 420, 535, 420),
    text(60, 380, 9, 'Sample data for testing. The campus does not exist.'),
  ];
}

function tablePage(days, month) {
  const rows = days.flatMap(({ date, energyKwh, peakKw, baseKw }, n) => {
    const y = 730 - n * 21;
    const cells = [date, energyKwh.toFixed(1), peakKw.toFixed(1), baseKw.toFixed(1)];
    return [...cells.map((cell, column) => text(60 + column * 125, y, 10, cell)), line(60, y - 6, 535, y - 6)];
  });
  const titles = ['Day', 'Energy, kWh', 'Peak, kW', 'Base load, kW'];
  return [
    text(60, 780, 14, `Daily figures, page ${month}`, true),
    ...titles.map((title, n) => text(60 + n * 125, 755, 10, title, true)),
    ...rows,
  ];
}
