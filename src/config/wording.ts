import type { z } from 'zod';
import type { ConfigDocument, PlainValue } from './document.js';
import { type ConfigFault, type KeyPath, keyWords, shown } from './fault.js';
import { nearest } from './nearest.js';
import { unknownKeyText } from './unknown-key.js';
import { impossibleText, isUnsupportedValue } from './unsupported.js';

/** For `safeParse`: leaves the message empty where the schema has no words of its own, so that `issueFaults` finds them. */
export const NO_WORDS = { error: () => '' };

/** What one finding of the schema means to the person who wrote the file. */
export function issueFaults(issue: z.core.$ZodIssue, document: ConfigDocument, value: PlainValue): ConfigFault[] {
  const path = issuePath(issue, document);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => faultAt([...path, key], unknownKeyText([...path, key]), document));
  }
  const found = valueAt(value, path);
  if (found === undefined) return [faultAt(path, `is missing; ${cureOf(issue.message) ?? 'add it'}`, document)];
  const impossible = impossibleText(path, found);
  if (impossible !== undefined) return [faultAt(path, impossible, document)];
  if (isUnsupportedValue(path, found))
    return [faultAt(path, `${String(found)} is not supported by this version; use ${valuesOf(issue)}`, document)];
  return [faultAt(path, issue.message === '' ? wordsFor(issue, found) : issue.message, document)];
}

export function faultAt(path: KeyPath, text: string, document: ConfigDocument): ConfigFault {
  return { line: document.lineOf(path), key: path.length === 0 ? 'YAML' : keyWords(path), text };
}

/** undefined: there is nothing at this path. */
export function valueAt(value: PlainValue, path: KeyPath): PlainValue | undefined {
  let at: PlainValue | undefined = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    if (Array.isArray(at)) at = typeof key === 'number' ? at[key] : undefined;
    else at = Object.hasOwn(at, key) ? at[key] : undefined;
  }
  return at;
}

function wordsFor(issue: z.core.$ZodIssue, found: PlainValue): string {
  if (issue.code === 'invalid_value') {
    const allowed = issue.values.map(String);
    const meant = typeof found === 'string' ? nearest(found, allowed) : undefined;
    const what = typeof found === 'object' ? 'this value is not known' : `${shown(String(found))} is not known`;
    return meant === undefined ? `${what}; write ${valuesOf(issue)}` : `${what}; did you mean ${meant}? Known are ${allowed.join(', ')}`;
  }
  if (issue.code === 'invalid_type') return TYPE_WORDS[issue.expected] ?? TYPE_WORDS.object;
  return 'the value does not fit; see the file that "sealdrop init" writes';
}

const TYPE_WORDS: Readonly<Record<string, string>> & { readonly object: string } = {
  object: 'must be a section; indent its keys beneath it',
  boolean: 'must be true or false; write it without quotes',
};

function valuesOf(issue: z.core.$ZodIssue): string {
  return issue.code === 'invalid_value'
    ? issue.values
        .map(String)
        .join(', ')
        .replace(/, ([^,]*)$/, ' or $1')
    : 'another';
}

/** What follows the first semicolon of a message. */
function cureOf(message: string): string | undefined {
  const at = message.indexOf('; ');
  return at < 0 ? undefined : message.slice(at + 2);
}

/** A single text where a list is allowed too is checked as a list of one; its index never stood in the file. */
function issuePath(issue: z.core.$ZodIssue, document: ConfigDocument): KeyPath {
  const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
  return typeof path.at(-1) === 'number' && !document.has(path) ? path.slice(0, -1) : path;
}
