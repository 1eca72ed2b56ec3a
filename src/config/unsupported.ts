import type { KeyPath } from './fault.js';

// What the documentation's map of the configuration holds and this version cannot do yet. Accepting it would promise something.

const KEYS: ReadonlySet<string> = new Set(['rules[].archive', 'rules[].delivery.fallback']);

const VALUES: Readonly<Record<string, readonly string[]>> = {
  'archive.keepSealed': ['full', 'none'],
  'delivery.pickup.profile': ['momentum', 'iis', 'exchange-pickup', 'exchange-replay', 'mailerq', 'xmail'],
};

export function isUnsupportedKey(path: KeyPath): boolean {
  return KEYS.has(anyIndex(path));
}

export function isUnsupportedValue(path: KeyPath, value: unknown): boolean {
  return typeof value === 'string' && (VALUES[anyIndex(path)]?.includes(value) ?? false);
}

function anyIndex(path: KeyPath): string {
  return path.reduce<string>((name, key) => (typeof key === 'number' ? `${name}[]` : name === '' ? key : `${name}.${key}`), '');
}
