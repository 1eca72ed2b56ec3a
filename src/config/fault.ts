/** One thing wrong in a configuration file. */
export interface ConfigFault {
  /** From 1. */
  readonly line: number;
  /** The key in dotted form, `rules[0].when.to`. */
  readonly key: string;
  /** What is wrong; what to do. Never holds a secret: values are shown only where the key cannot hold one. */
  readonly text: string;
}

/** One thing wrong between keys that are each well-formed. */
export interface CrossFault {
  readonly path: KeyPath;
  readonly text: string;
}

export type KeyPath = readonly (string | number)[];

/** `['rules', 0, 'when', 'to']` as `rules[0].when.to`. */
export function keyWords(path: KeyPath): string {
  return path.reduce<string>((words, key) => {
    if (typeof key === 'number') return `${words}[${key}]`;
    return words === '' ? shown(key) : `${words}.${shown(key)}`;
  }, '');
}

/** Something from the file, fit to be shown on one line of a terminal or log. */
export function shown(text: string): string {
  const clean = text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{fffd}');
  return clean.length > 60 ? `${clean.slice(0, 57)}…` : clean;
}
