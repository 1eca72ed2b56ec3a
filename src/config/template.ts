import { stringify } from 'yaml';
import { type SettingSchema, settingSchema } from './known-keys.js';

/** Settings by key, as they are written in the file. */
export interface TemplateValues {
  readonly [key: string]: string | number | boolean | null | readonly string[] | TemplateValues;
}

const LINE_WIDTH = 110;

const HEAD = `# sealdrop's configuration (YAML). Every setting stands here with its default and is explained above it.
# A line that begins with # and a blank explains. A setting right after its # is switched off; to use it, take
# the # away.
# Sizes: 100MiB, 512KiB. Times: 30s, 12h, 5d, or a number of milliseconds. Paths may be relative to this file.
`;

/**
 * The text of a configuration file that explains itself. `values` stand in it instead of the defaults and examples; an optional
 * section is switched on when it is named in them, and so is delivery.pickup when they name no way of delivery.
 */
export function configTemplate(values: TemplateValues = {}): string {
  const delivery = isSection(values.delivery) ? values.delivery : {};
  const shown = 'via' in delivery ? values : { ...values, delivery: { pickup: {}, ...delivery } };
  return `${HEAD}${sectionLines(settingSchema(), shown, '', true).join('\n')}\n`;
}

function sectionLines(section: SettingSchema, values: TemplateValues, indent: string, active: boolean): string[] {
  const properties = section.properties ?? {};
  const unknown = Object.keys(values).find((key) => !(key in properties));
  if (unknown !== undefined) throw new TypeError(`The configuration has no key ${unknown} here.`);
  return Object.entries(properties).flatMap(([key, setting]) => {
    const separator = indent === '' ? [''] : [];
    return [
      ...separator,
      ...prose(setting, indent),
      ...settingLines(key, setting, values[key], section.required?.includes(key) ?? false, indent, active),
    ];
  });
}

function settingLines(
  key: string,
  setting: SettingSchema,
  value: TemplateValues[string] | undefined,
  required: boolean,
  indent: string,
  active: boolean,
): string[] {
  if (setting.properties !== undefined) {
    const used = active && (value !== undefined || setting.default !== undefined);
    return [line(`${key}:`, indent, used), ...sectionLines(setting, isSection(value) ? value : {}, `${indent}  `, used)];
  }
  // An empty default shows nothing of how a value is written; an example does, switched off.
  const byDefault = isEmpty(setting.default) && setting.example !== undefined ? undefined : setting.default;
  const used = active && (value !== undefined || byDefault !== undefined || required);
  const written = [value, byDefault, setting.example].find((one) => one !== undefined);
  const text = stringify({ [key]: written }, { lineWidth: 0 });
  return text
    .trimEnd()
    .split('\n')
    .map((written) => line(written, indent, used));
}

/** What is switched off keeps its place: only the # has to go. */
function line(written: string, indent: string, used: boolean): string {
  return `${indent}${used ? written : written.replace(/^ */, '$&#')}`;
}

function prose(setting: SettingSchema, indent: string): string[] {
  const choices = setting.enum !== undefined && setting.enum.length > 1 ? ` One of ${setting.enum.join(', ')}.` : '';
  return [
    ...wrap(`${setting.description ?? ''}${choices}`, `${indent}# `),
    ...(setting.items === undefined ? [] : itemProse(setting.items, indent, '')),
  ];
}

/** The keys of a list's items, explained above the list. */
function itemProse(item: SettingSchema, indent: string, prefix: string): string[] {
  return Object.entries(item.properties ?? {}).flatMap(([key, setting]) => {
    const name = `${prefix}${key}`;
    const own = setting.description === undefined ? [] : wrap(`- ${name}: ${setting.description}`, `${indent}#   `);
    return [...own, ...itemProse(setting, indent, `${name}.`)];
  });
}

function wrap(text: string, margin: string): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(' ')) {
    if (current !== '' && margin.length + current.length + word.length >= LINE_WIDTH) {
      lines.push(current);
      current = '';
    }
    current = current === '' ? word : `${current} ${word}`;
  }
  return [...lines, current].map((written) => `${margin}${written}`);
}

function isSection(value: TemplateValues[string] | undefined): value is TemplateValues {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}
