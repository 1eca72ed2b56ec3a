import { z } from 'zod';
import type { KeyPath } from './fault.js';
import { configSchema } from './schema.js';

/** The part of JSON Schema that the configuration's schema uses. */
export interface SettingSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  /** Ours, not JSON Schema's `examples`: those are taken to be values after transformation. */
  readonly example?: unknown;
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, SettingSchema>>;
  readonly items?: SettingSchema;
}

/** The configuration's schema as an operator meets it: what may be written, not what it is turned into. */
export function settingSchema(): SettingSchema {
  return SETTINGS;
}

/** The keys a section may have, in their order; none where any key is allowed. */
export function keysAt(path: KeyPath): string[] {
  return Object.keys(settingAt(path)?.properties ?? {});
}

/** Where, in dotted form, a section is that knows this key; '' is the top of the file. */
export function sectionsWith(key: string): string[] {
  return [...sections(SETTINGS, '')].filter(({ keys }) => keys.includes(key)).map(({ name }) => name);
}

const SETTINGS = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as SettingSchema;

function settingAt(path: KeyPath): SettingSchema | undefined {
  return path.reduce<SettingSchema | undefined>((at, key) => (typeof key === 'number' ? at?.items : at?.properties?.[key]), SETTINGS);
}

function* sections(setting: SettingSchema, name: string): Generator<{ name: string; keys: string[] }> {
  const properties = Object.entries(setting.properties ?? {});
  if (properties.length > 0) yield { name, keys: properties.map(([key]) => key) };
  for (const [key, inner] of properties) yield* sections(inner, name === '' ? key : `${name}.${key}`);
  if (setting.items !== undefined) yield* sections(setting.items, `${name}[]`);
}
