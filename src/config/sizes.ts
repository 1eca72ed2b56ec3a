const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  tb: 1000 ** 4,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
};

const DURATION_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  ms: 1,
  s: 1000,
  second: 1000,
  seconds: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
};

/** Bytes: `100MiB`, `512 KiB`, `5GB`, `1.5GiB`, or a plain number. undefined when it is not a size. */
export function parseSize(value: string | number): number | undefined {
  return inUnits(value, SIZE_UNITS);
}

/** Milliseconds: `5d`, `12h`, `30s`, `5 days`, `500ms`, or a plain number. undefined when it is not a duration. */
export function parseDuration(value: string | number): number | undefined {
  return inUnits(value, DURATION_UNITS);
}

/** A size for people, exact: the largest unit that divides it. */
export function sizeWords(sizeBytes: number): string {
  const unit = (['TiB', 'GiB', 'MiB', 'KiB'] as const).find((name) => sizeBytes % (SIZE_UNITS[name.toLowerCase()] ?? 1) === 0);
  return unit === undefined || sizeBytes === 0 ? `${sizeBytes} bytes` : `${sizeBytes / (SIZE_UNITS[unit.toLowerCase()] ?? 1)}${unit}`;
}

/** A duration for people, exact: the largest unit that divides it. */
export function durationWords(durationMs: number): string {
  const unit = (['d', 'h', 'm', 's'] as const).find((name) => durationMs % (DURATION_UNITS[name] ?? 1) === 0);
  return unit === undefined || durationMs === 0 ? `${durationMs}ms` : `${durationMs / (DURATION_UNITS[unit] ?? 1)}${unit}`;
}

function inUnits(value: string | number, units: Readonly<Record<string, number>>): number | undefined {
  const [, digits = '', unit = ''] = /^(\d{1,16}(?:\.\d{1,3})?) ?([a-z]*)$/i.exec(String(value)) ?? [];
  const factor = Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined;
  if (digits === '' || factor === undefined) return undefined;
  const total = Math.round(Number(digits) * factor);
  return Number.isSafeInteger(total) ? total : undefined;
}
