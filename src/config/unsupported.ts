import type { KeyPath } from './fault.js';

// What the documentation's map of the configuration holds and this version cannot do yet. Accepting it would promise something.

const KEYS: ReadonlySet<string> = new Set(['rules[].delivery.fallback']);

const VALUES: Readonly<Record<string, readonly string[]>> = {
  'archive.compress': ['zstd'],
  'delivery.pickup.profile': ['exchange-pickup', 'xmail'],
};

export function isUnsupportedKey(path: KeyPath): boolean {
  return KEYS.has(anyIndex(path));
}

export function isUnsupportedValue(path: KeyPath, value: unknown): boolean {
  return typeof value === 'string' && (VALUES[anyIndex(path)]?.includes(value) ?? false);
}

/** What cannot be, in any version, with what there is instead. */
export function impossibleText(path: KeyPath, value: unknown): string | undefined {
  return typeof value === 'string' ? IMPOSSIBLE[anyIndex(path)]?.[value] : undefined;
}

const IMPOSSIBLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'delivery.pickup.profile': {
    momentum:
      'momentum has no pickup directory that it reads; set delivery.via to smtp and delivery.smtp.host to one of its ESMTP listeners (deploy/momentum)',
  },
};

function anyIndex(path: KeyPath): string {
  return path.reduce<string>((name, key) => (typeof key === 'number' ? `${name}[]` : name === '' ? key : `${name}.${key}`), '');
}
